import type { Client } from 'pg';
import { countRows, type TableCounts } from '../database/table-counts.js';
import type { WrittenRows } from '../legacy/changes.js';
import { TABLE_NAMES, type TableName } from '../legacy/tables.js';
import { sleep } from '../lib/clock.js';
import { schemaWith } from '../schemas/index.js'; // seam

/** Pages of all tables together, 64 MB, that are counted in a few dozen milliseconds. */
const QUICK_PAGES = 8192;
/** Larger tables are counted in slices of so many pages, about 10 ms of one core each, … */
const SLICE_PAGES = 1024;
/** … with pauses in between, which leave the server to the run. */
const PAUSE_MS = 100;

/**
 * Rows of each table while the run goes on: the rows of a snapshot from before the first batch, plus
 * the rows committed since. Counting may take long and goes on beside the run; the snapshot never sees
 * the run's rows, so the sum is exact.
 */
export class Totals {
  #base: TableCounts | null = null;
  readonly #grown = new Map<TableName, number>();

  /**
   * Takes the snapshot, and returns the function that counts in it. `quick`: the tables are small enough to be
   * counted before the run.
   */
  async start(client: Client): Promise<{ count: () => Promise<void>; quick: boolean }> {
    await client.query(
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL max_parallel_workers_per_gather = 0',
    );
    // The first query takes the snapshot, BEGIN does not.
    const pages = await countPages(client);
    const all = TABLE_NAMES.reduce((sum, table) => sum + pages[table]!, 0);
    const quick = all <= QUICK_PAGES;
    const count = async () => {
      this.#base = quick
        ? await countRows(client, schemaWith([]).tables)
        : await countSlowly(client, pages);
      await client.query('COMMIT');
    };
    return { count, quick };
  }

  add({ table, operation, count }: WrittenRows): void {
    if (operation === 'update') return;
    const growth = operation === 'insert' ? count : -count;
    this.#grown.set(table, (this.#grown.get(table) ?? 0) + growth);
  }

  /** Rows of a table now; null while the tables are still being counted. */
  of(table: TableName): number | null {
    return this.#base === null ? null : this.#base[table]! + (this.#grown.get(table) ?? 0);
  }
}

/** Pages of each table. Pages that are added later hold no row of the snapshot. */
async function countPages(client: Client): Promise<TableCounts> {
  const sizes = TABLE_NAMES.map(
    (table) => `pg_relation_size('${table}') / current_setting('block_size')::float8 AS ${table}`,
  );
  const { rows } = await client.query<TableCounts>(`SELECT ${sizes.join(', ')}`);
  const [pages] = rows;
  if (pages === undefined) throw new Error('the sizes of the tables were answered without a row');
  return pages;
}

/** Counts the rows slice by slice, by their position in the table (ctid). */
async function countSlowly(client: Client, pages: TableCounts): Promise<TableCounts> {
  const counts = Object.fromEntries(TABLE_NAMES.map((table) => [table, 0])) as TableCounts;
  for (const table of TABLE_NAMES) {
    for (let page = 0; page < pages[table]!; page += SLICE_PAGES) {
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*)::float8 AS count FROM ${table}
          WHERE ctid >= '(${page},0)' AND ctid < '(${page + SLICE_PAGES},0)'`,
      );
      counts[table]! += rows[0]?.count ?? 0;
      await sleep(PAUSE_MS);
    }
  }
  return counts;
}
