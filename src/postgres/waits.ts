import type { Client } from './driver.js';

/** Follows the application name of the watched sessions in that of the watching connection. */
const SUFFIX = ' (waits)';
/** A server keeps 63 bytes of an application name (NAMEDATALEN - 1). */
const KEPT_BYTES = 63 - SUFFIX.length;

/** The application name of the connection that watches the sessions of `application`. */
export function watcherName(application: string): string {
  return `${Buffer.from(application).subarray(0, KEPT_BYTES)}${SUFFIX}`;
}

/** SQL: the same for a name as the server keeps it. */
export function watcherNameOf(expression: string): string {
  return `left(${expression}, ${KEPT_BYTES}) || '${SUFFIX}'`;
}

/** Shorter waits for locks are normal and not reported. */
const NOTABLE_SECONDS = 2;
/** Tolerance for a difference between the server's clock and this machine's. */
const SLACK_SECONDS = 1;

/** A wait of this program's sessions: its cause and its length. */
export type Wait =
  | {
      readonly kind: 'standby';
      readonly seconds: number;
      /** `synchronous_standby_names`. */
      readonly names: string;
    }
  | {
      readonly kind: 'lock';
      readonly seconds: number;
      /** The table of a table lock; null for a row lock or an advisory lock. */
      readonly table: string | null;
      readonly holders: readonly Holder[];
      /** `lock_timeout`, as the server writes it; `0`: none. */
      readonly timeout: string;
    };

/** A session that holds the lock. */
export interface Holder {
  /** 0 for a prepared transaction, which has no session. */
  readonly pid: number;
  readonly application: string;
  /** For example `idle in transaction`; null if the role may not see it. */
  readonly state: string | null;
}

/** A waiting session, as the query returns it. */
export interface FoundWait {
  readonly pid: number;
  readonly standby: boolean;
  readonly seconds: number;
  readonly names: string;
  readonly table: string | null;
  readonly timeout: string;
  /** Result of `pg_blocking_pids`; 0 for a prepared transaction. */
  readonly blockers: readonly number[];
  readonly holders: readonly (Holder & { readonly waits: boolean })[] | null;
}

/** SQL: whether a session waits for a synchronous standby or a lock. `a`: its row of pg_stat_activity. */
export const IS_WAITING = isWaiting('a');

function isWaiting(session: string): string {
  return `(${session}.wait_event = 'SyncRep' OR ${session}.wait_event_type = 'Lock')`;
}

/** SQL: the columns of a `FoundWait`, in a query FROM `WAITING_SESSIONS`. */
export const WAIT_COLUMNS = `a.pid, a.wait_event = 'SyncRep' AS standby,
            extract(epoch FROM clock_timestamp() - coalesce(l.waitstart, a.query_start))::float8
              AS seconds,
            current_setting('synchronous_standby_names') AS names,
            l.relation::regclass::text AS table, current_setting('lock_timeout') AS timeout,
            pg_blocking_pids(a.pid) AS blockers,
            (SELECT json_agg(json_build_object('pid', b.pid, 'application', b.application_name,
                             'state', b.state,
                             'waits', coalesce(${isWaiting('b')}, false)))
               FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid))) AS holders`;

/** SQL: sessions, each with the lock that it waits for. */
export const WAITING_SESSIONS = `pg_stat_activity a
       LEFT JOIN LATERAL (SELECT waitstart, relation FROM pg_locks
                           WHERE pid = a.pid AND NOT granted LIMIT 1) l ON true`;

/** The holders that satisfy `isNamed`, and a prepared transaction if one holds the lock. */
export function holdersOf(
  { blockers, holders }: FoundWait,
  isNamed: (holder: Holder & { readonly waits: boolean }) => boolean,
): Holder[] {
  const named = (holders ?? []).filter(isNamed);
  return blockers.includes(0) ? [...named, PREPARED] : named;
}

const PREPARED = { pid: 0, application: '', state: null, waits: false };

/** Makes a wait of a waiting session. `holders`: those that are to be named. */
export function waitOf(
  { standby, seconds, names, table, timeout }: FoundWait,
  holders: readonly Holder[],
): Wait {
  return standby
    ? { kind: 'standby', seconds, names }
    : { kind: 'lock', seconds, table, holders, timeout };
}

/** Equal for two waits that have the same cause. */
export function causeKey(wait: Wait): string {
  return wait.kind === 'standby'
    ? wait.names
    : JSON.stringify([wait.table, wait.holders.map(({ pid }) => pid)]);
}

/** Adds a wait. `waits` has each cause once, with its longest wait. */
export function addWait(waits: Map<string, Wait>, wait: Wait): void {
  const cause = causeKey(wait);
  if ((waits.get(cause)?.seconds ?? -1) < wait.seconds) waits.set(cause, wait);
}

/**
 * Finds the waits of the sessions that began within the last `sinceSeconds`, each cause once, with its longest wait. A
 * holder that waits itself is left out. `client`: a connection whose application name is the `watcherName` of the
 * watched sessions.
 */
export async function findWaits(client: Client, sinceSeconds: number): Promise<Wait[]> {
  const { rows } = await client.query<FoundWait>(
    `SELECT ${WAIT_COLUMNS} FROM ${WAITING_SESSIONS}
      WHERE ${watcherNameOf('a.application_name')} = current_setting('application_name')
        AND a.datname = current_database() AND a.usename = current_user AND ${IS_WAITING}
        AND a.backend_start > clock_timestamp() - make_interval(secs => $1)`,
    [sinceSeconds + SLACK_SECONDS],
  );
  const waits = new Map<string, Wait>();
  for (const found of rows) {
    if (found.seconds < NOTABLE_SECONDS) continue;
    const others = holdersOf(found, ({ waits }) => !waits);
    if (!found.standby && others.length === 0) continue;
    addWait(waits, waitOf(found, others));
  }
  return [...waits.values()];
}
