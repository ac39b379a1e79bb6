import type { Segment } from '../curve.js';

/** A form of the rate over time. Pure: a text and a length make segments. */
export interface Shape {
  /** The word before the colon of a stage. */
  readonly name: string;
  /** The text after the colon, as an example. */
  readonly example: string;
  /** The form of that text: one rate, two with `..` between them, several with commas, or those of a burst. */
  readonly rates: 'one' | 'range' | 'list' | 'burst';
  /** The segments of a stage that lasts `ms` milliseconds; undefined when the text is not understood. */
  segments(text: string, ms: number): Segment[] | undefined;
}

/** Far more than one server commits: a larger number is a typing error. */
export const MAX_EVENTS_PER_SECOND = 10_000_000;

const RATE = /^\d+(\.\d+)?$/;

/** Events a second, 0 included; undefined when the text is none. */
export function parseRate(text: string): number | undefined {
  const rate = RATE.test(text.trim()) ? Number(text) : Number.NaN;
  return rate <= MAX_EVENTS_PER_SECOND ? rate : undefined;
}

/** Two rates, `100..2000`; undefined when the text is not that. */
export function parseRange(text: string): { low: number; high: number } | undefined {
  const [first, second, ...rest] = text.split('..').map(parseRate);
  if (first === undefined || second === undefined || rest.length > 0) return undefined;
  return { low: first, high: second };
}
