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
  readonly pid: number;
  readonly application: string;
  /** `idle in transaction`; null where the role may not see it. */
  readonly state: string | null;
}

interface Found {
  readonly standby: boolean;
  readonly seconds: number;
  readonly names: string;
  readonly table: string | null;
  readonly timeout: string;
  readonly holders: readonly (Holder & { readonly waits: boolean })[] | null;
}

/**
 * What the sessions that began within the last `sinceSeconds` wait for, each cause once with its longest
 * wait. Who waits for somebody that waits himself is left out. `client`: a connection by the `watcherName` of those
 * that are looked at.
 */
export async function findWaits(client: Client, sinceSeconds: number): Promise<Wait[]> {
  const { rows } = await client.query<Found>(
    `SELECT a.wait_event = 'SyncRep' AS standby,
            extract(epoch FROM clock_timestamp() - coalesce(l.waitstart, a.query_start))::float8
              AS seconds,
            current_setting('synchronous_standby_names') AS names,
            l.relation::regclass::text AS table, current_setting('lock_timeout') AS timeout,
            (SELECT json_agg(json_build_object('pid', b.pid, 'application', b.application_name,
                             'state', b.state,
                             'waits', coalesce(b.wait_event = 'SyncRep' OR b.wait_event_type = 'Lock', false)))
               FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid))) AS holders
       FROM pg_stat_activity a
       LEFT JOIN LATERAL (SELECT waitstart, relation FROM pg_locks
                           WHERE pid = a.pid AND NOT granted LIMIT 1) l ON true
      WHERE ${watcherNameOf('a.application_name')} = current_setting('application_name')
        AND a.datname = current_database() AND a.usename = current_user
        AND (a.wait_event = 'SyncRep' OR a.wait_event_type = 'Lock')
        AND a.backend_start > clock_timestamp() - make_interval(secs => $1)`,
    [sinceSeconds + SLACK_SECONDS],
  );
  const waits = new Map<string, Wait>();
  for (const { standby, seconds, names, table, timeout, holders } of rows) {
    if (seconds < WORTH_TELLING_SECONDS) continue;
    const others = (holders ?? []).filter(({ waits }) => !waits);
    if (!standby && others.length === 0) continue;
    const cause = standby ? names : JSON.stringify([table, others.map(({ pid }) => pid)]);
    if ((waits.get(cause)?.seconds ?? 0) >= seconds) continue;
    waits.set(
      cause,
      standby
        ? { kind: 'standby', seconds, names }
        : { kind: 'lock', seconds, table, holders: others, timeout },
    );
  }
  return [...waits.values()];
}
