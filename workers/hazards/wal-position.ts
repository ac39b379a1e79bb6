import type { Client } from 'pg';

/** The position at which the server writes to the WAL, as PostgreSQL prints it. */
export async function insertPosition(client: Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>(
    'SELECT pg_current_wal_insert_lsn()::text AS lsn',
  );
  return rows[0]!.lsn;
}
