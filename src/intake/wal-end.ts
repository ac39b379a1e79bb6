import { parseLsn } from '../cdc/lsn.js';
import type { Client } from '../postgres/driver.js';
import { monotonicMs, sleep } from '../threads/clock.js';

/** The WAL writer writes a commit that nobody waits for out within three of its rounds. */
const ROUNDS = 4;
const POLL_MS = 5;

/**
 * A position, in bytes, behind every transaction whose commit was answered before the call, also with
 * `synchronous_commit` off, and up to which a slot can be read. Waits for the WAL writer where it has to.
 */
export async function currentWalLsn(client: Client): Promise<number> {
  const { inserted, delayMs } = await look(client);
  const end = monotonicMs() + ROUNDS * delayMs;
  for (;;) {
    // A slot is read up to what is flushed. Behind it may be rows of transactions that are open still.
    const { flushed } = await look(client);
    if (flushed >= inserted || monotonicMs() > end) return Number(flushed);
    await sleep(POLL_MS);
  }
}

async function look(client: Client) {
  const { rows } = await client.query<{ inserted: string; flushed: string; delay: number }>(
    `SELECT pg_current_wal_insert_lsn()::text AS inserted, pg_current_wal_flush_lsn()::text AS flushed,
            (SELECT setting::int FROM pg_settings WHERE name = 'wal_writer_delay') AS delay`,
  );
  const { inserted, flushed, delay } = rows[0] ?? { inserted: '', flushed: '', delay: 0 };
  return { inserted: lsnOf(inserted), flushed: lsnOf(flushed), delayMs: delay };
}

function lsnOf(text: string): bigint {
  const lsn = parseLsn(text);
  if (lsn === null) throw new Error(`the server says ${JSON.stringify(text)} for an LSN`);
  return lsn;
}
