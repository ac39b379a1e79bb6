import type { Client } from 'pg';
import { keyColumn } from '../schema/key.js';
import { sqlName, type Table } from '../schema/table.js';
import type { IdBlock } from './plan.js';

/**
 * Takes `count` consecutive ids from a table's own sequence. ALTER SEQUENCE (which only an owner may) changes nothing
 * in a sequence that counts by one, but its lock makes every other `nextval` wait until the block is taken.
 */
export async function takeIds(client: Client, table: Table, count: number): Promise<IdBlock> {
  const { name, key, keyKind } = table;
  const sequence = await sequenceOf(client, table);
  // Ids that were written by hand may be ahead of the sequence.
  const free =
    keyKind === 'id' ? `(SELECT coalesce(max(${sqlName(key[0]!)}), 0) + 1 FROM ${name})` : '1';
  await client.query('BEGIN');
  try {
    await client.query(`ALTER SEQUENCE ${sequence} INCREMENT BY 1`);
    const { rows } = await client.query<{ first: string }>(
      `SELECT greatest(nextval($1), ${free}) AS first`,
      [sequence],
    );
    const first = Number(rows[0]?.first);
    await client.query('SELECT setval($1, $2)', [sequence, first + count - 1]);
    await client.query('COMMIT');
    return { table: name, first, count };
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** The sequence that numbers a table's rows, as SQL writes it. */
async function sequenceOf(client: Client, table: Table): Promise<string> {
  const { name, sequence } = table;
  if (sequence !== null) return sequence;
  const column = keyColumn(table);
  const { rows } = await client.query<{ sequence: string }>(
    'SELECT pg_get_serial_sequence($1, $2) AS sequence',
    [name, column],
  );
  return rows[0]?.sequence ?? `${name}_${column}_seq`;
}
