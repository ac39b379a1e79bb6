import { digits } from '../../lib/numbers.js';
import type { Rng } from '../../random/rng.js';

export const SECOND_MS = 1000;
export const DAY_MS = 86_400 * SECOND_MS;

/** Characters of a timestamp without a fraction. */
const WHOLE_SECONDS = '2026-01-31 08:15:00'.length;

/** Appointments are given between these hours, on weekdays, every so many minutes. */
const OPENS_HOUR = 7;
const CLOSES_HOUR = 19;
const SLOT_MINUTES = 15;
const SLOTS_PER_DAY = ((CLOSES_HOUR - OPENS_HOUR) * 60) / SLOT_MINUTES;

const TWO_DIGITS: readonly string[] = Array.from({ length: 100 }, (_, n) => digits(n, 2));

let cachedDay = Number.NaN;
let cachedText = '';

/** `2026-01-31`, the day of a moment in milliseconds since 1970, UTC. */
export function formatDate(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  if (day !== cachedDay) {
    cachedText = dayText(day);
    cachedDay = day;
  }
  return cachedText;
}

/** `2026-01-31 08:15:00`, UTC, the fraction of a second cut off. */
export function formatTimestamp(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS) % 86_400;
  const hours = TWO_DIGITS[Math.floor(seconds / 3600)]!;
  const minutes = TWO_DIGITS[Math.floor(seconds / 60) % 60]!;
  return `${formatDate(ms)} ${hours}:${minutes}:${TWO_DIGITS[seconds % 60]!}`;
}

/**
 * Milliseconds since 1970, UTC, of a text that `formatDate` or `formatTimestamp` made, or of one that
 * PostgreSQL prints with a fraction of a second behind it.
 */
export function parseTimestamp(text: string): number {
  const day = dayOf(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)) * DAY_MS;
  if (text.length === 10) return day;
  const seconds = (number(text, 11, 2) * 60 + number(text, 14, 2)) * 60 + number(text, 17, 2);
  const whole = day + seconds * SECOND_MS;
  return text.length > WHOLE_SECONDS
    ? whole + Number(text.slice(WHOLE_SECONDS)) * SECOND_MS
    : whole;
}

/** The whole second at or before a moment. */
export const floorSecond = (ms: number): number => Math.floor(ms / SECOND_MS) * SECOND_MS;

/** The whole second at or after a moment: not before it, also when its fraction is cut off. */
export const ceilSecond = (ms: number): number => Math.ceil(ms / SECOND_MS) * SECOND_MS;

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

/**
 * Days since 1970 as year, month and day, without a Date. Years are counted from 1 March, so that
 * the leap day comes last and the months before it follow one pattern: 153 days every 5 months.
 */
function dayText(day: number): string {
  const daysPer400Years = 146_097;
  const fromYear0 = day + 719_468;
  const era = Math.floor(fromYear0 / daysPer400Years);
  const ofEra = fromYear0 - era * daysPer400Years;
  const leaps = Math.floor(ofEra / 1460) - Math.floor(ofEra / 36_524) + Math.floor(ofEra / 146_096);
  const yearOfEra = Math.floor((ofEra - leaps) / 365);
  const ofYear =
    ofEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const ofMonth = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${TWO_DIGITS[month]!}-${TWO_DIGITS[ofMonth]!}`;
}

/** The reverse of `dayText`: days since 1970 of a year, month (1 to 12) and day. */
function dayOf(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const leaps =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return 365 * marchYear + leaps + Math.floor((153 * fromMarch + 2) / 5) + day - 1 - 719_468;
}

function number(text: string, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}
