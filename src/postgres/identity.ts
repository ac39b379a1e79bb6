import type { Client } from 'pg';
import { monotonicMs } from '../lib/clock.js';
import { DatabaseError } from './driver.js';
import type { Backend } from './pending.js';
import { hasSqlstate, SQLSTATE } from './sqlstate.js';

/** The server behind a connection. */
export interface ServerIdentity {
  /** Assigned by initdb; null if the role may not see it. */
  readonly system_identifier: string | null;
  /** Changes with every failover; null if the role may not see it. */
  readonly timeline: number | null;
  /** `18.4`. */
  readonly version: string;
  readonly database: string;
}

/** A connection's server and server process, and the offsets of its clock. */
export interface ConnectionIdentity {
  readonly server: ServerIdentity;
  readonly backend: Backend;
  /** The server's clock minus this machine's, in milliseconds. */
  readonly offsetMs: number;
  /** The server's clock (since 1970) minus `monotonicMs`, in milliseconds. */
  readonly epochMs: number;
}

/** SQL: start of the server process in whole microseconds since 1970, which a double holds exactly. */
export const STARTED_MICROS = '(extract(epoch FROM backend_start) * 1000000)::bigint';

/** The pid that the connection's start-up reported. Behind a pooler it is made up, and not `pg_backend_pid()`. */
export function processIdOf(client: Client): number {
  // Not in the typings.
  return (client as Client & { processID: number | null }).processID ?? 0;
}

/** Asks the server for its identity, its process of this connection, and its clock. */
export async function identify(client: Client): Promise<ConnectionIdentity> {
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
  const control = await ifAllowed<{ id: string }>(
    client,
    'SELECT system_identifier::text AS id FROM pg_control_system()',
  );
  const wal = await ifAllowed<{ timeline: string }>(
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
 * The same for a server that is to decide the fate of a transaction. Throws read_only_sql_transaction if it is in
 * recovery: a standby may not have replayed the COMMIT yet, so its answer would prove nothing.
 */
export async function identifyPrimary(client: Client): Promise<ConnectionIdentity> {
  const { rows } = await client.query<{ standby: boolean }>(
    'SELECT pg_is_in_recovery() AS standby',
  );
  if (rows[0]?.standby !== true) return identify(client);
  const error = new DatabaseError('the server is in recovery', 0, 'error');
  error.code = SQLSTATE.READ_ONLY_SQL_TRANSACTION;
  throw error;
}

/** `same`: no visible difference. `promoted`: the same cluster after a failover. */
export type ServerRelation = 'same' | 'promoted' | 'other';

/** Compares a server with the one of an earlier connection. */
export function compareServers(before: ServerIdentity | null, now: ServerIdentity): ServerRelation {
  if (before === null) return 'same';
  const differs = (key: 'system_identifier' | 'timeline') =>
    before[key] !== null && now[key] !== null && before[key] !== now[key];
  if (differs('system_identifier') || before.database !== now.database) return 'other';
  return differs('timeline') ? 'promoted' : 'same';
}

/** A managed server may lack a function, or refuse it by another code. */
const NOT_ALLOWED = [
  SQLSTATE.INSUFFICIENT_PRIVILEGE,
  SQLSTATE.UNDEFINED_FUNCTION,
  SQLSTATE.OBJECT_NOT_IN_PREREQUISITE_STATE,
];

/** The row of a query; null if the role may not run it. */
async function ifAllowed<Row extends object>(client: Client, text: string): Promise<Row | null> {
  try {
    return (await client.query<Row>(text)).rows[0] ?? null;
  } catch (error) {
    if (hasSqlstate(error, ...NOT_ALLOWED)) return null;
    throw error;
  }
}
