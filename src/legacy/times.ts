import { ceilSecond, DAY_MS, floorSecond, SECOND_MS } from '../lib/calendar.js';
import type { Rng } from '../random/rng.js';

/** Events lie at most so far back and ahead: two years in all (seed.md: "janela de 2 anos"). */
export const PAST_MS = 640 * DAY_MS;
export const AHEAD_MS = 90 * DAY_MS;

/** How long a stay lasts (seed.md: 3–10 days). */
export const SHORTEST_STAY_MS = 3 * DAY_MS;
export const LONGEST_STAY_MS = 10 * DAY_MS;

/** Appointments are given between these hours, on weekdays, every so many minutes. */
const OPENS_HOUR = 7;
const CLOSES_HOUR = 19;
const SLOT_MINUTES = 15;
const SLOTS_PER_DAY = ((CLOSES_HOUR - OPENS_HOUR) * 60) / SLOT_MINUTES;

/** Whole seconds between which an event happens, in milliseconds since 1970, UTC. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** From the patient's registration, or the start of the two-year window, until now. */
export function past(since: number, now: number): Window {
  const from = Math.max(ceilSecond(since), floorSecond(now) - PAST_MS);
  return { from, to: Math.max(from, floorSecond(now)) };
}

/** After now, and not before the patient's registration. */
export function ahead(since: number, now: number): Window {
  const from = Math.max(ceilSecond(since), floorSecond(now) + SECOND_MS);
  return { from, to: Math.max(from, floorSecond(now) + AHEAD_MS) };
}

/** A whole second in [from, to], each as likely; both are whole seconds, from ≤ to. */
export function anyTime(rng: Rng, from: number, to: number): number {
  return from + rng.below((to - from) / SECOND_MS + 1) * SECOND_MS;
}

/**
 * Like `anyTime`, moved to the opening hours of the same day (of the weekday next to it, when it
 * is on a weekend), unless that would leave [from, to].
 */
export function visitTime(rng: Rng, from: number, to: number): number {
  const drawn = anyTime(rng, from, to);
  const day = weekday(Math.floor(drawn / DAY_MS));
  const minutes = OPENS_HOUR * 60 + rng.below(SLOTS_PER_DAY) * SLOT_MINUTES;
  const visit = day * DAY_MS + minutes * 60 * SECOND_MS;
  return visit >= from && visit <= to ? visit : drawn;
}

/** The day itself, or the Friday or Monday beside it. `day`: days since Thursday, 1 January 1970. */
function weekday(day: number): number {
  const sinceSunday = (day + 4) % 7;
  if (sinceSunday === 0) return day + 1;
  return sinceSunday === 6 ? day - 1 : day;
}

/** How long a stay lasts: one second short of the longest, so that an admission rounded up keeps to it. */
export function stayLength(rng: Rng): number {
  return anyTime(rng, SHORTEST_STAY_MS, LONGEST_STAY_MS - SECOND_MS);
}
