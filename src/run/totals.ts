import type { Client } from 'pg';
import { countRows } from '../database/table-counts.js';
import { sleep } from '../lib/clock.js';
import type { WrittenRows } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

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
  readonly #tables: Tables;
  readonly #quickPages: number;
  #base: Readonly<Record<TableName, number>> | null = null;
  readonly #grown = new Map<TableName, number>();
  readonly #forgotten = new Set<TableName>();

  /** @param quickPages pages of all tables together that are counted before the run */
  constructor(tables: Tables, quickPages = QUICK_PAGES) {
    this.#tables = tables;
    this.#quickPages = quickPages;
  }

  /**
   * Takes the snapshot, and returns the function that counts in it. `quick`: the tables are small enough to be
   * counted before the run.
   */
  async start(client: Client): Promise<{ count: () => Promise<void>; quick: boolean }> {
    await client.query(
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL max_parallel_workers_per_gather = 0',
    );
    // The first query takes the snapshot, BEGIN does not.
    const pages = await countPages(client, this.#tables);
    const all = pages.reduce((sum, { total }) => sum + total, 0);
    const quick = all <= this.#quickPages;
    const count = async () => {
      this.#base = quick
        ? await countRows(client, this.#tables)
        : await countSlowly(client, this.#tables, pages);
      await client.query('COMMIT');
    };
    return { count, quick };
  }

  add({ table, operation, count }: WrittenRows): void {
    if (operation === 'update') return;
    this.grow(table, operation === 'insert' ? count : -count);
  }

  /** `rows`: below 0 where the table lost some. */
  grow(table: TableName, rows: number): void {
    this.#grown.set(table, (this.#grown.get(table) ?? 0) + rows);
  }

  /** A table was truncated: how many rows it has is unknown from then on. */
  forget(table: TableName): void {
    this.#forgotten.add(table);
  }

  /** Rows of a table now; null while the tables are still being counted, or once it was truncated. */
  of(table: TableName): number | null {
    if (this.#forgotten.has(table)) return null;
    return this.#base === null ? null : this.#base[table]! + (this.#grown.get(table) ?? 0);
  }
}

/** Pages of a table. `longest`: of its largest partition; the same without partitions. */
interface Pages {
  readonly total: number;
  readonly longest: number;
}

/** Pages of each table, in the order of the tables. Pages that are added later hold no row of the snapshot. */
async function countPages(client: Client, tables: Tables): Promise<Pages[]> {
  const { rows } = await client.query<Pages>(
    `SELECT coalesce(sum(pages), 0)::float8 AS total, coalesce(max(pages), 0)::float8 AS longest
       FROM unnest($1::text[]) WITH ORDINALITY AS t (name, place)
      CROSS JOIN LATERAL (
            SELECT pg_relation_size(t.name) UNION ALL
            SELECT pg_relation_size(relid) FROM pg_partition_tree(t.name) WHERE isleaf) AS s (bytes)
      CROSS JOIN LATERAL (SELECT bytes / current_setting('block_size')::float8) AS p (pages)
      GROUP BY place ORDER BY place`,
    [tables.names],
  );
  return rows;
}

/** Counts the rows slice by slice, by their position in the table or in all of its partitions (ctid). */
async function countSlowly(
  client: Client,
  tables: Tables,
  pages: readonly Pages[],
): Promise<Record<TableName, number>> {
  const counts = tables.record(() => 0);
  for (const { name, code } of tables) {
    for (let page = 0; page < (pages[code]?.longest ?? 0); page += SLICE_PAGES) {
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*)::float8 AS count FROM ${name}
          WHERE ctid >= '(${page},0)' AND ctid < '(${page + SLICE_PAGES},0)'`,
      );
      counts[name]! += rows[0]?.count ?? 0;
      await sleep(PAUSE_MS);
    }
  }
  return counts;
}
