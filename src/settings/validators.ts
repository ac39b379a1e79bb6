import * as v from 'valibot';
import type { Sentence } from '../errors.js';
import { HAZARD_NAMES } from '../hazards/hazards.js';
import { ALL, type HazardChoices, parseHazards } from '../hazards/parse.js';
import { guessNumber, guessShare, guessSize, guessSpan } from '../lib/guesses.js';
import { findNearest } from '../lib/nearest.js';
import { parseSpan } from '../lib/span.js';
import { UNITS } from '../lib/units.js';
import { parseStage, STAGE_EXAMPLES, type Stage } from '../load/stages.js';
import type { Metrics } from '../report/metrics.js';
import { parseThreshold, type Threshold } from '../report/thresholds.js';
import { MAX_NAME_LENGTH, slugOf } from '../runs/name.js';
import { parseSource, SOURCE_FORMS, type SourceSpec } from '../sources/source-spec.js';
import {
  hazardProblems,
  sourceProblems,
  splitParts,
  stageProblems,
  thresholdProblems,
} from './problems.js';
import { withoutPassword } from './url-password.js';

/*
 * Valibot reads and checks; its issues are not shown, since a sentence here names the place of the value and what
 * is allowed, in two languages. Words keep a function of their own: `v.picklist` distinguishes upper and lower case.
 */

/**
 * The values that an option takes. Every source (flag, environment, file) is brought to the text that
 * an operator could have typed, so one schema serves them all.
 */
export interface Validator<T> {
  readonly schema: v.GenericSchema<string, T>;
  /** Describes the values that the schema accepts. */
  readonly allowed: Sentence;
  /** Texts that an operator may have meant by one that the schema refuses; the schema may refuse them too. */
  readonly guesses?: (given: string) => readonly string[];
  /** Sentences on a value that the schema refused, if they can say more than `allowed`; empty: they cannot. */
  readonly problems?: (where: Sentence, given: string) => readonly Sentence[];
  /** The value is a path, to be made absolute from the working directory. */
  readonly isPath?: true;
  /** Words that are values, besides others or not: a shell offers them. */
  readonly words?: readonly string[];
  /** Several of the words may be given, separated by commas. */
  readonly isList?: true;
}

/** The sentence on a value that a validator refuses, with the one that may be meant; a secret is not shown. */
export function invalid(
  { schema, allowed, guesses }: Validator<unknown>,
  { where, text }: { readonly where: Sentence; readonly text: string },
  isSecret: boolean,
): Sentence {
  const meant = isSecret ? undefined : guesses?.(text).find((guess) => v.is(schema, guess));
  const shown = isSecret ? '***' : withoutPassword(text);
  return (messages) => messages.settings.invalid(where(messages), shown, allowed(messages), meant);
}

/** Plain digits: `1e9` and `0x10` are typing errors more often than they are meant. */
const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
/** Before bytes in hexadecimal, in the connector's `unavailable.value.placeholder`. */
const BYTES_PREFIX = 'hex:';

const trimmed = v.pipe(v.string(), v.trim());

/** Any text; empty means "not set". */
export const text: Validator<string> = {
  schema: trimmed,
  allowed: (messages) => messages.settings.allowed.text(),
};

/** Text taken exactly as it was given, blanks included. */
export const secretText: Validator<string> = { ...text, schema: v.string() };

/** Text that must not be empty. */
export const nonEmptyText: Validator<string> = {
  schema: v.pipe(trimmed, v.nonEmpty()),
  allowed: (messages) => messages.settings.allowed.nonEmptyText(),
};

/** Accepts the same, and nothing at all, which gives null. */
export function optional<T>(validator: Validator<T>): Validator<T | null> {
  const none = v.pipe(
    trimmed,
    v.empty(),
    v.transform(() => null),
  );
  return { ...validator, schema: v.union([none, validator.schema]) };
}

/** Accepts the same, and gives null for `empty`, which means "not set" or "no limit". */
export function orNull<T, const E extends T>(
  validator: Validator<T>,
  empty: E,
): Validator<Exclude<T, E> | null> {
  const isSet = (value: T): value is Exclude<T, E> => value !== empty;
  return {
    ...validator,
    schema: v.pipe(
      validator.schema,
      v.transform((value) => (isSet(value) ? value : null)),
    ),
  };
}

