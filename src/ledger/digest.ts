import { mix } from '../random/hash.js';
import type { Operation } from '../schema/changes.js';
import type { Row, TableName } from '../schema/table.js';
import { BASIS, hashText, hashValue } from './value-hash.js';

/**
 * The digest of a transaction in format 1: the sum of the hashes of its rows, modulo 2^32, so their order does not
 * matter. A row is hashed as table, operation and the values that the generator wrote: of an insert all columns but
 * `created_at` and `updated_at`, in the order of the table; of an update the key, then the changed columns; of a
 * delete the key. Finds accidents, not forgeries.
 */
export class Digest {
  #sum = 0;

  add(table: TableName, operation: Operation, row: Row): void {
    this.addHash(hashRow(table, operation, row));
  }

  /** Adds the result of `hashRow`. */
  addHash(hash: number): void {
    this.#sum = (this.#sum + hash) | 0;
  }

  /** Eight hexadecimal digits. */
  get text(): string {
    return (this.#sum >>> 0).toString(16).padStart(8, '0');
  }
}

/** The hash of a row before its values. */
export function beginRow(table: TableName, operation: Operation): number {
  return hashText(hashText(BASIS, table), operation);
}

/** The hash of one row, a signed number of 32 bits. */
export function hashRow(table: TableName, operation: Operation, row: Row): number {
  let hash = beginRow(table, operation);
  for (let i = 0; i < row.length; i++) hash = hashValue(hash, row[i]!);
  return mix(hash);
}
