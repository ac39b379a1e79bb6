import { escapeLiteral } from '../postgres/driver.js';
import { factsOf } from '../postgres/identity.js';
import { type Check, listed, ok, quoted, single } from './finding.js';

/** Roles of managed services that stand for REPLICATION. */
const REPLICATION_ROLES = ['rds_replication'];
/** A consumer and its successor after a crash, before the server has noticed. */
const SPARE = 1;
/** A transaction that has been open for longer holds up the creation of a slot for longer than one waits. */
const LONG_SECONDS = 60;
/** Latencies are told in milliseconds: an offset of more than this shows in them. */
const OFFSET_MS = 500;

export const walLevel: Check = async (patient) => {
  const { level } = await single<{ level: string }>(
    patient,
    "SELECT current_setting('wal_level') AS level",
  );
  const evidence = `wal_level = ${level}`;
  if (level === 'logical') return ok(evidence);
  const mend = "ALTER SYSTEM SET wal_level = 'logical'; -- then restart the server";
  return { state: 'fail', evidence, mend };
};

export const replicationRole: Check = async (patient) => {
  const { client, role } = patient;
  const { rows } = await client.query<{
    name: string;
    login: boolean;
    replication: boolean;
    managed: boolean;
  }>(
    `SELECT rolname AS name, rolcanlogin AS login, rolreplication OR rolsuper AS replication,
            EXISTS (SELECT 1 FROM pg_roles g WHERE g.rolname = ANY ($2::text[])
                       AND pg_has_role(r.oid, g.oid, 'MEMBER')) AS managed
       FROM pg_roles r WHERE rolname = coalesce($1, current_user)`,
    [role, REPLICATION_ROLES],
  );
  const [found] = rows;
  if (found === undefined) {
    const mend = `CREATE ROLE ${quoted(role ?? '')} WITH LOGIN REPLICATION PASSWORD '…';`;
    return { state: 'fail', evidence: `${role}: –`, mend };
  }
  const { name, login, replication, managed } = found;
  const may = [
    login ? 'LOGIN' : 'NOLOGIN',
    replication || managed ? 'REPLICATION' : 'NOREPLICATION',
  ];
  const evidence = `${name}: ${may.join(', ')}`;
  if (login && (replication || managed)) return ok(evidence);
  return { state: 'fail', evidence, mend: `ALTER ROLE ${quoted(name)} WITH LOGIN REPLICATION;` };
};

/** Whether there is room for one more of what a setting limits; the consumer's own ($1) is no other. */
function room(setting: string, used: string): Check {
  return async (patient) => {
    const row = await single<{ most: number; used: number }>(
      patient,
      `SELECT current_setting('${setting}')::int AS most, (${used})::int AS used`,
      [patient.slot],
    );
    const evidence = `${row.used} / ${setting} = ${row.most}`;
    if (row.used + SPARE <= row.most) return ok(evidence);
    const mend = `ALTER SYSTEM SET ${setting} = ${row.used + 2 * SPARE}; -- then restart the server`;
    return { state: 'fail', evidence, mend };
  };
}

export const replicationSlots = room(
  'max_replication_slots',
  'SELECT count(*) FROM pg_replication_slots WHERE slot_name IS DISTINCT FROM $1',
);
export const walSenders = room(
  'max_wal_senders',
  `SELECT count(*) FROM pg_stat_replication WHERE pid IS DISTINCT FROM
     (SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1)`,
);

/** What holds up the creation of a slot: it waits for all transactions that are under way. */
export const transactions: Check = async (patient) => {
  const { seconds, hidden, prepared } = await single<{
    seconds: number | null;
    hidden: number;
    prepared: string[];
  }>(
    patient,
    `SELECT (SELECT extract(epoch FROM clock_timestamp() - min(xact_start))::float8
               FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_xid IS NOT NULL) AS seconds,
            (SELECT count(*)::int FROM pg_stat_activity
              WHERE query = '<insufficient privilege>') AS hidden,
            (SELECT coalesce(array_agg(gid::text), '{}') FROM pg_prepared_xacts) AS prepared`,
  );
  if (prepared.length > 0) {
    const mend = prepared.map((gid) => `ROLLBACK PREPARED ${escapeLiteral(gid)};`);
    return {
      state: 'warn',
      evidence: `PREPARE TRANSACTION: ${listed(prepared)}`,
      mend: mend.join(' '),
    };
  }
  const evidence = seconds === null ? '–' : `${Math.round(seconds)} s`;
  if (seconds !== null && seconds > LONG_SECONDS) {
    const mend =
      'SELECT pid, xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY xact_start; -- then pg_terminate_backend(pid)';
    return { state: 'warn', evidence, mend };
  }
  if (hidden === 0) return ok(evidence);
  return {
    state: 'not_visible',
    evidence: `pg_stat_activity: ${hidden}`,
    mend: 'GRANT pg_read_all_stats TO CURRENT_USER;',
  };
};

export const durability: Check = async (patient) => {
  const { settings } = await single<{ settings: Record<string, string> }>(
    patient,
    `SELECT jsonb_object_agg(name, current_setting(name)) AS settings
       FROM unnest('{fsync,synchronous_commit,full_page_writes}'::text[]) AS s (name)`,
  );
  const evidence = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const off = Object.keys(settings).filter((name) => settings[name] === 'off');
  if (off.length === 0) return ok(evidence.join(', '));
  const mend = off
    .map((name) => `ALTER SYSTEM SET ${name} = 'on';`)
    .concat('SELECT pg_reload_conf();');
  return { state: 'warn', evidence: evidence.join(', '), mend: mend.join(' ') };
};

export const clock: Check = async ({ client }) => {
  const { offsetMs } = await factsOf(client);
  const evidence = `${Math.round(offsetMs)} ms`;
  if (Math.abs(offsetMs) <= OFFSET_MS) return ok(evidence);
  return { state: 'warn', evidence, mend: 'NTP (chrony, systemd-timesyncd)' };
};

export const encoding: Check = async (patient) => {
  const { name } = await single<{ name: string }>(
    patient,
    'SELECT pg_encoding_to_char(encoding) AS name FROM pg_database WHERE datname = current_database()',
  );
  if (name === 'UTF8') return ok(name);
  const mend = "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0;";
  return { state: 'warn', evidence: name, mend };
};