/** An absolute path; null where it is empty. */
export const path: Validator<string | null> = { ...optional(text), isPath: true };

/** The absolute path of a folder. */
export const folder: Validator<string> = { ...nonEmptyText, isPath: true };

/** A host with a port, which is another setting; an IPv6 address has more colons. */
const HOST_AND_PORT = /^([^\s,@:/]+):\d+$/;

/** One host name, address or socket folder; empty means "not set". Lists of hosts, ports and URLs are refused. */
export const host: Validator<string> = {
  schema: v.pipe(
    trimmed,
    v.regex(/^(\/.*|[^\s,@/]*)$/),
    v.check((given) => !HOST_AND_PORT.test(given)),
  ),
  allowed: (messages) => messages.settings.allowed.host(),
  guesses: (given) => [HOST_AND_PORT.exec(given.trim())?.[1] ?? ''].filter((name) => name !== ''),
};

/** A whole number, both ends included. */
export function integer(min: number, max: number): Validator<number> {
  return {
    schema: v.pipe(
      trimmed,
      v.regex(INTEGER),
      v.transform(Number),
      v.safeInteger(),
      v.minValue(min),
      v.maxValue(max),
    ),
    allowed: (messages) => messages.settings.allowed.integer(min, max),
    guesses: guessNumber,
  };
}

/** A whole number of milliseconds, from 0. */
export function milliseconds(max: number): Validator<number> {
  return {
    ...integer(0, max),
    allowed: (messages) => messages.settings.allowed.milliseconds(max),
    guesses: (given) => [
      ...guessSpan(given).map((span) => String(1000 * (parseSpan(span) ?? Number.NaN))),
      ...guessNumber(given),
    ],
  };
}

/** A decimal number from `min` (excluded when `above`) to `max`. */
export function decimal(min: number, max: number, { above = false } = {}): Validator<number> {
  return {
    schema: v.pipe(
      trimmed,
      v.regex(DECIMAL),
      v.transform(Number),
      above ? v.gtValue(min) : v.minValue(min),
      v.maxValue(max),
    ),
    allowed: (messages) =>
      above
        ? messages.settings.allowed.above(min, max)
        : messages.settings.allowed.decimal(min, max),
    guesses: max === 1 ? guessShare : guessNumber,
  };
}

/** A span of time, in seconds: a bare number is seconds; `500ms`, `20s`, `5m` and `1h` work too. */
export function seconds(max: number): Validator<number> {
  return {
    schema: v.pipe(trimmed, v.transform(parseSpan), v.number(), v.maxValue(max)),
    allowed: (messages) => messages.settings.allowed.seconds(max),
    guesses: guessSpan,
  };
}

/** An age in seconds, given with its unit: a bare number would be days to some, and runs are deleted by it. */
export function age(max: number): Validator<number> {
  const inSeconds = (given: string) => {
    const [, number = '', unit = ''] = AGE.exec(given) ?? [];
    return Number(number) * (SECONDS_PER_UNIT.get(unit) ?? Number.NaN);
  };
  return {
    schema: v.pipe(trimmed, v.transform(inSeconds), v.number(), v.maxValue(max)),
    allowed: (messages) => messages.settings.allowed.age(),
  };
}

const AGE = /^(\d+)([a-z])$/;
const SECONDS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** The name of a run, which its folder's name can hold; null where it is empty. */
export const runName = optional<string>({
  schema: v.pipe(
    trimmed,
    v.check((given) => slugOf(given) !== null),
  ),
  allowed: (messages) => messages.settings.allowed.runName(MAX_NAME_LENGTH),
});

/** One of a few words, upper or lower case. */
export function oneOf<const T extends string>(words: readonly T[]): Validator<T> {
  return {
    schema: v.pipe(
      trimmed,
      v.transform((given) => findWord(words, given)),
      v.picklist(words),
    ),
    allowed: (messages) => messages.settings.allowed.oneOf(words),
    guesses: (given) => guessWord(words, given),
    words,
  };
}

/** Words separated by commas, duplicates removed; empty means none. */
export function listOf<const T extends string>(words: readonly T[]): Validator<readonly T[]> {
  return {
    schema: v.pipe(
      trimmed,
      v.transform((given) => splitList(given).map((part) => findWord(words, part))),
      v.array(v.picklist(words)),
      v.transform((chosen) => [...new Set(chosen)]),
    ),
    allowed: (messages) => messages.settings.allowed.listOf(words),
    words,
    isList: true,
    guesses: (given) => [
      given
        .split(LIST_MARKS)
        .map((word) => guessWord(words, word)[0] ?? word)
        .join(','),
    ],
  };
}

