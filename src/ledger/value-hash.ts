import type { Value } from '../schema/table.js';

/** FNV-1a of 32 bits, over UTF-16 code units instead of bytes. */
export const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** Ends the hash input of each value; occurs in no value. */
const SEPARATOR = 0x1f;
/** The hash input of NULL, which PostgreSQL allows in no text. */
export const NULL = '\u0000';

/** Continues a hash with a value, as PostgreSQL prints it. */
export function hashValue(before: number, value: Value): number {
  return typeof value === 'number' ? hashNumber(before, value) : hashText(before, value ?? NULL);
}

const ZERO = 0x30;
const TEN = 10;
/** Larger numbers do not fit the integer arithmetic of `hashNumber`. */
const LARGEST_SMALL = 0x7fff_ffff;
const digits = new Uint8Array(TEN);

/** Equals `hashText` of the number's text, without making the text: most values of a row are keys. */
function hashNumber(before: number, value: number): number {
  if (value < 0 || value > LARGEST_SMALL || !Number.isInteger(value)) {
    return hashText(before, String(value));
  }
  let count = 0;
  let rest = value | 0;
  do {
    const next = (rest / TEN) | 0;
    digits[count++] = rest - next * TEN;
    rest = next;
  } while (rest > 0);
  let hash = before;
  while (count > 0) hash = Math.imul(hash ^ (ZERO + digits[--count]!), PRIME);
  return Math.imul(hash ^ SEPARATOR, PRIME);
}

/** Continues a hash with the code units of a text and the separator. */
export function hashText(before: number, text: string): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return Math.imul(hash ^ SEPARATOR, PRIME);
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
