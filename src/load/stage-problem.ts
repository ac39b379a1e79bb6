import { guessNumber, guessSpan } from '../lib/guesses.js';
import { findNearest } from '../lib/nearest.js';
import { parseSpan } from '../lib/span.js';
import { SHAPES } from './shapes/index.js';
import { MAX_EVENTS_PER_SECOND, parseRate, type Shape } from './shapes/shape.js';
import { parseStage } from './stages.js';

/** The reason why a text is not a stage. */
export type StageProblem = {
  /** The operator's text, trimmed. */
  readonly text: string;
  /** A stage that the operator may have meant; undefined: it cannot be derived. */
  readonly meant: string | undefined;
  /** A stage of the shape that was named, or of another one, with the duration that was typed if it is one. */
  readonly example: string;
} & (
  | { readonly problem: 'form' | 'several' | 'no-duration' | 'no-time' | 'negative' }
  | { readonly problem: 'shape'; readonly shape: string; readonly known: readonly string[] }
  | { readonly problem: 'duration' | 'number'; readonly given: string }
  | { readonly problem: 'too-high'; readonly max: number }
  | { readonly problem: 'rates'; readonly shape: string; readonly rates: Shape['rates'] }
);

/** Stands for a duration that was not typed. */
const SOME_DURATION = '60s';

const NAMES: readonly string[] = SHAPES.map(({ name }) => name);
/** The shape of an example where none is named. */
const USUAL_SHAPE = SHAPES.find(({ rates }) => rates === 'range')!;

/** `shape:rates/duration`, also with another mark than the colon. */
const LOOSE = /^([a-z]+)\s*([:=\s])\s*(.*)$/isu;
/** Rates and a duration after the last slash; `100/s` is no duration. */
const SLASHED = /^(.*)\/([^/]*)$/su;
/** Rates and a duration with a unit after another mark. */
const UNSLASHED = /^(.*?)\s*(?:[\s,:@]|\bfor\b)\s*(\d[\d.]*\s*(?:ms|s|sec|m|min|h))$/isu;
/** The beginning of a second stage after another mark than the semicolon. */
const NEXT_STAGE = new RegExp(`[\\s,|]+(?=(?:${NAMES.join('|')}):)`, 'gi');
const NEGATIVE = /(^|\.\.|,)\s*-\s*\d/;

interface Parts {
  /** undefined: no shape was named. */
  readonly shape: string | undefined;
  /** Between shape and rates; empty where no shape was named. */
  readonly mark: string;
  readonly rates: string;
  /** undefined: there is none. */
  readonly duration: string | undefined;
}

/** Finds out why `parseStage` does not understand a text. */
export function findStageProblem(given: string): StageProblem {
  const text = given.trim();
  const parts = split(text);
  const { rates, duration = '' } = parts;
  const shape = SHAPES.find(({ name }) => name === parts.shape?.toLowerCase());
  const seconds = parseSpan(duration) ?? 0;
  const { name, example } = shape ?? USUAL_SHAPE;
  const base = {
    text,
    meant: guess(parts),
    example: `${name}:${example}/${seconds > 0 ? duration : SOME_DURATION}`,
  };
  const several = text.replaceAll(NEXT_STAGE, '; ');
  if (several !== text) {
    const isRight = several.split(';').every((part) => parseStage(part) !== undefined);
    return { ...base, problem: 'several', meant: isRight ? several : undefined };
  }
  if (parts.shape === undefined) return { ...base, problem: 'form' };
  if (shape === undefined) {
    return { ...base, problem: 'shape', shape: parts.shape, known: NAMES };
  }
  if (parts.mark !== ':') return { ...base, problem: 'form' };
  if (duration === '') return { ...base, problem: 'no-duration' };
  if (parseSpan(duration) === undefined) return { ...base, problem: 'duration', given: duration };
  if (seconds === 0) return { ...base, problem: 'no-time' };
  if (NEGATIVE.test(rates)) return { ...base, problem: 'negative' };
  const isTooHigh = (rates.match(/\d+/g) ?? []).some((all) => Number(all) > MAX_EVENTS_PER_SECOND);
  if (isTooHigh) return { ...base, problem: 'too-high', max: MAX_EVENTS_PER_SECOND };
  const wrong = wrongNumber(shape, rates);
  if (wrong !== undefined) return { ...base, problem: 'number', given: wrong };
  return { ...base, problem: 'rates', shape: name, rates: shape.rates };
}

