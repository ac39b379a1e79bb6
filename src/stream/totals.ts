import type { Client } from 'pg';
import type { TableName } from '../hospital/tables.js';
import { countRows, type TableCounts } from '../postgres/counts.js';
import type { WrittenRows } from '../threads/tally.js';

/**
 * Rows of each table while the run goes on: what a snapshot counted before the first batch, plus
 * what was committed since. Counting may take long and goes on beside the run; the snapshot sees
 * none of its rows however long that is, so the sum is exact.
 */
export class Totals {
  #base: TableCounts | null = null;
  readonly #grown = new Map<TableName, number>();

  /** Takes the snapshot, and returns the counting that goes on in it. */
  async start(client: Client): Promise<() => Promise<void>> {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // The first statement takes the snapshot, BEGIN does not.
    await client.query('SELECT 1');
    return async () => {
      this.#base = await countRows(client);
      await client.query('COMMIT');
    };
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
