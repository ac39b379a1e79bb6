import type { Client } from 'pg';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

export type TableCounts = Record<TableName, number>;

/** Counts the rows of every table, in one snapshot. */
export async function countRows(client: Client, tables: Tables): Promise<TableCounts> {
  const counts = tables.map(({ name }) => `(SELECT count(*) FROM ${name})::float8`);
  const { rows } = await client.query<number[]>({
    text: `SELECT ${counts.join(', ')}`,
    rowMode: 'array',
  });
  const counted = rows[0];
  if (counted === undefined) throw new Error('counting answered without a row');
  return tables.record(({ code }) => counted[code]!);
}

export function totalOf(counts: TableCounts): number {
  return Object.values(counts).reduce((sum, rows) => sum + rows, 0);
}
