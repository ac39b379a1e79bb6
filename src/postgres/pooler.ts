import { EXIT, OperatorError } from '../errors.js';
import { within } from '../lib/clock.js';
import type { Client } from './driver.js';
import { placeOf } from './failures.js';
import type { ConnectionTarget } from './target.js';

/** Looks at the server process; a pooler under load may by chance give the same one twice. */
const ROUNDS = 3;
/** A pooler without a free server connection lets a client wait for minutes; no longer than this for it. */
export const PROBE_SECONDS = 5;

/** Places where a pooler was found to keep a server connection for each client. */
const keeping = new Set<string>();

/**
 * Throws an `OperatorError` where a pooler hands its server connections from transaction to transaction
 * (PgBouncer's `pool_mode` transaction or statement). Locks, settings and snapshots of a session would then be
 * left to other clients. Nothing is changed on the server. `open` makes a second connection.
 */
export async function requireOwnSession(
  client: Client,
  target: ConnectionTarget,
  open: () => Promise<Client>,
): Promise<void> {
  const where = placeOf(target);
  const place = JSON.stringify([where, target.database, target.user]);
  if (keeping.has(place)) return;
  const parts: Probe = { other: null, kept: null };
  try {
    await within(probe(client, open, parts), PROBE_SECONDS * 1000);
  } finally {
    // With a query under way this cuts the connection.
    await parts.other?.end().catch(() => undefined);
  }
  const { kept } = parts;
  if (kept === true) {
    keeping.add(place);
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
  /** Two clients have a server process each, and keep it while the other one works. */
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
