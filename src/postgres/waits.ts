import type { Client } from './driver.js';

/** Behind the application name of the work, that of the connection that looks for its waits. */
const SUFFIX = ' (waits)';
/** A server keeps 63 bytes of an application name (NAMEDATALEN). */
const KEPT_BYTES = 63 - SUFFIX.length;

/** The application name of the connection that looks for the waits of a name's sessions. */
export function watcherName(application: string): string {
  return `${Buffer.from(application).subarray(0, KEPT_BYTES)}${SUFFIX}`;
}

/** SQL: the same of a name as the server keeps it. */
export function watcherNameOf(expression: string): string {
  return `left(${expression}, ${KEPT_BYTES}) || '${SUFFIX}'`;
}

/** Locks are waited for all the time; what lasts longer than this is worth a word. */
const WORTH_TELLING_SECONDS = 2;
/** A command's connections may be opened by another clock's reckoning this much earlier. */
const SLACK_SECONDS = 1;

/** A wait of this program's sessions: its cause, and for how long. */
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
      /** The table; null for a row's lock or an advisory one. */
      readonly table: string | null;
      readonly holders: readonly Holder[];
      /** `lock_timeout`, as the server writes it; `0`: none. */
      readonly timeout: string;
    };

/** A session that stands in the way. */
export interface Holder {
  /** 0: a prepared transaction, which has no session. */
  readonly pid: number;
  readonly application: string;
  /** `idle in transaction`; null where the role may not see it. */
  readonly state: string | null;
}

/** A wait as the server tells of it. */
export interface FoundWait {
  readonly pid: number;
  readonly standby: boolean;
  readonly seconds: number;
  readonly names: string;
  readonly table: string | null;
  readonly timeout: string;
  /** Process ids of the sessions in the way; 0: a prepared transaction. */
  readonly blockers: readonly number[];
  readonly holders: readonly (Holder & { readonly waits: boolean })[] | null;
}

/** SQL: a session waits for a synchronous standby or for a lock. `a`: its row of pg_stat_activity. */
export const IS_WAITING = isWaiting('a');

function isWaiting(session: string): string {
  return `(${session}.wait_event = 'SyncRep' OR ${session}.wait_event_type = 'Lock')`;
}

/** SQL: the columns of a `FoundWait`, from `WAITING_SESSIONS`. */
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

/** The sessions in the way of a wait that `isNamed` holds of, and prepared transactions. */
export function holdersOf(
  { blockers, holders }: FoundWait,
  isNamed: (holder: Holder & { readonly waits: boolean }) => boolean,
): Holder[] {
  const named = (holders ?? []).filter(isNamed);
  return blockers.includes(0) ? [...named, PREPARED] : named;
}

const PREPARED = { pid: 0, application: '', state: null, waits: false };

/** The wait of a session. `holders`: the sessions in the way that are to be named. */
export function waitOf(
  { standby, seconds, names, table, timeout }: FoundWait,
  holders: readonly Holder[],
): Wait {
  return standby
    ? { kind: 'standby', seconds, names }
    : { kind: 'lock', seconds, table, holders, timeout };
}

/** By it two waits are known to have the same cause. */
export function causeOf(wait: Wait): string {
  return wait.kind === 'standby'
    ? wait.names
    : JSON.stringify([wait.table, wait.holders.map(({ pid }) => pid)]);
}

/** Adds a wait to those known: each cause once, with its longest wait. */
export function addWait(waits: Map<string, Wait>, wait: Wait): void {
  const cause = causeOf(wait);
  if ((waits.get(cause)?.seconds ?? -1) < wait.seconds) waits.set(cause, wait);
}

/**
 * Waits of the sessions that began within the last `sinceSeconds`, each cause once with its longest
 * wait. Who waits for somebody that waits himself is left out. `client`: a connection by the `watcherName` of those
 * that are looked at.
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
    if (found.seconds < WORTH_TELLING_SECONDS) continue;
    const others = holdersOf(found, ({ waits }) => !waits);
    if (!found.standby && others.length === 0) continue;
    addWait(waits, waitOf(found, others));
  }
  return [...waits.values()];
}
