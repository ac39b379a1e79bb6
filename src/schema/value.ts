import {
  DAY_MS,
  formatDate,
  formatTimestamp,
  parseTimestamp,
  SECOND_MS,
  SECONDS_PER_DAY,
} from '../lib/calendar.js';

/**
 * A text in parts, which is hashed and encoded part by part: V8 would keep the joined text as a tree, and flatten it before
 * the first read. A number, from 0 to 2^31 - 1, stands for its digits.
 */
export class Composed {
  readonly parts: readonly (string | number)[];

  constructor(parts: readonly (string | number)[]) {
    this.parts = parts;
  }

  toString(): string {
    return this.parts.join('');
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * A value of a row. A number is a whole number or, in a column that is a moment, a moment in whole seconds since 1970,
 * UTC. All else is text as PostgreSQL prints it; so are moments that are no whole seconds of the years 0 to 9999.
 */
export type Value = string | number | Composed | null;

/** One row as the generator writes it: values in the order of the table's `columns`. */
export type Row = readonly Value[];

export type MomentType = 'date' | 'timestamp';

/** The kind of moment that a type holds; null for other types, and for those with a zone. */
export function momentTypeOf(type: string): MomentType | null {
  if (type === 'date') return 'date';
  return type === 'timestamp without time zone' ? 'timestamp' : null;
}

/** The value of a day in a row; `ms`: milliseconds since 1970, UTC. */
export const dateValue = (ms: number): number => Math.floor(ms / DAY_MS) * SECONDS_PER_DAY;

/** The value of a moment in a row, its fraction of a second cut off; `ms`: milliseconds since 1970, UTC. */
export const timestampValue = (ms: number): number => Math.floor(ms / SECOND_MS);

/** The moment of a row's value in milliseconds since 1970, UTC; NaN where it is none. */
export function momentMs(value: Value | undefined): number {
  return typeof value === 'number' ? value * SECOND_MS : parseTimestamp(String(value));
}

/** A value as PostgreSQL prints it. `type`: of its column. */
export function printValue(type: string, value: Value): string | null {
  if (value === null) return null;
  if (typeof value !== 'number') return String(value);
  const moment = momentTypeOf(type);
  if (moment === null) return String(value);
  return moment === 'date' ? formatDate(value * SECOND_MS) : formatTimestamp(value * SECOND_MS);
}
