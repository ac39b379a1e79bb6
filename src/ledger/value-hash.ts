import { writeDate, writeTimestamp } from '../lib/calendar.js';
import type { Composed, MomentType, Value } from '../schema/value.js';

/** FNV-1a of 32 bits, over UTF-16 code units instead of bytes. */
export const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** Ends the hash input of each value; occurs in no value. */
const SEPARATOR = 0x1f;
/** The hash input of NULL, which PostgreSQL allows in no text. */
export const NULL = '\u0000';

/** Continues a hash with a value, as PostgreSQL prints it. `moment`: its column's; null where numbers are numbers. */
export function hashValue(before: number, value: Value, moment: MomentType | null = null): number {
  if (typeof value === 'string') return hashText(before, value);
  if (typeof value === 'number') {
    return moment === null ? hashNumber(before, value) : hashMoment(before, value, moment);
  }
  return value === null ? hashText(before, NULL) : hashComposed(before, value);
}

const ZERO = 0x30;
const TEN = 10;
/** Larger numbers do not fit the integer arithmetic of `hashNumber`. */
const LARGEST_SMALL = 0x7fff_ffff;

/** Equals `hashText` of the number's text, without making the text: most values of a row are keys. */
function hashNumber(before: number, value: number): number {
  if (value < 0 || value > LARGEST_SMALL || !Number.isInteger(value)) {
    return hashText(before, String(value));
  }
  return endValue(hashDigits(before, value | 0));
}

const digits = new Uint8Array(TEN);

/** Continues a hash with the digits of a number from 0 to `LARGEST_SMALL`. */
function hashDigits(before: number, value: number): number {
  let count = 0;
  let rest = value;
  do {
    const next = (rest / TEN) | 0;
    digits[count++] = rest - next * TEN;
    rest = next;
  } while (rest > 0);
  let hash = before;
  while (count > 0) hash = Math.imul(hash ^ (ZERO + digits[--count]!), PRIME);
  return hash;
}

/** The text of a moment. */
const printed = new Uint8Array('2026-01-31 08:15:00'.length);

/** Equals `hashText` of the moment's text. `seconds`: since 1970, UTC, in the years 0 to 9999. */
function hashMoment(before: number, seconds: number, moment: MomentType): number {
  const write = moment === 'date' ? writeDate : writeTimestamp;
  return hashAscii(before, printed, 0, write(printed, 0, seconds));
}

function hashComposed(before: number, { parts }: Composed): number {
  let hash = before;
  for (let k = 0; k < parts.length; k++) {
    const part = parts[k]!;
    hash = typeof part === 'number' ? hashDigits(hash, part) : hashUnits(hash, part);
  }
  return endValue(hash);
}

/** Continues a hash with the code units of a text. */
function hashUnits(before: number, text: string): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}

/** Ends a value. */
function endValue(hash: number): number {
  return Math.imul(hash ^ SEPARATOR, PRIME);
}

/** Continues a hash with the code units of a text and the separator. */
export function hashText(before: number, text: string): number {
  return endValue(hashUnits(before, text));
}

/** Equals `hashText` of these bytes decoded as ASCII. */
export function hashAscii(before: number, bytes: Uint8Array, start: number, stop: number): number {
  let hash = before;
  for (let p = start; p < stop; p++) hash = Math.imul(hash ^ bytes[p]!, PRIME);
  return Math.imul(hash ^ SEPARATOR, PRIME);
}

/** Equals `hashText` of these bytes decoded as UTF-8. They must be valid. */
export function hashUtf8(before: number, bytes: Uint8Array, start: number, stop: number): number {
  let hash = before;
  let p = start;
  while (p < stop) {
    let code = bytes[p++]!;
    if (code >= 0xf0) {
      // Above U+FFFF: two code units, the high surrogate first.
      const low = ((bytes[p + 1]! & 0x3f) << 6) | (bytes[p + 2]! & 0x3f);
      code = (((code & 0x07) << 18) | ((bytes[p]! & 0x3f) << 12) | low) - 0x10000;
      p += 3;
      hash = Math.imul(hash ^ (0xd800 | (code >> 10)), PRIME);
      code = 0xdc00 | (code & 0x3ff);
    } else if (code >= 0xe0) {
      code = ((code & 0x0f) << 12) | ((bytes[p]! & 0x3f) << 6) | (bytes[p + 1]! & 0x3f);
      p += 2;
    } else if (code >= 0x80) code = ((code & 0x1f) << 6) | (bytes[p++]! & 0x3f);
    hash = Math.imul(hash ^ code, PRIME);
  }
  return Math.imul(hash ^ SEPARATOR, PRIME);
}
