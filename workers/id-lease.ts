import type { Client } from 'pg';
import { parseNumbers } from '../src/postgres/statements.js';
import type { TableName } from '../src/schemas/hospital/tables.js';

/** Batches that one lease lasts for: one round trip in twenty batches. */
const BATCHES_PER_LEASE = 20;
/** Ids of the smallest lease, so that batches of one event do not ask all the time. */
const SMALLEST_LEASE = 200;

/** Where the ids of new rows come from. */
export interface IdSource {
  next(): number;
}

/** Told of the ids that were taken, before any of them is used. */
export type OnLease = (table: TableName, ids: readonly number[]) => void;

/**
 * Ids taken from the table's own sequence in blocks: known before the row is made, never given
 * twice, whoever else writes. What is left of a lease at the end is a gap, as any rollback makes.
 */
export class IdLease implements IdSource {
  readonly #table: TableName;
  readonly #size: number;
  readonly #onLease: OnLease;
  #ids: number[] = [];
  #next = 0;

  constructor(table: TableName, batchSize: number, onLease: OnLease) {
    this.#table = table;
    this.#onLease = onLease;
    this.#size = Math.max(SMALLEST_LEASE, batchSize * BATCHES_PER_LEASE);
  }

  /** Makes sure that the next `count` calls of `next` have an id. */
  async reserve(client: Client, count: number): Promise<void> {
    if (this.#ids.length - this.#next >= count) return;
    const { rows } = await client.query<{ ids: string }>({
      name: `lease-${this.#table}`,
      // The subquery finds the sequence once, not again for each id.
      text: `SELECT array_agg(nextval((SELECT pg_get_serial_sequence('${this.#table}', 'id')::regclass)))::text AS ids
               FROM generate_series(1, $1::int)`,
      values: [Math.max(this.#size, count)],
    });
    const leased = parseNumbers(rows[0]?.ids ?? null);
    this.#onLease(this.#table, leased);
    this.#ids = [...this.#ids.slice(this.#next), ...leased];
    this.#next = 0;
  }

  next(): number {
    const id = this.#ids[this.#next++];
    if (id === undefined) throw new Error(`no id reserved for ${this.#table}`);
    return id;
  }
}
