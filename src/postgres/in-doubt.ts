import type { Client } from 'pg';
import { monotonicMs, sleep } from '../lib/clock.js';
import { type ServerRelation, STARTED_MICROS } from './identity.js';
import type {
  Backend,
  EnteredPending,
  Fate,
  Pending,
  PendingTransactions,
  Witness,
} from './pending.js';

/** A backend that lost its client notices within this, or the server's own timeouts are far longer. */
const PATIENCE_MS = 10_000;
const POLL_MS = 50;
const INSUFFICIENT_PRIVILEGE = '42501';

/** What became of a transaction, and what the server calls it (xid8 as text), where it told. */
export interface Verdict {
  readonly fate: Fate;
  readonly xid: string | null;
}

/** Told of each verdict as soon as it is found: the connection may be lost again in between. */
export type OnVerdict = (pending: EnteredPending, verdict: Verdict) => void;

/**
 * Settles, in their order, the transactions of a worker whose COMMIT got no answer. `onVerdict` is told
 * of each before it is counted. Those that can't be found out about within `patienceMs` each are
 * `unknown`.
 */
export async function settlePending(
  client: Client,
  account: PendingTransactions,
  onVerdict: OnVerdict,
  { server = 'same' as ServerRelation, patienceMs = PATIENCE_MS } = {},
): Promise<void> {
  account.finishSettling();
  if (account.pending === null) return;
  const over = await endBackend(client, account.backend, patienceMs);
  for (let { pending } = account; pending !== null; pending = account.pending) {
    const verdict: Verdict = over
      ? await verdictOn(client, pending, server, patienceMs)
      : { fate: 'unknown', xid: null };
    // Whoever waits for the answer may have given up on it meanwhile.
    if (account.pending === null) break;
    onVerdict(pending, verdict);
    account.settle(verdict.fate, true);
  }
}

/**
 * Ends the server process of a connection that was lost: until it is gone it may yet read and carry
 * out what it was sent, and it holds what it has locked. One that a pooler lent is only waited for: it may
 * work for another client by now. False when it is still there after
 * `patienceMs`, or may be: of other roles' processes a role sees the number and no more.
 */
export async function endBackend(
  client: Client,
  backend: Backend | null,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  if (backend === null) return true;
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    try {
      const { rowCount } = await client.query(
        `SELECT CASE WHEN backend_start IS NOT NULL AND NOT $3 THEN pg_terminate_backend(pid) END
           FROM pg_stat_activity
          WHERE pid = $1 AND (backend_start IS NULL OR ${STARTED_MICROS} = $2)`,
        [backend.pid, backend.startedMicros, backend.pooled === true],
      );
      if (rowCount === 0) return true;
    } catch (error) {
      if ((error as { code?: string }).code === INSUFFICIENT_PRIVILEGE) return false;
      throw error;
    }
    if (monotonicMs() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/**
 * Finds out about a transaction whose backend is gone. `unknown`: the server has forgotten it, is another
 * one, or is still undecided after `patienceMs`. One that was promoted may have given the
 * transaction's id to another since: then rows alone tell.
 */
export async function verdictOn(
  client: Client,
  { xid, witness }: Pending,
  server: ServerRelation,
  patienceMs = PATIENCE_MS,
): Promise<Verdict> {
  if (server === 'other') return { fate: 'unknown', xid: null };
  if (xid === null || server === 'promoted') return byRow(client, xid, witness);
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const status = await xactStatus(client, xid);
    // A crash can lose ids that were given out but not written yet, and the server gives them to
    // others: the status is then theirs, and only the row tells.
    if (status === 'committed') {
      const fate = (await bearsWitness(client, xid, witness)) ? 'committed' : 'aborted';
      return { fate, xid };
    }
    if (status === 'aborted' || status === 'future') return { fate: 'aborted', xid };
    if (status === null) return byRow(client, xid, witness);
    if (monotonicMs() > deadline) return { fate: 'unknown', xid };
    await sleep(POLL_MS);
  }
}

/** What a row tells by itself: an inserted one for sure, others only as long as nobody else wrote them. */
async function byRow(client: Client, xid: string | null, witness: Witness): Promise<Verdict> {
  const { table, operation, id } = witness;
  const { rows } = await client.query<{ xmin: string; now: string; untouched: boolean }>(
    `SELECT xmin::text, pg_snapshot_xmax(pg_current_snapshot())::text AS now,
            updated_at = created_at AS untouched
       FROM ${table} WHERE id = $1`,
    [id],
  );
  const [row] = rows;
  if (operation === 'delete') return { fate: row === undefined ? 'committed' : 'aborted', xid };
  if (row === undefined) {
    return operation === 'insert' ? { fate: 'aborted', xid } : { fate: 'unknown', xid };
  }
  const writer = fullXid(row.xmin, row.now);
  // Where somebody has changed it since, it bears their name, and that of the transaction nobody knows.
  if (operation === 'insert') {
    return { fate: 'committed', xid: xid ?? (row.untouched ? writer : null) };
  }
  return { fate: writer === xid ? 'committed' : 'unknown', xid };
}

/** The xid8 of a row's 32-bit `xmin`: the last one with these bits that was given out before `now`. */
function fullXid(xmin: string, now: string): string {
  const next = BigInt(now);
  const same = (next & ~0xffff_ffffn) | BigInt(xmin);
  return String(same < next ? same : same - 0x1_0000_0000n);
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
