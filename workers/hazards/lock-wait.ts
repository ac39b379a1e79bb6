import type { Client } from 'pg';

/**
 * How long a hazard waits for the lock of a table. Every writer of the table waits with it, so a transaction that stays
 * open must not make it wait: it gives up, and tries again at its next moment. Less than `deadlock_timeout` (1 s): it
 * gives up before a batch becomes the victim.
 */
const LOCK_WAIT_MS = 500;

/** Limits the waits of the transaction for locks. */
export async function limitWait(client: Client): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
}
