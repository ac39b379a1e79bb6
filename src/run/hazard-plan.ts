import type { Client } from 'pg';
import type { Hazards } from '../hazards/hazards.js';
import type { SharedRows } from '../ledger/recorded-schema.js';
import { keyColumn } from '../schema/key.js';
import type { Schema } from '../schema/schema.js';
import { sqlName } from '../schema/table.js';
import type { HazardPlan } from './protocol.js';

/** Rows that all connections fight over: enough to differ from one row, few enough that they meet. */
const HOT_ROWS = 64;

/** The hazards of a run, with the rows that they share; null: it has none. */
export async function planHazards(
  client: Client,
  schema: Schema,
  hazards: Hazards,
): Promise<HazardPlan | null> {
  if (Object.keys(hazards).length === 0) return null;
  const isHot = hazards['hot-keys'] !== undefined;
  return { hazards, hotRows: isHot ? await readHotRows(client, schema) : [] };
}

/** The rows that a plan shares, for the ledger; null: the run has no hazards. */
export function sharedRows(
  { hazards: { hot } }: Schema,
  plan: HazardPlan | null,
): SharedRows | null {
  if (plan === null) return null;
  return hot === null ? {} : { [hot.table]: plan.hotRows };
}

/** The lowest ids that exist: rows from before the run. */
async function readHotRows(client: Client, { hazards, tables }: Schema): Promise<number[]> {
  if (hazards.hot === null) return [];
  const table = tables.get(hazards.hot.table);
  const key = sqlName(keyColumn(table));
  const { rows } = await client.query<{ id: string }>(
    `SELECT ${key}::text AS id FROM ${table.name} ORDER BY ${key} LIMIT ${HOT_ROWS}`,
  );
  return rows.map(({ id }) => Number(id));
}
