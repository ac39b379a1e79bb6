import type { Client } from 'pg';
import { monotonicMs, sleep } from '../threads/clock.js';
import type { Pending, Witness } from '../threads/tally.js';

/** A backend that lost its client notices within this, or the server's own timeouts are far longer. */
const PATIENCE_MS = 10_000;
const POLL_MS = 50;

/** What became of a transaction whose COMMIT got no answer. */
export type Fate = 'committed' | 'aborted' | 'unknown';

/**
 * Asks the server about a transaction until it is decided. `unknown`: the server has forgotten it, or
 * is still undecided after `patienceMs`.
 */
export async function transactionFate(
  client: Client,
  { xid, witness }: Pending,
  patienceMs = PATIENCE_MS,
): Promise<Fate> {
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const status = await xactStatus(client, xid);
    // A crash can lose ids that were given out but not written yet, and the server gives them to
    // others: the status is then theirs, and only the row tells.
    if (status === 'committed') {
      return (await bearsWitness(client, xid, witness)) ? 'committed' : 'aborted';
    }
    if (status === 'aborted' || status === 'future') return 'aborted';
    if (status === null || monotonicMs() > deadline) return 'unknown';
    await sleep(POLL_MS);
  }
}

/** `future`: the server has not given this id out, so what had it before a crash is lost. */
async function xactStatus(client: Client, xid: string): Promise<string | null> {
  try {
    const { rows } = await client.query<{ status: string | null }>(
      'SELECT pg_xact_status($1::xid8) AS status',
      [xid],
    );
    return rows[0]?.status ?? null;
  } catch (error) {
    if ((error as { code?: string }).code === '22023') return 'future';
    throw error;
  }
}

/**
 * Whether a row is as the transaction would have left it. Ids of inserted rows are never given twice;
 * an updated one was last written by the transaction, a part of it (a savepoint), or one after it.
 */
async function bearsWitness(client: Client, xid: string, witness: Witness): Promise<boolean> {
  const { table, operation, id } = witness;
  const { rows } = await client.query<{ touched: boolean }>(
    `SELECT age(xmin) <= age($2::xid8::xid) AS touched FROM ${table} WHERE id = $1`,
    [id, xid],
  );
  const row = rows[0];
  if (operation === 'delete') return row === undefined;
  return row !== undefined && (operation === 'insert' || row.touched);
}
