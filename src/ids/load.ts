import type { Client } from 'pg';
import { PARENT_TABLES, type ParentTable } from '../legacy/tables.js';
import { parseNumbers } from '../postgres/statements.js';
import type { IdCache } from './cache.js';
import { sinceSql } from './known-id.js';

/** Ids above this lose digits as JavaScript numbers and are left out of the cache. */
const LARGEST_ID = Number.MAX_SAFE_INTEGER;

/**
 * Assumed rows a page of a table that was never analyzed. A guess that is too high makes the sample
 * smaller. A patient takes about 180 bytes, a page has 8,192.
 */
const ROWS_PER_PAGE_GUESS = 60;

/** The sample is drawn a little larger than the cache, since block sampling varies. */
const SAMPLE_MARGIN = 1.1;

/**
 * A sample may be this many times as large as the cache, which then keeps a random part of it. A limit at
 * the cache's size would leave out the table's end.
 */
const MOST_SAMPLED = 3;

/**
 * A sample that fills less than this part of the cache shows that the estimate was far too high: most rows
 * of the table are dead, and the table may fit.
 */
const POOR_SAMPLE = 0.1;

/**
 * Fills the cache from the database. Tables that fit are read whole; of larger ones a block sample
 * is read, so that neither memory nor start-up grow with the table.
 */
export async function loadIds(client: Client, cache: IdCache): Promise<void> {
  for (const table of PARENT_TABLES) await loadTable(client, cache, table);
}

async function loadTable(client: Client, cache: IdCache, table: ParentTable): Promise<void> {
  const estimated = await estimateRows(client, table);
  const percent = (100 * SAMPLE_MARGIN * cache.capacity) / estimated;
  const since = sinceSql(table);
  const read = async (sample: string, limit: number) => {
    // As two arrays: a hundred thousand rows would take the driver longer than the rest of the start.
    const { rows } = await client.query<{ ids: string | null; since: string | null }>(
      `SELECT array_agg(id)::text AS ids, array_agg(since)::text AS since
         FROM (SELECT id, ${since} AS since FROM ${table} ${sample}
                WHERE id <= ${LARGEST_ID} LIMIT ${limit}) AS known`,
    );
    return {
      ids: parseNumbers(rows[0]?.ids ?? null),
      since: parseNumbers(rows[0]?.since ?? null),
    };
  };
  const nothing = { ids: [], since: [] };
  let known =
    percent < 100
      ? await read(`TABLESAMPLE SYSTEM (${percent})`, MOST_SAMPLED * cache.capacity)
      : nothing;
  const whole = known.ids.length < cache.capacity * POOR_SAMPLE;
  if (whole) known = await read('', cache.capacity);
  for (const [i, id] of known.ids.entries()) cache.add(table, { id, since: known.since[i] ?? 0 });
  const { length } = known.ids;
  cache.sampledFrom(table, whole && length < cache.capacity ? length : estimated);
}

/** Rows of a table as the planner would estimate them: density times current size. */
async function estimateRows(client: Client, table: ParentTable): Promise<number> {
  const { rows } = await client.query<{ estimate: number }>(
    `SELECT (CASE WHEN reltuples > 0 AND relpages > 0 THEN reltuples / relpages ELSE ${ROWS_PER_PAGE_GUESS} END
             * pg_relation_size(oid) / current_setting('block_size')::int)::float8 AS estimate
       FROM pg_class WHERE oid = $1::regclass`,
    [table],
  );
  return Math.max(1, rows[0]?.estimate ?? 1);
}
