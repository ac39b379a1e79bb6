import type { Client } from 'pg';
import { monotonicMs } from '../lib/clock.js';
import { DatabaseError } from './driver.js';
import type { Backend } from './pending.js';

/** The server behind a connection. */
export interface ServerIdentity {
  /** Given at initdb; null where the role may not see it. */
  readonly system_identifier: string | null;
  /** Changes with every failover; null where the role may not see it. */
  readonly timeline: number | null;
  /** `18.4`. */
  readonly version: string;
  readonly database: string;
}

/** What is to be known of a connection. */
export interface ConnectionFacts {
  readonly server: ServerIdentity;
  readonly backend: Backend;
  /** The server's clock minus this machine's, in milliseconds. */
  readonly offsetMs: number;
  /** The server's clock (since 1970) minus `monotonicMs`, which nobody sets, in milliseconds. */
  readonly epochMs: number;
}

/** read_only_sql_transaction. */
const READ_ONLY = '25006';

/** SQL: when the server process began, in whole microseconds, which a double holds exactly. */
export const STARTED_MICROS = '(extract(epoch FROM backend_start) * 1000000)::bigint';

/**
 * The number of the server process as it was told when the connection was made. A pooler tells one that it made up;
 * `pg_backend_pid()` is then another.
 */
export function processIdOf(client: Client): number {
  // Not in the typings.
  return (client as Client & { processID: number | null }).processID ?? 0;
}

/** Asks a connection who is at its other end. */
export async function factsOf(client: Client): Promise<ConnectionFacts> {
  const asked = monotonicMs();
  const { rows } = await client.query<{
    version: string;
    database: string;
    pid: number;
    startedMicros: number;
    now: number;
  }>(
    `SELECT current_setting('server_version') AS version, current_database() AS database, pid,
            ${STARTED_MICROS}::float8 AS "startedMicros",
            extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
  );
  const answered = monotonicMs();
  const here = Date.now() - (answered - asked) / 2;
  const [row] = rows;
  if (row === undefined) throw new Error('a connection that is not in pg_stat_activity');
  const { pid, startedMicros, database } = row;
  const version = row.version.split(' ')[0] ?? row.version;
  const control = await visible<{ id: string }>(
    client,
    'SELECT system_identifier::text AS id FROM pg_control_system()',
  );
  const wal = await visible<{ timeline: string }>(
    client,
    'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline',
  );
  const timeline = wal === null ? null : Number.parseInt(wal.timeline, 16);
  const server = { system_identifier: control?.id ?? null, timeline, version, database };
  const offsetMs = row.now - here;
  const epochMs = row.now - (asked + answered) / 2;
  const pooled = pid !== processIdOf(client);
  const backend = { pid, startedMicros, ...(pooled ? { pooled } : {}) };
  return { server, backend, offsetMs, epochMs };
}

/**
 * The same of a server that may be asked what became of a transaction. Throws what one in recovery
 * answers to a write: it may not have got yet what was committed, so nothing that it says is a verdict.
 */
export async function primaryFactsOf(client: Client): Promise<ConnectionFacts> {
  const { rows } = await client.query<{ standby: boolean }>(
    'SELECT pg_is_in_recovery() AS standby',
  );
  if (rows[0]?.standby !== true) return factsOf(client);
  const error = new DatabaseError('the server is in recovery', 0, 'error');
  error.code = READ_ONLY;
  throw error;
}

/** `same`: nothing speaks against it. `promoted`: of the same origin, after a failover. */
export type ServerRelation = 'same' | 'promoted' | 'other';

/** What a server is to the one that was connected to before. */
export function compareServers(before: ServerIdentity | null, now: ServerIdentity): ServerRelation {
  if (before === null) return 'same';
  const differs = (key: 'system_identifier' | 'timeline') =>
    before[key] !== null && now[key] !== null && before[key] !== now[key];
  if (differs('system_identifier') || before.database !== now.database) return 'other';
  return differs('timeline') ? 'promoted' : 'same';
}

/** The row of a query that a role may not be allowed; null then. */
async function visible<Row extends object>(client: Client, text: string): Promise<Row | null> {
  try {
    return (await client.query<Row>(text)).rows[0] ?? null;
  } catch (error) {
    // insufficient_privilege; or a function that a managed server does not have.
    if (['42501', '42883', '55000'].includes((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}
