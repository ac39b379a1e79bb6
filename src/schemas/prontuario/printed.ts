import { formatTimestamp } from '../../lib/calendar.js';
import { digits } from '../../lib/numbers.js';

/**
 * Values as PostgreSQL prints them under DateStyle ISO, TimeZone UTC, IntervalStyle postgres, extra_float_digits 1 and
 * bytea_output hex.
 */

const SECOND_US = 1_000_000;

/** `2026-01-31 08:15:00.12`, of microseconds since 1970, UTC. */
export function timestampText(us: number): string {
  return (
    formatTimestamp(Math.floor(us / 1000)) + fraction(us - Math.floor(us / SECOND_US) * SECOND_US)
  );
}

/** `.12`; empty for zero. `us`: 0 to 999,999 microseconds. */
function fraction(us: number): string {
  return us === 0 ? '' : `.${digits(us, 6).replace(/0+$/, '')}`;
}

/**
 * `1 mon -2 days -03:00:00.5`: a field after a negative one has a sign, and days or months of zero are left out.
 *
 * @param months fewer than twelve
 */
export function intervalText(months: number, days: number, us: number): string {
  const fields: string[] = [];
  if (months !== 0) fields.push(`${months} ${months === 1 ? 'mon' : 'mons'}`);
  if (days !== 0) {
    const sign = months < 0 && days > 0 ? '+' : '';
    fields.push(`${sign}${days} ${days === 1 ? 'day' : 'days'}`);
  }
  if (us === 0 && fields.length > 0) return fields.join(' ');
  const isAfterNegative = days < 0 || (days === 0 && months < 0);
  const sign = us < 0 ? '-' : isAfterNegative ? '+' : '';
  return [...fields, sign + timeText(Math.abs(us))].join(' ');
}

/** `08:15:00.12`, of microseconds. */
function timeText(us: number): string {
  const seconds = Math.floor(us / SECOND_US);
  const [hour, minute] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${digits(hour, 2)}:${digits(minute, 2)}:${digits(seconds % 60, 2)}${fraction(us % SECOND_US)}`;
}

/** The fewest digits that a `real` is read back from. `value`: finite, 0.0001 to 999,999, which have no exponent. */
export function realText(value: number): string {
  const real = Math.fround(value);
  for (let precision = 1; ; precision++) {
    const shorter = Number(real.toPrecision(precision));
    if (Math.fround(shorter) === real) return String(shorter);
  }
}

/** `{a,NULL,"b c"}` */
export function arrayText(elements: readonly (string | null)[]): string {
  return `{${elements.map(elementText).join(',')}}`;
}

/** Quoted where the text is empty, `NULL`, or has a sign that means something in an array. */
function elementText(element: string | null): string {
  if (element === null) return 'NULL';
  const isPlain = element !== '' && !/[{}",\\\s]/.test(element) && !/^null$/i.test(element);
  return isPlain ? element : `"${element.replace(/["\\]/g, '\\$&')}"`;
}

/** A `jsonb` object, of members in the order that PostgreSQL stores: by the bytes of their names, shorter ones first. */
export function jsonbText(members: readonly (readonly [name: string, text: string])[]): string {
  return `{${members.map(([name, text]) => `"${name}": ${text}`).join(', ')}}`;
}

/** A `jsonb` array. */
export function jsonbArray(texts: readonly string[]): string {
  return `[${texts.join(', ')}]`;
}
