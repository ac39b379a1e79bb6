import { escapeLiteral } from '../postgres/driver.js';
import {
  type Advice,
  type Check,
  type CheckContext,
  type FindingState,
  listed,
  ok,
  single,
} from './finding.js';
import { type Fix, withFixes } from './fix.js';
import { DECODES_ON_STANDBY } from './standby-checks.js';

/** A row of pg_replication_slots; columns that older versions lack are undefined. */
interface Slot {
  readonly slot_name: string;
  readonly slot_type: 'logical' | 'physical';
  readonly plugin: string | null;
  readonly database: string | null;
  readonly temporary: boolean;
  readonly active: boolean;
  readonly active_pid: number | null;
  readonly wal_status: 'reserved' | 'extended' | 'unreserved' | 'lost' | null;
  /** Bytes of WAL until the slot is lost; null without a limit. */
  readonly safe_wal_size: number | null;
  /** Bytes of WAL that the server keeps for it; null if it has no position. */
  readonly retained: number | null;
  readonly two_phase?: boolean;
  /** Since PostgreSQL 16. */
  readonly conflicting?: boolean | null;
  /** Since PostgreSQL 17. */
  readonly invalidation_reason?: string | null;
  readonly failover?: boolean;
  /** Synchronized from the primary: not usable before this server is promoted. */
  readonly synced?: boolean;
  readonly inactive_since?: string | null;
}

const MB = 1024 ** 2;
/** A slot that holds more WAL than this gets a warning: its consumer is slow or gone, and the disk fills. */
const MUCH_BYTES = 1024 * MB;
const PLUGIN = 'pgoutput';
/** PostgreSQL's rule for names of slots. */
const SLOT_NAME = /^[a-z0-9_]{1,63}$/;

/** Checks the named slot, or all slots of the server: each of them holds WAL on the same disk. */
export const slots: Check = async (context) => {
  const { client, slot: wanted } = context;
  const { rows } = await client.query<{ slot: Slot }>(
    `SELECT to_jsonb(s) || jsonb_build_object('retained',
              CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
              - restart_lsn) AS slot
       FROM pg_replication_slots s WHERE $1::text IS NULL OR slot_name = $1
      ORDER BY slot_name`,
    [wanted],
  );
  if (rows.length === 0) {
    if (wanted === null) return { state: 'info', evidence: 'pg_replication_slots: 0', mend: null };
    return missing(context, wanted);
  }
  const found = rows.map(({ slot }) => ({ slot, ...judge(slot, context) }));
  const state = SEVERITY.find((one) => found.some((slot) => slot.state === one)) ?? 'ok';
  // The worst first: the list may be shortened.
  found.sort((a, b) => SEVERITY.indexOf(a.state) - SEVERITY.indexOf(b.state));
  return withFixes(
    state,
    listed(
      found.map(({ slot }) => describe(slot, client.database ?? '')),
      '; ',
    ),
    found.flatMap(({ fixes }) => fixes),
    found.flatMap(({ advice }) => advice),
  );
};

const SEVERITY: readonly FindingState[] = ['fail', 'warn', 'info', 'ok'];

interface Judgement {
  readonly state: FindingState;
  readonly fixes: readonly Fix[];
  readonly advice: readonly Advice[];
}

/** Finds the worst problem of a slot. The consumer of a slot that was not named is unknown. */
function judge(slot: Slot, context: CheckContext): Judgement {
  const { client, slot: wanted } = context;
  const { slot_name: name, slot_type: kind, plugin, database } = slot;
  const judgement = (state: FindingState, ...advice: Advice[]): Judgement => ({
    state,
    fixes: [],
    advice,
  });
  const ours = kind === 'logical' && database === client.database;
  if (wanted !== null) {
    if (kind === 'physical') return judgement('fail', (m) => m.slotPhysical({ name }));
    if (!ours) return judgement('fail', (m) => m.slotElsewhere({ name, database: database ?? '' }));
    if (plugin !== PLUGIN) {
      return judgement('fail', (m) =>
        m.slotPlugin({ name, plugin: plugin ?? '', expected: PLUGIN }),
      );
    }
  }
  if (slot.synced === true) return judgement('info', (m) => m.slotSynced({ name }));
  const left = slot.safe_wal_size;
  if (isInvalid(slot)) {
    // A physical slot, or one of another database, has an owner who must decide.
    if (!ours) return judgement('warn', (m) => m.slotInvalid({ name }));
    if (slot.active || slot.temporary) return judgement('fail', (m) => m.slotInvalid({ name }));
    return {
      state: 'fail',
      fixes: [replicates(context, drop(name)), replicates(context, create(slot))],
      advice: [(m) => m.slotRestart({ name })],
    };
  }
  const held = slot.retained ?? 0;
  const scarce = left !== null && left < held;
  if (slot.wal_status === 'unreserved') return judgement('warn', (m) => m.slotUnreserved({ name }));
  if (slot.wal_status === 'extended' || scarce || held > MUCH_BYTES) {
    if (slot.active) return judgement('warn', (m) => m.slotBehind({ name }));
    return judgement('warn', (m) => m.slotAbandoned({ name, statement: drop(name) }));
  }
  return judgement(ours && plugin !== PLUGIN ? 'info' : 'ok');
}

