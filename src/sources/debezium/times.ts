import { civilDate, dayOf } from '../../lib/calendar.js';

const DAY_MICROS = 86_400_000_000;
const DAY_SECONDS = 86_400;
const MICROS = 1_000_000;
/** Days with a cached text: about 179 years, more than dates of birth span. */
const DAYS_KEPT = 1 << 16;
/** Timestamps with a cached text: rows of one transaction share theirs. */
const TIMES_KEPT = 1 << 12;

/** PostgreSQL's first and last date, in days since 1970: 4714-11-24 BC, 5874897-12-31. */
const FIRST_DAY = -2_440_588;
const LAST_DAY = 2_145_042_905;
/** The last day of its timestamps, which end with the year 294276. */
const LAST_TIMESTAMP_DAY = 106_762_939;

const FIRST_MICROS = BigInt(FIRST_DAY) * BigInt(DAY_MICROS);

const two = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

const keptDays = new Int32Array(DAYS_KEPT);
const keptDates = new Array<string>(DAYS_KEPT).fill('');
const keptMicros = new Float64Array(TIMES_KEPT);
const keptTimes = new Array<string>(TIMES_KEPT).fill('');

/** Days since 1970 → `2026-01-31`, as PostgreSQL prints a date; null outside of its range. */
export function dateText(day: number): string | null {
  if (!(day >= FIRST_DAY && day <= LAST_DAY)) return null;
  const { date, bc } = dateOf(day);
  return date + bc;
}

/** Microseconds since 1970 → `2026-01-31 08:15:00.5`; null outside of PostgreSQL's range. */
export function timestampText(micros: number): string | null {
  const slot = (micros ^ (micros / MICROS)) & (TIMES_KEPT - 1);
  const kept = keptTimes[slot]!;
  if (keptMicros[slot] === micros && kept !== '') return kept;
  const day = Math.floor(micros / DAY_MICROS);
  const text = onDay(day, micros - day * DAY_MICROS);
  if (text !== null) {
    keptMicros[slot] = micros;
    keptTimes[slot] = text;
  }
  return text;
}

/** The same of any number of microseconds. */
export function bigTimestampText(micros: bigint): string | null {
  // Counted from the first day, since division rounds towards zero.
  const since = micros - FIRST_MICROS;
  if (since < 0n) return null;
  const days = since / BigInt(DAY_MICROS);
  if (days > LAST_TIMESTAMP_DAY - FIRST_DAY) return null;
  return onDay(Number(days) + FIRST_DAY, Number(since % BigInt(DAY_MICROS)));
}

/** @param micros since the day began */
function onDay(day: number, micros: number): string | null {
  if (!(day >= FIRST_DAY && day <= LAST_TIMESTAMP_DAY)) return null;
  const seconds = (micros / MICROS) | 0;
  const fraction = micros - seconds * MICROS;
  const index = day & (DAYS_KEPT - 1);
  const kept = keptDates[index]!;
  const known = keptDays[index] === day && kept !== '';
  const { date, bc } = known ? { date: kept, bc: '' } : dateOf(day);
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  const text = `${date} ${two[hours]}:${two[minutes - hours * 60]}:${two[seconds - minutes * 60]}`;
  return fraction === 0 ? text + bc : text + fractionText(fraction) + bc;
}

/** PostgreSQL prints no trailing zeros. */
function fractionText(micros: number): string {
  let digits = 6;
  let value = micros;
  while (value % 10 === 0) {
    value /= 10;
    digits--;
  }
  return `.${String(value).padStart(digits, '0')}`;
}

function dateOf(day: number): { date: string; bc: string } {
  const index = day & (DAYS_KEPT - 1);
  const kept = keptDates[index]!;
  if (keptDays[index] === day && kept !== '') return { date: kept, bc: '' };
  const civil = civilDate(day);
  const year = Math.floor(civil / 10_000);
  const month = Math.floor((civil - year * 10_000) / 100);
  const dayOfMonth = civil - year * 10_000 - month * 100;
  const shown = year > 0 ? year : 1 - year;
  const date = `${String(shown).padStart(4, '0')}-${two[month]}-${two[dayOfMonth]}`;
  if (year <= 0) return { date, bc: ' BC' };
  keptDays[index] = day;
  keptDates[index] = date;
  return { date, bc: '' };
}

const DATE = /^([+-]?)(\d{4,7})-(\d\d)-(\d\d)/;
const TIME = /^[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?/;
const ZONE = /^(?:Z|([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)?( BC)?$/;

/** A date or timestamp: days since 1970, and microseconds of that day. */
export interface Instant {
  readonly day: number;
  readonly micros: number;
  /** Whether the text has an offset or a Z: it is in UTC. */
  readonly isZoned: boolean;
}

/**
 * Parses ISO 8601 (`2026-01-31T08:15:00.5Z`; a year before 1 or after 9999 has a sign, and year 0 is 1 BC) and
 * PostgreSQL's own form (`0044-03-15 08:15:00 BC`). Converts an offset to UTC. Null: neither form.
 */
export function parseInstant(text: string): Instant | null {
  const date = DATE.exec(text);
  if (date === null) return null;
  const afterDate = text.slice(date[0].length);
  const time = TIME.exec(afterDate);
  const zone = ZONE.exec(time === null ? afterDate : afterDate.slice(time[0].length));
  if (zone === null) return null;
  const bc = zone[5] !== undefined;
  if (bc && date[1] !== '') return null;
  const digits = Number(date[2]);
  const year = bc ? 1 - digits : date[1] === '-' ? -digits : digits;
  const [month, dayOfMonth] = [Number(date[3]), Number(date[4])];
  if (month < 1 || month > 12 || dayOfMonth < 1) return null;
  const day = dayOf(year, month, dayOfMonth);
  const nextMonth = month === 12 ? dayOf(year + 1, 1, 1) : dayOf(year, month + 1, 1);
  if (day >= nextMonth) return null;
  const [hours, minutes, seconds] = [1, 2, 3].map((part) => Number(time?.[part] ?? 0));
  if (hours! > 23 || minutes! > 59 || seconds! > 59) return null;
  const fraction = Number((time?.[4] ?? '').slice(0, 6).padEnd(6, '0'));
  const [offsetHours, offsetMinutes, offsetSeconds] = [2, 3, 4].map((part) =>
    Number(zone[part] ?? 0),
  );
  const offset =
    (zone[1] === '-' ? -1 : 1) * (offsetHours! * 3600 + offsetMinutes! * 60 + offsetSeconds!);
  const at = hours! * 3600 + minutes! * 60 + seconds! - offset;
  const days = Math.floor(at / DAY_SECONDS);
  return {
    day: day + days,
    micros: (at - days * DAY_SECONDS) * MICROS + fraction,
    isZoned: zone[0].length > (zone[5] ?? '').length,
  };
}

/** As `timestampText`, of an instant. */
export function instantText({ day, micros }: Pick<Instant, 'day' | 'micros'>): string | null {
  return onDay(day, micros);
}
