import type { Client } from 'pg';
import { monotonicMs, sleep } from '../threads/clock.js';
import type { Backend, Fate, Pending, Tally, Witness } from '../threads/tally.js';

/** A backend that lost its client notices within this, or the server's own timeouts are far longer. */
const PATIENCE_MS = 10_000;
const POLL_MS = 50;

/**
 * Settles, in their order, the transactions of a tally whose COMMIT got no answer, and tells `onFate`
 * what became of each as soon as it is counted: the connection may be lost again in between. Those
 * that can't be found out about within `patienceMs` each are `unknown`.
 */
export async function settlePending(
  client: Client,
  tally: Tally,
  onFate: (fate: Fate) => void,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  tally.finishSettling();
  if (tally.pending === null) return;
  const over = await endBackend(client, tally.backend, patienceMs);
  for (let { pending } = tally; pending !== null; pending = tally.pending) {
    const fate = over ? await transactionFate(client, pending, patienceMs) : 'unknown';
    // Whoever waits for the answer may have given up on it meanwhile.
    if (tally.pending === null) break;
    tally.settle(fate, true);
    onFate(fate);
  }
}

/**
 * Ends the server process of a connection that was lost: until it is gone it may yet read and carry
 * out what it was sent, and it holds what it has locked. False when it is still there after
 * `patienceMs`.
 */
export async function endBackend(
  client: Client,
  backend: Backend | null,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  if (backend === null) return true;
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid = $1 AND ${STARTED_MICROS} = $2`,
      [backend.pid, backend.startedMicros],
    );
    if (rowCount === 0) return true;
    if (monotonicMs() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/** The server process of a connection. */
export async function backendOf(client: Client): Promise<Backend> {
  const { rows } = await client.query<Backend>(
    `SELECT pid, ${STARTED_MICROS}::float8 AS "startedMicros"
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
  );
  const [backend] = rows;
  if (backend === undefined) throw new Error('a connection that is not in pg_stat_activity');
  return backend;
}

/** SQL: whole microseconds, which a double holds exactly. */
const STARTED_MICROS = '(extract(epoch FROM backend_start) * 1000000)::bigint';

/**
 * Finds out about a transaction whose backend is gone. `unknown`: the server has forgotten it, or is
 * still undecided after `patienceMs`.
 */
async function transactionFate(
  client: Client,
  { xid, witness }: Pending,
  patienceMs: number,
): Promise<Fate> {
  if (xid === null) return (await isThere(client, witness)) ? 'committed' : 'aborted';
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

/** Whether an inserted row is there: its id comes from the sequence, and is nobody else's. */
async function isThere(client: Client, { table, id }: Witness): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT 1 FROM ${table} WHERE id = $1`, [id]);
  return rowCount !== 0;
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