function isInvalid({ wal_status, invalidation_reason, conflicting }: Slot): boolean {
  return wal_status === 'lost' || (invalidation_reason ?? null) !== null || conflicting === true;
}

/** `cdc: logical, pgoutput, active (pid 7), reserved, holds 1.5 GB, 200.0 MB left`. */
function describe(slot: Slot, here: string): string {
  const seen = [slot.slot_type];
  const parts: (string | null)[] = [
    slot.plugin,
    slot.database === null || slot.database === here ? null : `database ${slot.database}`,
    slot.temporary ? 'temporary' : null,
    slot.active ? `active (pid ${slot.active_pid})` : 'inactive',
    slot.active || !slot.inactive_since ? null : `since ${slot.inactive_since.slice(0, 19)}`,
    slot.wal_status,
    slot.synced === true ? 'synced' : null,
    slot.retained === null ? 'holds no WAL' : `holds ${size(slot.retained)}`,
    slot.safe_wal_size === null ? null : `${size(slot.safe_wal_size)} left (safe_wal_size)`,
    isInvalid(slot) ? (slot.invalidation_reason ?? null) : null,
  ];
  return `${slot.slot_name}: ${[...seen, ...parts.filter((part) => part !== null)].join(', ')}`;
}

function size(bytes: number): string {
  const gigabytes = Math.abs(bytes) >= 1024 * MB;
  return gigabytes ? `${(bytes / MB / 1024).toFixed(1)} GB` : `${(bytes / MB).toFixed(1)} MB`;
}

/** The finding for a named slot that does not exist. Its fix creates the slot, if that can succeed. */
async function missing(context: CheckContext, name: string) {
  const { level, free } = await single<{ level: string; free: number }>(
    context,
    `SELECT current_setting('wal_level') AS level,
            current_setting('max_replication_slots')::int
              - (SELECT count(*)::int FROM pg_replication_slots) AS free`,
  );
  const advice: Advice[] = [];
  if (!SLOT_NAME.test(name)) advice.push((m) => m.slotName({ name }));
  if (level !== 'logical') advice.push((m) => m.after({ check: 'wal_level' }));
  if (free < 1) advice.push((m) => m.after({ check: 'replication_slots' }));
  if (context.session.standby && context.session.version < DECODES_ON_STANDBY) {
    advice.push((m) => m.after({ check: 'recovery' }));
  }
  const fix = replicates(context, create({ slot_name: name, plugin: PLUGIN }));
  return withFixes('fail', `${name}: –`, advice.length > 0 ? [] : [fix], advice);
}

/** A statement about slots, which needs REPLICATION. It runs on a standby, too: slots are not replicated. */
function replicates({ session }: CheckContext, statement: string): Fix {
  return { statement, by: session.replicates ? null : { kind: 'superuser' } };
}

/** Creates a slot with the same flags. */
function create(slot: Pick<Slot, 'slot_name' | 'plugin' | 'two_phase' | 'failover'>): string {
  const values = [escapeLiteral(slot.slot_name), escapeLiteral(slot.plugin ?? PLUGIN)];
  if (slot.two_phase === true || slot.failover === true) {
    values.push('false', `${slot.two_phase === true}`);
  }
  if (slot.failover === true) values.push('true');
  return `SELECT pg_create_logical_replication_slot(${values.join(', ')});`;
}

function drop(slot: string): string {
  return `SELECT pg_drop_replication_slot(${escapeLiteral(slot)});`;
}

/** The settings that can invalidate a slot. */
export const slotLimits: Check = async (context) => {
  const { size: keep, idle } = await single<{ size: string; idle: string | null }>(
    context,
    `SELECT current_setting('max_slot_wal_keep_size') AS size,
            current_setting('idle_replication_slot_timeout', true) AS idle`,
  );
  const seen = [`max_slot_wal_keep_size = ${keep}`];
  if (idle !== null) seen.push(`idle_replication_slot_timeout = ${idle}`);
  return { ...ok(seen.join(', ')), state: 'info' };
};