/** `name=number` pairs separated by commas, one at least above 0. Names may be left out. */
export function weights(names: readonly string[]): Validator<Readonly<Record<string, number>>> {
  return {
    schema: parsed((given) => {
      const shares: Record<string, number> = {};
      for (const pair of splitList(given)) {
        const [left = '', right = '', ...rest] = pair.split('=').map((part) => part.trim());
        const name = findWord(names, left);
        if (name === undefined || rest.length > 0 || !DECIMAL.test(right)) return undefined;
        shares[name] = Number(right);
      }
      const all = Object.values(shares);
      const isSound = all.every((share) => share >= 0) && all.some((share) => share > 0);
      return isSound ? shares : undefined;
    }),
    allowed: (messages) => messages.settings.allowed.weights(names),
    guesses: (given) => [
      given
        .split(LIST_MARKS)
        .map((pair) => {
          const [name = '', weight = ''] = pair.split(/\s*[:=]\s*/);
          return `${guessWord(names, name)[0] ?? name}=${guessNumber(weight)[0] ?? weight}`;
        })
        .join(','),
    ],
  };
}

const YES = /^(1|on|yes|y|sim|s|t|verdadeiro)$/i;
const NO = /^(0|off|no|n|não|nao|f|falso)$/i;

/** `true` or `false`. */
export const flag: Validator<boolean> = {
  schema: v.pipe(
    oneOf(['true', 'false']).schema,
    v.transform((word) => word === 'true'),
  ),
  allowed: (messages) => messages.settings.allowed.oneOf(['true', 'false']),
  words: ['true', 'false'],
  guesses: (given) => {
    if (YES.test(given.trim())) return ['true'];
    return NO.test(given.trim()) ? ['false'] : guessWord(['true', 'false'], given);
  },
};

/** A number above zero, or one of a few words. */
export function rateOr<const T extends string>(
  words: readonly T[],
  max: number,
): Validator<T | number> {
  const rate = decimal(0, max, { above: true }).schema;
  return {
    schema: v.union([oneOf(words).schema, rate]),
    allowed: (messages) => messages.settings.allowed.rate(words, max),
    words,
    guesses: (given) => [...guessNumber(given), ...guessWord(words, given)],
  };
}

/** Load shapes one after the other, separated by semicolons; empty means none. */
export function stages(maxSeconds: number): Validator<readonly Stage[]> {
  return {
    schema: parsed((given) => {
      const parts = splitParts(given).map(parseStage);
      const understood = parts.filter((stage) => stage !== undefined);
      const total = understood.reduce((sum, stage) => sum + stage.seconds, 0);
      return understood.length === parts.length && total <= maxSeconds ? understood : undefined;
    }),
    allowed: (messages) => messages.settings.allowed.stages(STAGE_EXAMPLES, maxSeconds),
    problems: (where, given) => {
      const problems = stageProblems(where, given);
      if (problems.length > 0) return problems;
      const total = splitParts(given).reduce((sum, part) => sum + parseStage(part)!.seconds, 0);
      return [(m) => m.settings.stagesTooLong(where(m), total, maxSeconds)];
    },
  };
}

/** Examples for the sentence on what is allowed. */
const HAZARD_EXAMPLES = ['rollback=5%', 'huge=100000/30s', 'ddl'] as const;

/** Hazards separated by commas, with their dials or without; empty means none. */
export const hazards: Validator<HazardChoices> = {
  schema: parsed(parseHazards),
  allowed: (messages) => messages.settings.allowed.hazards(HAZARD_EXAMPLES, HAZARD_NAMES, ALL),
  problems: hazardProblems,
  words: [...HAZARD_NAMES, ALL],
  isList: true,
};

/** Texts, one a line, blanks included; empty lines are ignored. `hex:…` is refused: it stands for bytes, not text. */
export const lines: Validator<readonly string[]> = {
  schema: v.pipe(
    v.string(),
    v.transform((given) => given.split('\n').filter((line) => line !== '')),
    v.check((found) => !found.some((line) => line.startsWith(BYTES_PREFIX))),
  ),
  allowed: (messages) => messages.settings.allowed.lines(),
};

