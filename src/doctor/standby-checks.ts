import { type Advice, type Check, ok, single } from './finding.js';
import { settingFix, withFixes } from './fix.js';

/** `server_version_num` since which a standby can decode. */
export const DECODES_ON_STANDBY = 160_000;

interface RecoveryFacts {
  readonly name: string;
  readonly feedback: boolean;
  /** `primary_slot_name`: it keeps hot_standby_feedback effective while the connection is broken; may be empty. */
  readonly slot: string;
  /** A WAL receiver is connected. */
  readonly receiving: boolean;
  readonly behind: number | null;
}

/** Primary or standby, and the settings that logical decoding needs on a standby. */
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
  const change = feedback
    ? { fixes: [], advice: [] }
    : await settingFix(context, 'hot_standby_feedback', 'on');
  if (!feedback) advice.push((m) => m.noFeedback());
  else if (slot === '') advice.push((m) => m.feedbackUnslotted());
  const state = feedback && receiving ? 'info' : 'warn';
  return withFixes(state, seen.join(', '), change.fixes, [...change.advice, ...advice]);
};

/** Values of `synchronous_commit` with which COMMIT does not wait for standbys. */
const NOT_WAITING = ['off', 'local'];

/** Synchronous standbys that are not connected: COMMIT waits for them, or the decoding of failover slots. */
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
  // Nothing is committed on a standby.
  const commits = needed > there && !NOT_WAITING.includes(commit) && !context.session.standby;
  if (commits && !hidden) advice.push((m) => m.commitWaits());
  if (absent.length > 0 && failover) {
    advice.push((m) => m.decodingWaits({ slots: absent.join(', ') }));
  }
  if (advice.length > 0) return { state: 'warn', evidence: seen.join(', '), mend: null, advice };
  const state = commits ? 'not_visible' : 'ok';
  return { state, evidence: seen.join(', '), mend: null };
};

/** Number of standbys that a COMMIT waits for, from the value of `synchronous_standby_names`. */
export function standbysNeeded(names: string): number {
  if (names.trim() === '') return 0;
  const counted = /^\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(/i.exec(names);
  return counted === null ? 1 : Number(counted[1]);
}
