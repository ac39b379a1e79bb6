import type { Client } from 'pg';
import { TABLE_NAMES, type TableName } from '../legacy/tables.js';

export type TableCounts = Record<TableName, number>;

/** Counts the rows of every table, in one snapshot. */
export async function countRows(client: Client): Promise<TableCounts> {
  const counts = TABLE_NAMES.map((table) => `(SELECT count(*) FROM ${table})::float8 AS ${table}`);
  const { rows } = await client.query<TableCounts>(`SELECT ${counts.join(', ')}`);
  const counted = rows[0];
  if (counted === undefined) throw new Error('counting answered without a row');
  return counted;
}

export function totalOf(counts: TableCounts): number {
  return TABLE_NAMES.reduce((sum, table) => sum + counts[table], 0);
}
