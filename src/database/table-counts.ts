import type { Client } from 'pg';
import { TABLE_NAMES, type TableName } from '../schemas/hospital/tables.js';

export type TableCounts = Record<TableName, number>;

/** Rows of every table, all counted in one snapshot. */
export async function countRows(client: Client): Promise<TableCounts> {
  const counts = TABLE_NAMES.map((table) => `(SELECT count(*) FROM ${table})::float8 AS ${table}`);
  const { rows } = await client.query<TableCounts>(`SELECT ${counts.join(', ')}`);
  const counted = rows[0];
  if (counted === undefined) throw new Error('counting answered without a row');
  return counted;
}

/** The sum over all tables. */
export function totalOf(counts: TableCounts): number {
  return TABLE_NAMES.reduce((sum, table) => sum + counts[table], 0);
}
