import type { Client } from 'pg';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

/**
 * The oids of the run's tables as text, in their order; null for a missing table. A table that was dropped and created
 * again has another oid.
 */
export type TableOids = readonly (string | null)[];

export async function readTableOids(client: Client, tables: Tables): Promise<TableOids> {
  const { rows } = await client.query<{ oid: string | null }>(
    'SELECT to_regclass(name)::oid::text AS oid FROM unnest($1::text[]) AS t (name)',
    [tables.names],
  );
  return rows.map(({ oid }) => oid);
}

/** Code of `TablesGone`. */
export const TABLES_GONE = 'TABLES_GONE';

/** Tables were dropped, or dropped and created again, since the run began. */
export class TablesGone extends Error {
  readonly code = TABLES_GONE;
  readonly tables: readonly TableName[];

  constructor(tables: readonly TableName[]) {
    super(`tables were dropped or made anew: ${tables.join(', ')}`);
    this.name = 'TablesGone';
    this.tables = tables;
  }
}

/** Throws `TablesGone` unless the tables are the expected ones. */
export async function requireTables(
  client: Client,
  tables: Tables,
  expected: TableOids,
): Promise<void> {
  const now = await readTableOids(client, tables);
  const gone = tables.names.filter((_, i) => now[i] !== expected[i]);
  if (gone.length > 0) throw new TablesGone(gone);
}
