import { digits } from './numbers.js';

export const SECOND_MS = 1000;
export const SECONDS_PER_DAY = 86_400;
export const DAY_MS = SECONDS_PER_DAY * SECOND_MS;

const ZERO = 0x30;
const HYPHEN = 0x2d;
const COLON = 0x3a;
const SPACE = 0x20;

/** Characters of a timestamp without a fraction. */
const WHOLE_SECONDS = '2026-01-31 08:15:00'.length;

/** Days from 0000-03-01 to 1970-01-01. */
const YEAR_0_TO_1970 = 719_468;

const TWO_DIGITS: readonly string[] = Array.from({ length: 100 }, (_, n) => digits(n, 2));

/** Dates of days that are kept, by the day's low bits: more than the two years that rows lie in. */
const DAYS_KEPT = 1 << 10;
const keptDays = new Float64Array(DAYS_KEPT).fill(Number.NaN);
const keptDates = new Int32Array(DAYS_KEPT);

/** `2026-01-31`: the day of a moment in milliseconds since 1970, UTC. */
export function formatDate(ms: number): string {
  const date = dateOf(Math.floor(ms / DAY_MS));
  const year = Math.floor(date / 10_000);
  const ofYear = date - year * 10_000;
  const month = Math.floor(ofYear / 100);
  return `${digits(year, 4)}-${TWO_DIGITS[month]!}-${TWO_DIGITS[ofYear - month * 100]!}`;
}

/** The same as `civilDate`; recent days are calculated once. */
function dateOf(day: number): number {
  const index = day & (DAYS_KEPT - 1);
  if (keptDays[index] !== day) {
    keptDates[index] = civilDate(day);
    keptDays[index] = day;
  }
  return keptDates[index]!;
}

/** `2026-01-31 08:15:00`, UTC, the fraction of a second cut off. */
export function formatTimestamp(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS) - Math.floor(ms / DAY_MS) * SECONDS_PER_DAY;
  const hours = TWO_DIGITS[Math.floor(seconds / 3600)]!;
  const minutes = TWO_DIGITS[Math.floor(seconds / 60) % 60]!;
  return `${formatDate(ms)} ${hours}:${minutes}:${TWO_DIGITS[seconds % 60]!}`;
}

/** Writes `2026-01-31` and returns the offset of its end. `seconds`: since 1970, UTC, in the years 0 to 9999. */
export function writeDate(buffer: Uint8Array, start: number, seconds: number): number {
  const date = dateOf(Math.floor(seconds / SECONDS_PER_DAY));
  const year = (date / 10_000) | 0;
  const ofYear = date - year * 10_000;
  const month = (ofYear / 100) | 0;
  const century = (year / 100) | 0;
  let at = writeTwo(buffer, start, century);
  at = writeTwo(buffer, at, year - century * 100);
  buffer[at++] = HYPHEN;
  at = writeTwo(buffer, at, month);
  buffer[at++] = HYPHEN;
  return writeTwo(buffer, at, ofYear - month * 100);
}

/** Writes `2026-01-31 08:15:00` likewise. */
export function writeTimestamp(buffer: Uint8Array, start: number, seconds: number): number {
  const ofDay = seconds - Math.floor(seconds / SECONDS_PER_DAY) * SECONDS_PER_DAY;
  const hours = (ofDay / 3600) | 0;
  const ofHour = ofDay - hours * 3600;
  const minutes = (ofHour / 60) | 0;
  let at = writeDate(buffer, start, seconds);
  buffer[at++] = SPACE;
  at = writeTwo(buffer, at, hours);
  buffer[at++] = COLON;
  at = writeTwo(buffer, at, minutes);
  buffer[at++] = COLON;
  return writeTwo(buffer, at, ofHour - minutes * 60);
}

function writeTwo(buffer: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  buffer[at] = ZERO + tens;
  buffer[at + 1] = ZERO + value - tens * 10;
  return at + 2;
}

/**
 * Milliseconds since 1970, UTC, of a text that `formatDate` or `formatTimestamp` made, or of one that
 * PostgreSQL prints with a fraction of a second after it. NaN where the text is no timestamp.
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

/**
 * The date of a day in the proleptic Gregorian calendar, as the number year * 10,000 + month * 100 + day: a
 * number, since an object would be made for every row. Year 0 is 1 BC. Years are counted from 1 March, so
 * that the leap day comes last and the months before it follow one pattern: 153 days every 5 months.
 *
 * @param day days since 1970-01-01
 */
export function civilDate(day: number): number {
  const daysPer400Years = 146_097;
  const fromYear0 = day + YEAR_0_TO_1970;
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
  return year * 10_000 + month * 100 + ofMonth;
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Year 0 is 1 BC; month: 1 to 12. */
export function dayOf(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const leaps =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return 365 * marchYear + leaps + Math.floor((153 * fromMarch + 2) / 5) + day - 1 - YEAR_0_TO_1970;
}

function number(text: string, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}
