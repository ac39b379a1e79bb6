import type { Client } from 'pg';
import { estimateRows } from '../postgres/estimate-rows.js';
import { parseNumbers } from '../postgres/statements.js';
import { sqlName, type Table } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import type { IdCache } from './cache.js';
import { sinceSql } from './known-id.js';

/** Ids above this lose digits as JavaScript numbers and are left out of the cache. */
const LARGEST_ID = Number.MAX_SAFE_INTEGER;

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
export async function loadIds(client: Client, cache: IdCache, tables: Tables): Promise<void> {
  for (const table of tables.parents) await loadTable(client, cache, table);
}

async function loadTable(client: Client, cache: IdCache, table: Table): Promise<void> {
  const estimated = await estimateRows(client, table);
  const percent = (100 * SAMPLE_MARGIN * cache.capacity) / estimated;
  const { name } = table;
  const since = sinceSql(table);
  const id = sqlName(table.key[0]!);
  const read = async (sample: string, limit: number) => {
    // As two arrays: a hundred thousand rows would take the driver longer than the rest of the start.
    const { rows } = await client.query<{ ids: string | null; since: string | null }>(
      `SELECT array_agg(id)::text AS ids, array_agg(since)::text AS since
         FROM (SELECT ${id} AS id, ${since} AS since FROM ${name} ${sample}
                WHERE ${id} <= ${LARGEST_ID} LIMIT ${limit}) AS known`,
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
  for (const [i, id] of known.ids.entries()) cache.add(name, { id, since: known.since[i] ?? 0 });
  const { length } = known.ids;
  cache.sampledFrom(name, whole && length < cache.capacity ? length : estimated);
}
