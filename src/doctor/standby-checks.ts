import { type Advice, type Check, ok, single } from './finding.js';
import { fixed, settingFix } from './fix.js';

/** `server_version_num` of the first PostgreSQL that decodes on a standby. */
export const DECODES_ON_STANDBY = 160_000;

interface RecoveryFacts {
  readonly name: string;
  readonly feedback: boolean;
  /** Physical slot on the primary that outlives a broken connection; empty without one. */
  readonly slot: string;
  /** A WAL receiver is connected. */
  readonly receiving: boolean;
  readonly behind: number | null;
}

/** Primary or standby, and what logical decoding on a standby needs besides. */
export const recovery: Check = async (context) => {
  const { session } = context;
  const { name } = await single<{ name: string }>(
    context,
    "SELECT split_part(current_setting('server_version'), ' ', 1) AS name",
  );
  if (!session.standby) return ok(`PostgreSQL ${name}: primary`);
  if (session.version < DECODES_ON_STANDBY) {
    const evidence = `PostgreSQL ${name}: standby (pg_is_in_recovery)`;
    return { state: 'fail', evidence, mend: null, advice: [(m) => m.standbyTooOld()] };
  }
  const { feedback, slot, receiving, behind } = await single<RecoveryFacts>(
    context,
    `SELECT current_setting('hot_standby_feedback')::bool AS feedback,
            current_setting('primary_slot_name') AS slot,
            EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) AS receiving,
            (pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn())::float8 AS behind`,
  );
  const seen = [
    `PostgreSQL ${name}: standby (pg_is_in_recovery)`,
    `hot_standby_feedback = ${feedback ? 'on' : 'off'}`,
    `primary_slot_name = '${slot}'`,
    receiving ? `pg_stat_wal_receiver: ${behind ?? 0} bytes to replay` : 'pg_stat_wal_receiver: –',
  ];
  const advice: Advice[] = [(m) => m.primaryUnseen()];
  if (!receiving) advice.push((m) => m.noReceiver());
  const cure = feedback
    ? { fixes: [], advice: [] }
    : await settingFix(context, 'hot_standby_feedback', 'on');
  if (!feedback) advice.push((m) => m.noFeedback());
  else if (slot === '') advice.push((m) => m.feedbackUnslotted());
  const state = feedback && receiving ? 'info' : 'warn';
  return fixed(state, seen.join(', '), cure.fixes, [...cure.advice, ...advice]);
};

/** Settings of a session for which COMMIT does not wait for anybody. */
const NOT_WAITING = ['off', 'local'];

/** Synchronous standbys, of COMMIT and of failover slots, that are not connected. */
export const synchronousStandbys: Check = async (context) => {
  const { names, commit, slots, there, hidden, absent, failover } = await single<{
    names: string;
    commit: string;
    slots: string;
    there: number;
    hidden: boolean;
    absent: string[];
    failover: boolean;
  }>(
    context,
    `WITH named AS (SELECT trim(both ' "' from slot) AS slot
                      FROM unnest(string_to_array(
                             coalesce(current_setting('synchronized_standby_slots', true), ''), ',')) slot)
     SELECT current_setting('synchronous_standby_names') AS names,
            current_setting('synchronous_commit') AS commit,
            coalesce(current_setting('synchronized_standby_slots', true), '') AS slots,
            (SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS there,
            EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IS NULL) AS hidden,
            ARRAY(SELECT slot FROM named
                   WHERE slot NOT IN (SELECT slot_name FROM pg_replication_slots WHERE active)) AS absent,
            EXISTS (SELECT FROM pg_replication_slots s
                     WHERE (to_jsonb(s) ->> 'failover')::bool) AS failover`,
  );
  const needed = standbysNeeded(names);
  const seen = [`synchronous_standby_names = '${names}'`];
  if (needed > 0) seen.push(`sync_state: ${there} / ${needed}`, `synchronous_commit = ${commit}`);
  if (slots !== '') seen.push(`synchronized_standby_slots = '${slots}'`);
  const advice: Advice[] = [];
  // A standby has nobody commit on it.
  const commits = needed > there && !NOT_WAITING.includes(commit) && !context.session.standby;
  if (commits && !hidden) advice.push((m) => m.commitWaits());
  if (absent.length > 0 && failover) {
    advice.push((m) => m.decodingWaits({ slots: absent.join(', ') }));
  }
  if (advice.length > 0) return { state: 'warn', evidence: seen.join(', '), mend: null, advice };
  const state = commits ? 'not_visible' : 'ok';
  return { state, evidence: seen.join(', '), mend: null };
};

/** How many of the standbys that `synchronous_standby_names` lists a COMMIT waits for. */
export function standbysNeeded(names: string): number {
  if (names.trim() === '') return 0;
  const counted = /^\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(/i.exec(names);
  return counted === null ? 1 : Number(counted[1]);
}
