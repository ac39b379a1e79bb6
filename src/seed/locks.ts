import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { monotonicMs, sleep } from '../threads/clock.js';

/*
 * Advisory locks, so that they end with the session that holds them, however that ends. Their keys
 * are words in ASCII.
 */

/** Held by the one seed of a database: 'seed'. */
const SEED_LOCK = 0x73656564;
/** Shared by the sessions that write its rows: 'copy'. */
const COPY_LOCK = 0x636f7079;

/** The session of a seed that was killed ends a moment after it. */
const LAST_MOMENT_MS = 2_000;
/** A chunk that was sent whole takes seconds at most to be committed, also on a busy server. */
const LEFTOVERS_MS = 60_000;
const POLL_MS = 50;

/**
 * Makes this session the one that seeds its database. A seed that was killed may have left chunks
 * that the server is still taking in: waits for them, since what is missing cannot be counted
 * before. Throws an `OperatorError` when another seed is under way.
 */
export async function lockSeed(client: Client): Promise<void> {
  const alone =
    (await lockWithin(client, SEED_LOCK, LAST_MOMENT_MS)) &&
    (await lockWithin(client, COPY_LOCK, LEFTOVERS_MS));
  if (!alone) throw new OperatorError(EXIT.state, (m) => m.seed.alreadyRunning());
  await client.query('SELECT pg_advisory_unlock($1)', [COPY_LOCK]);
}

/** Marks a session as one that writes rows of a seed. */
export async function joinSeed(client: Client): Promise<void> {
  await client.query('SELECT pg_advisory_lock_shared($1)', [COPY_LOCK]);
}

/** Takes a lock; false when that does not succeed in time. */
async function lockWithin(client: Client, key: number, patienceMs: number): Promise<boolean> {
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS locked',
      [key],
    );
    if (rows[0]?.locked === true) return true;
    if (monotonicMs() > deadline) return false;
    await sleep(POLL_MS);
  }
}
