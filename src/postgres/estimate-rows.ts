import type { Client } from 'pg';
import type { Table } from '../schema/table.js';

/**
 * Assumed rows a page of a table that was never analyzed. A guess that is too high makes a sample smaller. A patient
 * takes about 180 bytes, a page has 8,192.
 */
const ROWS_PER_PAGE_GUESS = 60;

/** Rows of a table, with its partitions, as the planner would estimate them: density times current size; at least 1. */
export async function estimateRows(client: Client, { name }: Table): Promise<number> {
  const { rows } = await client.query<{ estimate: number }>(
    `SELECT sum(CASE WHEN reltuples > 0 AND relpages > 0 THEN reltuples / relpages ELSE ${ROWS_PER_PAGE_GUESS} END
             * pg_relation_size(oid) / current_setting('block_size')::int)::float8 AS estimate
       FROM pg_class
      WHERE oid = $1::regclass OR oid IN (SELECT relid FROM pg_partition_tree($1::regclass))`,
    [name],
  );
  return Math.max(1, rows[0]?.estimate ?? 1);
}
