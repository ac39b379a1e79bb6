import * as v from 'valibot';
import { UNITS } from '../lib/units.js';
import { parseSpan } from '../load/shapes/shape.js';
import { parseStage, STAGE_EXAMPLES, type Stage } from '../load/stages.js';
import type { Messages } from '../messages/index.js';
import {
  hasCredentials,
  parseSource,
  SOURCE_FORMS,
  type SourceSpec,
} from '../sources/source-spec.js';

/** A sentence, or a part of one, in whichever language it is asked for. */
export type Told = (messages: Messages) => string;

/**
 * What values an option takes. Every source (flag, environment, file) is brought to the text that
 * an operator could have typed, so one schema serves them all.
 */
export interface Kind<T> {
  readonly schema: v.GenericSchema<string, T>;
  /** What the schema lets through, in words. */
  readonly allowed: Told;
  /** Sentences on a value that the schema did not take, where they can say more than `allowed`; empty: they can't. */
  readonly problems?: (where: Told, given: string) => readonly Told[];
}

/** Plain digits: `1e9` and `0x10` are typing errors more often than they are meant. */
const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
/** Before bytes in hexadecimal, in the connector's `unavailable.value.placeholder`. */
const BYTES_PREFIX = 'hex:';
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

const trimmed = v.pipe(v.string(), v.trim());

/** Any text; empty means "not set". */
export const text: Kind<string> = {
  schema: trimmed,
  allowed: (messages) => messages.config.allowed.text(),
};

/** Text taken exactly as it was given, blanks included. */
export const secretText: Kind<string> = { ...text, schema: v.string() };

/** Text that must not be empty. */
export const nonEmptyText: Kind<string> = {
  schema: v.pipe(trimmed, v.nonEmpty()),
  allowed: (messages) => messages.config.allowed.nonEmptyText(),
};

/** One host name, address or socket folder; empty means "not set". Lists of hosts are refused. */
export const host: Kind<string> = {
  schema: v.pipe(trimmed, v.regex(/^(\/.*|[^\s,@]*)$/)),
  allowed: (messages) => messages.config.allowed.host(),
};

/** A whole number, both ends included. */
export function integer(min: number, max: number): Kind<number> {
  return {
    schema: v.pipe(
      trimmed,
      v.regex(INTEGER),
      v.transform(Number),
      v.safeInteger(),
      v.minValue(min),
      v.maxValue(max),
    ),
    allowed: (messages) => messages.config.allowed.integer(min, max),
  };
}

/** A decimal number from `min` (left out when `above`) to `max`. */
export function decimal(min: number, max: number, { above = false } = {}): Kind<number> {
  return {
    schema: v.pipe(
      trimmed,
      v.regex(DECIMAL),
      v.transform(Number),
      above ? v.gtValue(min) : v.minValue(min),
      v.maxValue(max),
    ),
    allowed: (messages) =>
      above ? messages.config.allowed.above(min, max) : messages.config.allowed.decimal(min, max),
  };
}

/** A span of time, in seconds: a bare number is seconds; `500ms`, `20s`, `5m` and `1h` work too. */
export function seconds(max: number): Kind<number> {
  return {
    schema: parsed((given) => {
      const span = parseSpan(given);
      return span !== undefined && span <= max ? span : undefined;
    }),
    allowed: (messages) => messages.config.allowed.seconds(max),
  };
}

/** One of a few words, upper or lower case. */
export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    schema: parsed((given) => findWord(words, given)),
    allowed: (messages) => messages.config.allowed.oneOf(words),
  };
}

/** One of a few words; null where it is empty. */
export function oneOfOrNone<const T extends string>(words: readonly T[]): Kind<T | null> {
  return {
    schema: parsed((given) => (given === '' ? null : findWord(words, given))),
    allowed: (messages) => messages.config.allowed.oneOf(words),
  };
}

/** Words separated by commas, each at most once in the outcome; empty means none. */
export function listOf<const T extends string>(words: readonly T[]): Kind<readonly T[]> {
  return {
    schema: parsed((given) => {
      const parts = splitList(given).map((part) => findWord(words, part));
      return parts.every((part) => part !== undefined) ? [...new Set(parts)] : undefined;
    }),
    allowed: (messages) => messages.config.allowed.listOf(words),
  };
}

