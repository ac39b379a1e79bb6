import { EXIT, OperatorError } from '../errors.js';
import { within } from '../lib/clock.js';
import type { Client } from './driver.js';
import { addressOf, type ConnectionTarget } from './target.js';

/** Comparisons of the server process: a busy pooler may return the same one twice by chance. */
const ROUNDS = 3;
/** Limit of the probe: a pooler without a free server connection lets a client wait for minutes. */
export const PROBE_SECONDS = 5;

/** Poolers that were found to keep a server connection for each client, by server, database and user. */
const sessionPoolers = new Set<string>();

/**
 * Throws an `OperatorError` if a pooler assigns server connections per transaction or statement (PgBouncer's
 * `pool_mode`): locks and settings of this session would then apply to other clients. Changes nothing on the server.
 * `open` makes a second connection.
 */
export async function requireOwnSession(
  client: Client,
  target: ConnectionTarget,
  open: () => Promise<Client>,
): Promise<void> {
  const where = addressOf(target);
  const key = JSON.stringify([where, target.database, target.user]);
  if (sessionPoolers.has(key)) return;
  const parts: Probe = { other: null, kept: null };
  try {
    await within(probe(client, open, parts), PROBE_SECONDS * 1000);
  } finally {
    // While a query is running, this closes the socket.
    await parts.other?.end().catch(() => undefined);
  }
  const { kept } = parts;
  if (kept === true) {
    sessionPoolers.add(key);
    return;
  }
  throw new OperatorError(EXIT.state, (m) =>
    kept === false
      ? m.db.poolerShares({ where })
      : m.db.poolerUnclear({ where, seconds: PROBE_SECONDS }),
  );
}

interface Probe {
  other: Client | null;
  /** Each of two clients keeps its own server process; null: not known yet. */
  kept: boolean | null;
}

async function probe(client: Client, open: () => Promise<Client>, found: Probe): Promise<void> {
  try {
    found.other = await open();
    for (let round = 0; round < ROUNDS; round++) {
      const before = await backendPid(client);
      // An open transaction holds its server connection in every mode.
      await found.other.query('BEGIN');
      const held = await backendPid(found.other);
      if (held === before || (await backendPid(client)) !== before) {
        found.kept = false;
        return;
      }
      await found.other.query('ROLLBACK');
    }
    found.kept = true;
  } catch {
    // PgBouncer in statement mode ends a connection that begins a transaction.
    found.kept ??= false;
  }
}

async function backendPid(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}
