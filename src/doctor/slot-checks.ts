import { escapeLiteral } from '../postgres/driver.js';
import { type Check, type FindingState, ok, quoted, single } from './finding.js';

interface Slot {
  readonly slot_name: string;
  readonly database: string | null;
  readonly active: boolean;
  readonly wal_status: string | null;
  readonly retained: number | null;
  /** From PostgreSQL 17 on. */
  readonly invalidation_reason?: string | null;
}

const MB = 1024 ** 2;
/** WAL that is kept for somebody who is not there: the disk fills. */
const MUCH_BYTES = 1024 * MB;

/** The slot that was named, or every logical one of this database. */
export const slots: Check = async ({ client, slot: wanted, publication }) => {
  const { rows } = await client.query<{ slot: Slot }>(
    `SELECT to_jsonb(s) || jsonb_build_object('retained', pg_current_wal_lsn() - restart_lsn) AS slot
       FROM pg_replication_slots s
      WHERE slot_type = 'logical' AND CASE WHEN $1::text IS NULL THEN database = current_database()
                                           ELSE slot_name = $1 END
      ORDER BY slot_name`,
    [wanted],
  );
  if (rows.length === 0) {
    if (wanted === null) return { state: 'info', evidence: 'pg_replication_slots: –', mend: null };
    return { state: 'fail', evidence: `${wanted}: –`, mend: create(wanted) };
  }
  let worst: FindingState = 'ok';
  const mends: string[] = [];
  const seen = rows.map(({ slot }) => {
    const {
      slot_name: name,
      active,
      wal_status: wal,
      retained,
      invalidation_reason: reason,
    } = slot;
    if (slot.database !== client.database) {
      worst = 'fail';
      mends.push(`-- ${name} belongs to the database ${slot.database}`);
    } else if (wal === 'lost' || (reason ?? null) !== null) {
      worst = 'fail';
      mends.push(`${drop(name)} ${create(name)}`);
    } else if (wal === 'unreserved' || (!active && (retained ?? 0) > MUCH_BYTES)) {
      if (worst === 'ok') worst = 'warn';
      const who = publication === null ? '' : ` (${quoted(publication)})`;
      mends.push(`-- start the consumer of ${name}${who}, or ${drop(name)}`);
    }
    const kept = retained === null ? '–' : `${(retained / MB).toFixed(1)} MB`;
    const why = (reason ?? null) === null ? '' : `, ${reason}`;
    return `${name}: ${active ? 'active' : 'inactive'}, ${wal ?? '–'}, ${kept}${why}`;
  });
  return {
    state: worst,
    evidence: seen.join('; '),
    mend: mends.length === 0 ? null : mends.join(' '),
  };
};

function create(slot: string): string {
  return `SELECT pg_create_logical_replication_slot(${escapeLiteral(slot)}, 'pgoutput');`;
}

function drop(slot: string): string {
  return `SELECT pg_drop_replication_slot(${escapeLiteral(slot)});`;
}

/** What may end a slot: never an error, good to know. */
export const slotLimits: Check = async (patient) => {
  const { size, idle } = await single<{ size: string; idle: string | null }>(
    patient,
    `SELECT current_setting('max_slot_wal_keep_size') AS size,
            current_setting('idle_replication_slot_timeout', true) AS idle`,
  );
  const seen = [`max_slot_wal_keep_size = ${size}`];
  if (idle !== null) seen.push(`idle_replication_slot_timeout = ${idle}`);
  return { ...ok(seen.join(', ')), state: 'info' };
};
