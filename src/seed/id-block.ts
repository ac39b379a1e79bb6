import type { Client } from 'pg';
import type { TableName } from '../legacy/tables.js';
import type { IdBlock } from './plan.js';

/**
 * Takes `count` consecutive ids from a table's own sequence. ALTER SEQUENCE (which only an owner may) changes nothing
 * in a sequence that counts by one, but its lock makes every other `nextval` wait until the block is taken.
 */
export async function takeIds(client: Client, table: TableName, count: number): Promise<IdBlock> {
  const { rows: found } = await client.query<{ sequence: string }>(
    "SELECT pg_get_serial_sequence($1, 'id') AS sequence",
    [table],
  );
  const sequence = found[0]?.sequence ?? `${table}_id_seq`;
  await client.query('BEGIN');
  try {
    await client.query(`ALTER SEQUENCE ${sequence} INCREMENT BY 1`);
    const { rows } = await client.query<{ first: string }>(
      `SELECT greatest(nextval($1), (SELECT coalesce(max(id), 0) + 1 FROM ${table})) AS first`,
      [sequence],
    );
    const first = Number(rows[0]?.first);
    await client.query('SELECT setval($1, $2)', [sequence, first + count - 1]);
    await client.query('COMMIT');
    return { table, first, count };
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
