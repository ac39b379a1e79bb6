import type { Client } from 'pg';
import { TABLE_NAMES, type TableName } from '../hospital/tables.js';
import { countRows, type TableCounts } from '../postgres/counts.js';
import type { WrittenRows } from '../threads/tally.js';

/** Tables of this size, all together, are counted in a few dozen milliseconds. */
const QUICK_BYTES = 64 * 1024 * 1024;

/**
 * Rows of each table while the run goes on: what a snapshot counted before the first batch, plus
 * what was committed since. Counting may take long and goes on beside the run; the snapshot sees
 * none of its rows however long that is, so the sum is exact.
 */
export class Totals {
  #base: TableCounts | null = null;
  readonly #grown = new Map<TableName, number>();

  /**
   * Takes the snapshot, and returns the counting that goes on in it. `quick`: the tables are small,
   * and counting them delays nobody.
   */
  async start(client: Client): Promise<{ count: () => Promise<void>; quick: boolean }> {
    // One core: counting has time, and the run has not.
    await client.query(
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL max_parallel_workers_per_gather = 0',
    );
    // The first query takes the snapshot, BEGIN does not.
    const { rows } = await client.query<{ bytes: number }>(
      `SELECT ${TABLE_NAMES.map((table) => `pg_relation_size('${table}')`).join(' + ')}::float8 AS bytes`,
    );
    const count = async () => {
      this.#base = await countRows(client);
      await client.query('COMMIT');
    };
    return { count, quick: (rows[0]?.bytes ?? 0) <= QUICK_BYTES };
  }

  add({ table, operation, count }: WrittenRows): void {
    if (operation === 'update') return;
    const growth = operation === 'insert' ? count : -count;
    this.#grown.set(table, (this.#grown.get(table) ?? 0) + growth);
  }

  /** Rows of a table now; null while the tables are still being counted. */
  of(table: TableName): number | null {
    return this.#base === null ? null : this.#base[table] + (this.#grown.get(table) ?? 0);
  }
}
