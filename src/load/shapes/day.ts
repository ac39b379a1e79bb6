import type { Segment } from '../curve.js';
import { parseRange, type Shape } from './shape.js';

/**
 * The activity of a hospital at each full hour, from 0 to 1. No figures are published for a whole hospital;
 * this is a guess after the usual opening hours: admissions and blood counts in the morning, visits
 * until the evening, emergencies at night.
 */
const HOURS = [
  0.1, 0.07, 0.05, 0.05, 0.08, 0.2, 0.45, 0.75, 0.95, 1, 0.98, 0.9, 0.7, 0.75, 0.85, 0.85, 0.75,
  0.6, 0.45, 0.35, 0.28, 0.22, 0.17, 0.13,
] as const;

/** The activity of each day as a share of a full one, from Monday on: no planned visits on Sundays. */
const DAYS = [1, 1, 1, 1, 0.95, 0.5, 0.25] as const;

/** A day from midnight to midnight, in the time of the stage: `<quietest rate>..<busiest rate>`. */
export const day: Shape = {
  name: 'day',
  example: '50..800',
  rates: 'range',
  segments: (text, ms) => throughDays(text, ms, [1]),
};

/** A week from Monday to Sunday, in the time of the stage. */
export const week: Shape = {
  name: 'week',
  example: '50..800',
  rates: 'range',
  segments: (text, ms) => throughDays(text, ms, DAYS),
};

function throughDays(text: string, ms: number, days: readonly number[]): Segment[] | undefined {
  const range = parseRange(text);
  if (range === undefined) return undefined;
  const hours = days.flatMap((share) => HOURS.map((busy) => busy * share));
  const rateAt = (hour: number) =>
    range.low + (range.high - range.low) * (hours[hour % hours.length] ?? 0);
  return hours.map((_, hour) => ({
    ms: ms / hours.length,
    from: rateAt(hour),
    to: rateAt(hour + 1),
  }));
}
