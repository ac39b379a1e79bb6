import type { Row, TableName } from '../hospital/tables.js';
import type { Operation } from '../threads/tally.js';

/** Two 32-bit hashes in the manner of FNV-1a, with different multipliers: primes that mix well. */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const OTHER_PRIME = 0x85ebca6b;
/** Between the parts of a row, and in place of a null: neither occurs in a value. */
const SEPARATOR = 0x1f;
const NULL = 0x00;

/**
 * A digest of rows that does not depend on their order: the sum of the rows' hashes, in two halves of 32
 * bits. What is hashed of a row: table, operation, and the values that the generator wrote (insert: all
 * columns but `created_at` and `updated_at`, in the order of the table; update: key, then the changed
 * ones; delete: the key), as PostgreSQL prints them (DateStyle ISO), UTF-16 code unit by code unit. It
 * finds mistakes, not forgeries.
 */
export class Digest {
  #high = 0;
  #low = 0;

  add(table: TableName, operation: Operation, row: Row): void {
    let high = BASIS;
    let low = BASIS;
    const mixIn = (code: number) => {
      high = Math.imul(high ^ code, PRIME);
      low = Math.imul(low ^ code, OTHER_PRIME);
    };
    const mixText = (text: string) => {
      for (let i = 0; i < text.length; i++) mixIn(text.charCodeAt(i));
      mixIn(SEPARATOR);
    };
    mixText(table);
    mixText(operation);
    for (const value of row) {
      if (value === null) mixIn(NULL);
      mixText(value === null ? '' : String(value));
    }
    this.#high = (this.#high + finish(high)) >>> 0;
    this.#low = (this.#low + finish(low)) >>> 0;
  }

  /** Sixteen hexadecimal digits. */
  get text(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

/** Lets every bit of a hash move every other one, so that their sums differ in all. */
function finish(hash: number): number {
  let x = hash;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
