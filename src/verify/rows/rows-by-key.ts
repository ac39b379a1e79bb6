import type { Client } from 'pg';
import { keyIsIn, keyParameters } from '../../postgres/key-sql.js';
import { keyOfTexts } from '../../schema/key.js';
import { type Key, sqlName, type Table } from '../../schema/table.js';

/** Rows of a query. */
export const ROWS_PER_QUERY = 5_000;

/** A row in the database, as PostgreSQL prints its values. */
export interface StoredRow {
  /** As in events, but ids as text. */
  readonly key: string;
  readonly xmin: string;
  readonly values: readonly (string | null)[];
}

/** Hands out values as the server prints them: a cast to text would drop the blanks of a `char(n)`. */
const AS_PRINTED = { getTypeParser: () => (text: string) => text };

/**
 * The rows of a table with these keys, as far as they exist, in no order.
 *
 * @param columns to read besides key and `xmin`, by name
 */
export async function rowsByKey(
  client: Client,
  table: Table,
  keys: readonly Key[],
  columns: readonly string[] = [],
): Promise<StoredRow[]> {
  const { key } = table;
  const list = [...key.map(sqlName), 'xmin', ...columns.map(sqlName)].join(', ');
  const { rows } = await client.query<[string, ...string[]]>({
    text: `SELECT ${list} FROM ${table.name} WHERE ${keyIsIn(table)}`,
    values: keyParameters(table, keys),
    rowMode: 'array',
    types: AS_PRINTED as never,
  });
  return rows.map((row) => ({
    key: keyOfTexts(row.slice(0, key.length)),
    xmin: row[key.length]!,
    values: row.slice(key.length + 1),
  }));
}