/** Where change events come from; empty means "not set". */
export const source: Validator<SourceSpec | null> = {
  schema: parsed((given) => (given === '' ? null : parseSource(given))),
  allowed: (messages) => messages.settings.allowed.source(SOURCE_FORMS),
  problems: sourceProblems,
};

/** Bytes, with their unit: `128MB`. */
export function bytes(min: number, max: number): Validator<number> {
  const inBytes = (given: string) => {
    const [, number = '', unit = ''] = SIZE.exec(given) ?? [];
    return Number(number) * (UNITS.bytes.get(unit) ?? Number.NaN);
  };
  return {
    schema: v.pipe(trimmed, v.transform(inBytes), v.number(), v.minValue(min), v.maxValue(max)),
    allowed: (messages) => messages.settings.allowed.bytes(sizeText(min), sizeText(max)),
    guesses: guessSize,
  };
}

const SIZE = /^(\d+(?:\.\d+)?) ?([a-zA-Z]+)$/;
const MEGABYTE = 1024 ** 2;

function sizeText(size: number): string {
  return `${size / MEGABYTE}MB`;
}

/** A day that exists, `YYYY-MM-DD`; `today` is that of the moment, UTC. */
export const day: Validator<string> = {
  schema: v.pipe(
    trimmed,
    v.transform((given) => (given.toLowerCase() === 'today' ? isoDay(new Date()) : given)),
    v.isoDate(),
    // The parser reads 30 February as 2 March.
    v.check((given) => isoDay(new Date(given)) === given),
  ),
  allowed: (messages) => messages.settings.allowed.day(),
  guesses: guessDay,
};

/** The day that a text of another order means: `20240229`, `2024/2/29`, and `29/02/2024` as Brazilians write it. */
function guessDay(given: string): string[] {
  const text = given.trim();
  if (/^(now|hoje|agora)$/i.test(text)) return ['today'];
  const [, year = '', month = '', date = ''] =
    /^(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(?:[T ].*)?$/.exec(text) ?? [];
  const [, first = '', second = '', last = ''] =
    /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text) ?? [];
  const orders = [
    [year, month, date],
    [last, second, first],
    [last, first, second],
  ];
  return orders.map(
    ([y = '', m = '', d = '']) => `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`,
  );
}

function isoDay(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10);
}

/** Examples for the sentence on what is allowed. */
const THRESHOLD_EXAMPLES = [
  'response.p99<250ms',
  'rate_error<1%',
  'slot.cdc.retained<2GB',
] as const;

/** Thresholds separated by semicolons; empty means none. */
export function thresholds(metrics: Metrics): Validator<readonly Threshold[]> {
  return {
    schema: parsed((given) => {
      const read = splitParts(given).map((part) => parseThreshold(part, metrics));
      const understood = read.filter((part): part is Threshold => !('problem' in part));
      return understood.length === read.length ? understood : undefined;
    }),
    allowed: (messages) => messages.settings.thresholdAllowed(THRESHOLD_EXAMPLES),
    problems: (where, given) => thresholdProblems(where, given, metrics),
  };
}

/** A schema from a parser that returns undefined for text that it does not understand. */
export function parsed<T>(parse: (given: string) => T | undefined): v.GenericSchema<string, T> {
  return v.pipe(
    trimmed,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue();
      return NEVER;
    }),
  );
}

function findWord<T extends string>(words: readonly T[], given: string): T | undefined {
  return words.find((word) => word.toLowerCase() === given.toLowerCase());
}

/** A word of so many letters is meant by a longer one that begins with it: `exames`, `portuguese`. */
const LONG_WORD = 4;

/** The word that is most similar to a text, or begins with it, or that it begins with. */
function guessWord(words: readonly string[], given: string): string[] {
  const text = given.trim().toLowerCase();
  if (text === '') return [];
  const alike = words.filter((word) => {
    const known = word.toLowerCase();
    return known.startsWith(text) || (known.length >= LONG_WORD && text.startsWith(known));
  });
  return [...alike, ...[findNearest(text, words)].filter((word) => word !== undefined)];
}

const LIST_MARKS = /\s*[,;|\s]\s*/;

function splitList(given: string): string[] {
  return given === '' ? [] : given.split(',').map((part) => part.trim());
}