/** `name=number` pairs separated by commas. Names left out weigh 0; one at least weighs more. */
export function weights<const T extends string>(names: readonly T[]): Kind<Record<T, number>> {
  return {
    schema: parsed((given) => {
      const shares = Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
      for (const pair of splitList(given)) {
        const [left = '', right = '', ...rest] = pair.split('=').map((part) => part.trim());
        const name = findWord(names, left);
        if (name === undefined || rest.length > 0 || !DECIMAL.test(right)) return undefined;
        shares[name] = Number(right);
      }
      const all: number[] = Object.values(shares);
      return all.every((share) => share >= 0) && all.some((share) => share > 0)
        ? shares
        : undefined;
    }),
    allowed: (messages) => messages.config.allowed.weights(names),
  };
}

/** `true` or `false`. */
export const flag: Kind<boolean> = {
  schema: v.pipe(
    oneOf(['true', 'false']).schema,
    v.transform((word) => word === 'true'),
  ),
  allowed: (messages) => messages.config.allowed.oneOf(['true', 'false']),
};

/** A number above zero, or one of a few words. */
export function rateOr<const T extends string>(words: readonly T[], max: number): Kind<T | number> {
  const rate = decimal(0, max, { above: true }).schema;
  return {
    schema: v.union([oneOf(words).schema, rate]),
    allowed: (messages) => messages.config.allowed.rate(words, max),
  };
}

/** Load shapes one after the other, separated by semicolons; empty means none. */
export function stages(maxSeconds: number): Kind<readonly Stage[]> {
  return {
    schema: parsed((given) => {
      const parts = given === '' ? [] : given.split(';').map(parseStage);
      const total = parts.reduce((sum, stage) => sum + (stage?.seconds ?? 0), 0);
      const understood = parts.filter((stage) => stage !== undefined);
      return understood.length === parts.length && total <= maxSeconds ? understood : undefined;
    }),
    allowed: (messages) => messages.config.allowed.stages(STAGE_EXAMPLES, maxSeconds),
  };
}

/** Texts, one a line, blanks included; an empty line is none. `hex:…` is refused: it names bytes, and is no text. */
export const lines: Kind<readonly string[]> = {
  schema: v.pipe(
    v.string(),
    v.transform((given) => given.split('\n').filter((line) => line !== '')),
    v.check((found) => !found.some((line) => line.startsWith(BYTES_PREFIX))),
  ),
  allowed: (messages) => messages.config.allowed.lines(),
};

/** Where change events come from; empty means "not set". */
export const source: Kind<SourceSpec | null> = {
  schema: parsed((given) => (given === '' ? null : parseSource(given))),
  allowed: (messages) => messages.config.allowed.source(SOURCE_FORMS),
  problems: (where, given) =>
    hasCredentials(given)
      ? [(messages) => messages.config.credentialsInSource(where(messages))]
      : [],
};

/** Bytes, with their unit: `128MB`. */
export function bytes(min: number, max: number): Kind<number> {
  return {
    schema: parsed((given) => {
      const [, number, unit = ''] = SIZE.exec(given) ?? [];
      const factor = UNITS.bytes.get(unit);
      if (number === undefined || factor === undefined) return undefined;
      const size = Number(number) * factor;
      return size >= min && size <= max ? size : undefined;
    }),
    allowed: (messages) => messages.config.allowed.bytes(sizeText(min), sizeText(max)),
  };
}

const SIZE = /^(\d+(?:\.\d+)?) ?([a-zA-Z]+)$/;
const MEGABYTE = 1024 ** 2;

function sizeText(size: number): string {
  return `${size / MEGABYTE}MB`;
}

/** A day that exists, `YYYY-MM-DD`, or `today`. */
export const day: Kind<string> = {
  schema: parsed((given) => {
    if (given.toLowerCase() === 'today') return 'today';
    const date = new Date(`${given}T00:00:00Z`);
    const exists =
      ISO_DATE.test(given) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(given);
    return exists ? given : undefined;
  }),
  allowed: (messages) => messages.config.allowed.day(),
};

/** A schema from a reader that answers undefined for what it does not take. */
export function parsed<T>(read: (given: string) => T | undefined): v.GenericSchema<string, T> {
  return v.pipe(
    trimmed,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (value !== undefined) return value;
      addIssue();
      return NEVER;
    }),
  );
}

function findWord<T extends string>(words: readonly T[], given: string): T | undefined {
  return words.find((word) => word.toLowerCase() === given.toLowerCase());
}

function splitList(given: string): string[] {
  return given === '' ? [] : given.split(',').map((part) => part.trim());
}
