import type { Client } from 'pg';
import { monotonicMs, sleep } from '../threads/clock.js';

/** A backend that lost its client notices within this, or the server's own timeouts are far longer. */
const PATIENCE_MS = 10_000;
const POLL_MS = 50;

/**
 * What became of a transaction whose COMMIT got no answer. Asks the server until it is decided; a
 * crashed server counts what it had not committed as aborted. `unknown`: the server has forgotten
 * the transaction, never knew it (another server answers now), or is still undecided after 10 s.
 */
export async function transactionFate(
  client: Client,
  xid: string,
): Promise<'committed' | 'aborted' | 'unknown'> {
  const deadline = monotonicMs() + PATIENCE_MS;
  for (;;) {
    const status = await xactStatus(client, xid);
    if (status === 'committed' || status === 'aborted') return status;
    if (status === null || monotonicMs() > deadline) return 'unknown';
    await sleep(POLL_MS);
  }
}

async function xactStatus(client: Client, xid: string): Promise<string | null> {
  try {
    const { rows } = await client.query<{ status: string | null }>(
      'SELECT pg_xact_status($1::xid8) AS status',
      [xid],
    );
    return rows[0]?.status ?? null;
  } catch (error) {
    // 22023: the id lies in the server's future, so this is not the server that gave it.
    if ((error as { code?: string }).code === '22023') return null;
    throw error;
  }
}
