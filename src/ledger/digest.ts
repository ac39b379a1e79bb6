import { mix } from '../random/hash.js';
import type { Operation } from '../schemas/hospital/changes.js';
import type { Row, TableName, Value } from '../schemas/hospital/tables.js';

/** FNV-1a of 32 bits, over code units instead of bytes. */
export const BASIS = 0x811c9dc5;
export const PRIME = 0x01000193;
/** Behind each part of a row, and in place of a null: neither occurs in a value. */
export const SEPARATOR = 0x1f;
export const NULL = '\u0000';

/**
 * A digest of rows that does not depend on their order: the sum of the rows' hashes, modulo 2^32. What is
 * hashed of a row: table, operation, and the values that the generator wrote (insert: all columns but
 * `created_at` and `updated_at`, in the order of the table; update: key, then the changed ones; delete:
 * the key), as PostgreSQL prints them (DateStyle ISO), UTF-16 code unit by code unit. It finds mistakes,
 * not forgeries.
 */
export class Digest {
  #sum = 0;

  add(table: TableName, operation: Operation, row: Row): void {
    this.#sum = (this.#sum + hashRow(table, operation, row)) | 0;
  }

  /** Adds what `hashRow` made of a row. */
  addHash(hash: number): void {
    this.#sum = (this.#sum + hash) | 0;
  }

  /** Eight hexadecimal digits. */
  get text(): string {
    return (this.#sum >>> 0).toString(16).padStart(8, '0');
  }
}

/** What the hash of a row begins with. */
export function beginRow(table: TableName, operation: Operation): number {
  return hashText(hashText(BASIS, table), operation);
}

/** The hash of one row, a signed number of 32 bits: the digest is the sum of these. */
export function hashRow(table: TableName, operation: Operation, row: Row): number {
  let hash = beginRow(table, operation);
  for (let i = 0; i < row.length; i++) hash = hashValue(hash, row[i]!);
  return mix(hash);
}

/** Goes on from a hash with a value as PostgreSQL prints it. */
export function hashValue(before: number, value: Value): number {
  return typeof value === 'number' ? hashNumber(before, value) : hashText(before, value ?? NULL);
}

const ZERO = 0x30;
const TEN = 10;
/** Above, digits are not taken one by one in whole numbers of 32 bits. */
const MOST_SMALL = 0x7fff_ffff;
const digits = new Uint8Array(TEN);

/** The same as of the number's text, which is not made: most of a row's values are keys. */
function hashNumber(before: number, value: number): number {
  if (value < 0 || value > MOST_SMALL || !Number.isInteger(value)) {
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

/** Goes on from a hash with the codes of a text, and what ends it. */
export function hashText(before: number, text: string): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return Math.imul(hash ^ SEPARATOR, PRIME);
}

/** The same as `hashText` of the text that these bytes are in ASCII. */
export function hashAscii(before: number, bytes: Uint8Array, start: number, stop: number): number {
  let hash = before;
  for (let p = start; p < stop; p++) hash = Math.imul(hash ^ bytes[p]!, PRIME);
  return Math.imul(hash ^ SEPARATOR, PRIME);
}

/** The same as `hashText` of the text that these bytes are in UTF-8; they have to be right. */
export function hashUtf8(before: number, bytes: Uint8Array, start: number, stop: number): number {
  let hash = before;
  let p = start;
  while (p < stop) {
    let code = bytes[p++]!;
    if (code >= 0xf0) {
      // Beyond 16 bits: two code units, the high surrogate first.
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
