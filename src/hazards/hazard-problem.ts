import { findNearest } from '../lib/nearest.js';
import { type DialForm, kindOf, MAX_ROWS, readSpan } from './dials.js';
import { HAZARD_NAMES, type HazardName } from './hazards.js';
import { ALL, isOn, MARK, parseHazard, parseHazards, SEPARATOR, splitHazard } from './parse.js';

/** The reason why a text is not a hazard. */
export type HazardProblem = {
  /** The operator's text, trimmed. */
  readonly text: string;
  /** A hazard that the operator may have meant; undefined: it cannot be derived. */
  readonly meant: string | undefined;
  /** A text of the hazard that was named, or of another one. */
  readonly example: string;
} & (
  | { readonly problem: 'mark' | 'several' | 'all' | 'unnamed' | 'too-long' }
  | { readonly problem: 'name'; readonly name: string; readonly known: readonly string[] }
  | { readonly problem: 'form'; readonly form: DialForm; readonly given: string }
  | { readonly problem: 'rows'; readonly max: number }
);

const WORDS: readonly string[] = [...HAZARD_NAMES, ALL];
/** The hazard of an example where none is named. */
const USUAL: HazardName = 'rollback';

/** Words of the trade for some hazards. */
const ALIASES: Readonly<Record<string, HazardName>> = {
  '2pc': 'two-phase',
  xa: 'two-phase',
  prepared: 'two-phase',
  abort: 'rollback',
  subtransactions: 'savepoints',
  deadlocks: 'hot-keys',
  contention: 'hot-keys',
  toast: 'unchanged-toast',
  'primary-key': 'key-change',
  'pk-change': 'key-change',
  big: 'huge',
  large: 'huge',
  bulk: 'copy',
  idle: 'quiet',
  alter: 'ddl',
  schema: 'ddl',
  'schema-change': 'ddl',
};

/** Marks between a name and its dial, besides `=`. */
const LOOSE = /^([^:=]+?)\s*[:=]\s*(.*)$/s;
/** A name and the number after it: `rollback 5%`, `huge 1000/30s`. */
const SPACED = /^(\D*[a-z])[\s(]+([\d.].*?)\)?$/is;
/** Between hazards of a list, besides the comma. */
const BETWEEN = /\s*[;|]\s*|\s+(?:and|e)\s+|\s+/i;

/** Finds out why `parseHazard` does not understand a text. */
export function findHazardProblem(given: string): HazardProblem {
  const text = given.trim();
  const { name: word, value } = splitHazard(text);
  const name = HAZARD_NAMES.find((known) => known === word.toLowerCase());
  const base = { text, meant: guess(text), example: exampleOf(name ?? USUAL) };
  if (word.toLowerCase() === ALL) return { ...base, problem: 'all' };
  if (name === undefined) {
    const several = text.split(BETWEEN).join(SEPARATOR);
    if (several !== text && parseHazards(several) !== undefined) {
      return { ...base, problem: 'several', meant: several };
    }
    const [, first = ''] = LOOSE.exec(text) ?? SPACED.exec(text) ?? [];
    const isNamed = WORDS.includes(first.toLowerCase());
    if (isNamed && value === undefined) return { ...base, problem: 'mark' };
    return { ...base, problem: 'name', name: word === '' ? text : word, known: WORDS };
  }
  return { ...base, ...valueProblem(name, value ?? '') };
}

type ValueProblem =
  | { readonly problem: 'unnamed' | 'too-long' }
  | { readonly problem: 'form'; readonly form: DialForm; readonly given: string }
  | { readonly problem: 'rows'; readonly max: number };

function valueProblem(name: HazardName, value: string): ValueProblem {
  const { form } = kindOf(name);
  const [left = '', right = ''] = value.split('/').map((part) => part.trim());
  const isSound = (span: string) => readSpan(span) !== undefined;
  const isUnnamed = left === '' || isOn(left) || isSound(left);
  if (form === 'publication' && isUnnamed) return { problem: 'unnamed' };
  if (form === 'spell' && isSound(left) && isSound(right)) return { problem: 'too-long' };
  const isCount = /^\d+$/.test(left);
  const isOfRange = Number(left) >= 1 && Number(left) <= MAX_ROWS;
  if (form === 'rows' && isCount && (isSound(right) || !isOfRange)) {
    return { problem: 'rows', max: MAX_ROWS };
  }
  return { problem: 'form', form, given: value };
}

function exampleOf(name: HazardName): string {
  return `${name}${MARK}${kindOf(name).example}`;
}

/** A hazard from a text that nearly is one; undefined: none can be derived. */
function guess(text: string): string | undefined {
  for (const [word, value] of readings(text)) {
    for (const name of namesLike(word)) {
      if (value === '') {
        if (parseHazard(name) !== undefined) return name;
        continue;
      }
      const values = name === ALL ? [] : kindOf(name as HazardName).guesses(value);
      const found = [value, ...values].find(
        (candidate) => parseHazard(`${name}${MARK}${candidate}`) !== undefined,
      );
      if (found !== undefined) return `${name}${MARK}${found}`;
      if (isNothing(value) && name !== ALL) return `${name}${MARK}off`;
      if (name === ALL) return ALL;
    }
  }
  return undefined;
}

/** The ways to read a text as a name and the text of a dial, which may be empty. */
function readings(text: string): readonly (readonly [name: string, value: string])[] {
  const found = [LOOSE.exec(text), SPACED.exec(text)].flatMap((match) =>
    match === null ? [] : [[match[1]!.trim(), match[2]!.trim()] as const],
  );
  return found.length > 0 ? found : [[text, '']];
}

/** Words for nothing at all, as a dial. */
function isNothing(value: string): boolean {
  return /^(0+([.,]0*)?\s*%?|no|none|never|nunca|não|nao)$/i.test(value);
}

/** A word of so many letters is meant by a longer one that begins with it. */
const LONG_WORD = 4;

/** Hazards that exist, for a name that may not, the likeliest first. */
function namesLike(word: string): string[] {
  const name = word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
  const alias = ALIASES[name] ?? ALIASES[name.replace(/s$/, '')];
  const alike = WORDS.filter(
    (known) =>
      known === name ||
      (name.length >= LONG_WORD && (known.startsWith(name) || name.startsWith(known))),
  );
  const nearest = findNearest(name, WORDS);
  return [
    ...alike.filter((known) => known === name),
    ...(alias === undefined ? [] : [alias]),
    ...alike,
    ...(nearest === undefined ? [] : [nearest]),
  ];
}