/** The rate that is not a number, where the rates have the form of the shape. */
function wrongNumber({ rates: form }: Shape, text: string): string | undefined {
  const [head = ''] = text.split(',');
  const parts = {
    one: text.includes('..') ? [] : [text],
    range: text.split(/(?<!\.)\.\.(?!\.)/),
    list: text.includes('..') ? [] : text.split(','),
    burst: head.split('..'),
  }[form];
  const isWhole = form === 'one' || form === 'list' || parts.length === 2;
  return isWhole ? parts.find((part) => parseRate(part) === undefined)?.trim() : undefined;
}

function split(text: string): Parts {
  const [, shape, mark = '', rest = text] = LOOSE.exec(text) ?? [];
  const [, rates, duration] = SLASHED.exec(rest) ?? UNSLASHED.exec(rest) ?? [];
  // `100/s` at the end is a rate.
  if (rates === undefined || (duration === 's' && /\d\s*$/.test(rates))) {
    return { shape, mark, rates: rest.trim(), duration: undefined };
  }
  return { shape, mark, rates: rates.trim(), duration: duration?.trim() };
}

/** A stage from parts that nearly are one; undefined: none can be derived. */
function guess({ shape: word, rates, duration = '' }: Parts): string | undefined {
  const name = word === undefined ? undefined : findNearest(word, NAMES);
  const named = SHAPES.filter((shape) => word === undefined || shape.name === name);
  // `constant:100..2000` has the rates of a ramp.
  const shapes = name === 'constant' ? [...named, USUAL_SHAPE] : named;
  const spans = duration === '' ? [SOME_DURATION] : [duration, ...guessSpan(duration)];
  for (const shape of shapes) {
    for (const candidate of [rates, ...ratesFor(shape, rates)]) {
      for (const span of spans) {
        const text = `${shape.name}:${candidate}/${span}`;
        if (parseStage(text) !== undefined) return text;
      }
    }
  }
  return undefined;
}

/** Marks between two rates, besides `..`. */
const BETWEEN = /\s*(?:\.{2,}|…|-+>|-|–|—|→|\bto\b|\bate\b|\baté\b|,|;|:|\s)\s*/iu;

/** Texts of rates in the form that a shape takes. */
function ratesFor({ rates: form }: Shape, text: string): string[] {
  const bare = text.replaceAll(/\s*\/\s*s\b/g, '');
  switch (form) {
    case 'one':
      return guessNumber(bare);
    case 'range':
      return range(bare);
    case 'list':
      return [numbers(bare, bare.includes('..') ? /\.{2,}|…/ : /[,;\s]+/).join(',')];
    case 'burst': {
      const [rates = '', ...times] = bare.split(/\s*[,;]\s*/);
      const [length, period, ...rest] = times.map((time) => guessSpan(time)[0] ?? time);
      if (length === undefined || period === undefined || rest.length > 0) return [];
      const ranges = [rates, ...range(rates)];
      return ranges.flatMap((one) => [`${one},${length},${period}`, `${one},${period},${length}`]);
    }
  }
}

function range(text: string): string[] {
  const found = numbers(text, /\.{2,}|…/.test(text) ? /\.{2,}|…/ : BETWEEN);
  return found.length === 2 ? [found.join('..')] : [];
}

function numbers(text: string, separator: RegExp): string[] {
  return text.split(separator).map((part) => guessNumber(part)[0] ?? part);
}
