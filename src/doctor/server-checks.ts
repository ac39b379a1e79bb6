import { escapeLiteral } from '../postgres/driver.js';
import { identify } from '../postgres/identity.js';
import { type Advice, type Check, listed, ok, single } from './finding.js';
import { type Fix, forOwners, forSuperuser, settingFix, withFixes } from './fix.js';

/** Roles of managed services that replace the attribute REPLICATION. */
const REPLICATION_ROLES = ['rds_replication'];
/** The consumer needs one more. A fix adds two: after a crash its successor connects before the server notices. */
const SPARE = 1;
/** Creating a slot waits for all open transactions: an older one is reported. */
const LONG_SECONDS = 60;
/** A larger clock offset distorts the latencies that `verify` reports. */
const OFFSET_MS = 500;

export const walLevel: Check = async (context) => {
  const { level } = await single<{ level: string }>(
    context,
    "SELECT current_setting('wal_level') AS level",
  );
  const evidence = `wal_level = ${level}`;
  if (level === 'logical') return ok(evidence);
  const { fixes, advice } = await settingFix(context, 'wal_level', "'logical'");
  return withFixes('fail', evidence, fixes, advice);
};

export const replicationRole: Check = async (context) => {
  const { client, role, session } = context;
  const { rows } = await client.query<{
    name: string;
    login: boolean;
    replication: boolean;
    managed: boolean;
    connects: boolean;
    service: string | null;
  }>(
    `SELECT rolname AS name, rolcanlogin AS login, rolreplication OR rolsuper AS replication,
            EXISTS (SELECT 1 FROM pg_roles g WHERE g.rolname = ANY ($2::text[])
                       AND pg_has_role(r.oid, g.oid, 'MEMBER')) AS managed,
            has_database_privilege(r.oid, current_database(), 'CONNECT') AS connects,
            (SELECT min(rolname::text) FROM pg_roles WHERE rolname = ANY ($2::text[])) AS service
       FROM pg_roles r WHERE rolname = coalesce($1, current_user)`,
    [role, REPLICATION_ROLES],
  );
  const [found] = rows;
  if (found === undefined) {
    const name = role ?? '';
    const statement = `CREATE ROLE ${session.quoted(name)} WITH LOGIN REPLICATION;`;
    const advice: Advice[] = [(m) => m.password({ role: name })];
    return withFixes('fail', `${name}: –`, [forSuperuser(session, statement)], advice);
  }
  const { name, login, replication, managed, connects, service } = found;
  const may = [
    login ? 'LOGIN' : 'NOLOGIN',
    replication || managed ? 'REPLICATION' : 'NOREPLICATION',
    connects ? 'CONNECT' : 'no CONNECT',
  ];
  const evidence = `${name}: ${may.join(', ')}`;
  const quoted = session.quoted(name);
  const fixes: Fix[] = [];
  // Managed services have a role for replication, and nobody there may grant the attribute.
  if (!replication && !managed && service !== null) {
    fixes.push(forSuperuser(session, `GRANT ${session.quoted(service)} TO ${quoted};`));
  }
  const attributes = [
    ...(login ? [] : ['LOGIN']),
    ...(replication || managed || service !== null ? [] : ['REPLICATION']),
  ];
  if (attributes.length > 0) {
    fixes.push(forSuperuser(session, `ALTER ROLE ${quoted} WITH ${attributes.join(' ')};`));
  }
  if (!connects) {
    const database = session.quoted(client.database ?? '');
    fixes.push(
      forOwners(
        session,
        [session.databaseOwner],
        `GRANT CONNECT ON DATABASE ${database} TO ${quoted};`,
      ),
    );
  }
  return fixes.length === 0 ? ok(evidence) : withFixes('fail', evidence, fixes);
};

/** Checks that a setting leaves room for one more. `used`: query for the number in use without the named slot ($1). */
function room(setting: string, used: string): Check {
  return async (context) => {
    const row = await single<{ most: number; used: number }>(
      context,
      `SELECT current_setting('${setting}')::int AS most, (${used})::int AS used`,
      [context.slot],
    );
    const evidence = `${row.used} / ${setting} = ${row.most}`;
    if (row.used + SPARE <= row.most) return ok(evidence);
    const { fixes, advice } = await settingFix(context, setting, `${row.used + 2 * SPARE}`);
    return withFixes('fail', evidence, fixes, advice);
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

interface Waiting {
  /** Open transactions that wrote, the oldest first. */
  readonly open: readonly {
    readonly pid: number;
    readonly application: string;
    readonly seconds: number;
  }[];
  readonly prepared: readonly {
    readonly gid: string;
    readonly database: string;
    readonly seconds: number;
  }[];
  /** Sessions of other roles, whose columns are not visible. */
  readonly hidden: number;
  readonly sessions: number;
}

/** Open and prepared transactions, for which the creation of a slot waits. */
export const transactions: Check = async (context) => {
  const { session } = context;
  const age = (since: string) =>
    `extract(epoch FROM clock_timestamp() - ${since})::float8 AS seconds`;
  const { open, prepared, hidden, sessions } = await single<Waiting>(
    context,
    `SELECT (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.seconds DESC), '[]') FROM (
               SELECT pid, application_name AS application, ${age('xact_start')}
                 FROM pg_stat_activity
                WHERE pid <> pg_backend_pid() AND backend_xid IS NOT NULL) AS t) AS open,
            (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.seconds DESC), '[]') FROM (
               SELECT gid, database, ${age('prepared')} FROM pg_prepared_xacts) AS t) AS prepared,
            (SELECT count(*)::int FROM pg_stat_activity
              WHERE query = '<insufficient privilege>') AS hidden,
            (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS sessions`,
  );
  const long = open.filter(({ seconds }) => seconds > LONG_SECONDS);
  const seen = [
    ...prepared.map(({ gid, seconds }) => `PREPARE TRANSACTION ${gid}: ${Math.round(seconds)} s`),
    ...(long.length > 0 ? long : open.slice(0, 1)).map(
      ({ pid, application, seconds }) => `pid ${pid} (${application}): ${Math.round(seconds)} s`,
    ),
  ];
  // COMMIT or ROLLBACK PREPARED is its coordinator's decision; ending a session, its owner's.
  const advice = [
    ...prepared.map(
      ({ gid, database }): Advice =>
        (m) =>
          m.prepared({ gid: escapeLiteral(gid), database }),
    ),
    ...long.map(
      ({ pid }): Advice =>
        (m) =>
          m.longTransaction({ pid }),
    ),
  ];
  if (advice.length > 0) return { state: 'warn', evidence: listed(seen), mend: null, advice };
  if (hidden > 0) {
    const user = session.quoted(session.user);
    const grant = forSuperuser(session, `GRANT pg_read_all_stats TO ${user};`);
    return withFixes('not_visible', `pg_stat_activity: ${hidden} / ${sessions}`, [grant]);
  }
  return ok(seen.length > 0 ? listed(seen) : '0 open, 0 prepared');
};

export const durability: Check = async (context) => {
  const { settings } = await single<{ settings: Record<string, string> }>(
    context,
    `SELECT jsonb_object_agg(name, current_setting(name)) AS settings
       FROM unnest('{fsync,synchronous_commit,full_page_writes}'::text[]) AS s (name)`,
  );
  const evidence = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const off = Object.keys(settings).filter((name) => settings[name] === 'off');
  if (off.length === 0) return ok(evidence.join(', '));
  const fixes: Fix[] = [];
  const advice: Advice[] = [];
  for (const name of off) {
    const change = await settingFix(context, name, 'on');
    fixes.push(...change.fixes);
    advice.push(...change.advice);
  }
  // Keep only the last of equal statements: one reload is enough.
  const once = fixes.filter(
    ({ statement }, i) => !fixes.slice(i + 1).some((later) => later.statement === statement),
  );
  return withFixes('warn', evidence.join(', '), once, advice);
};

export const clock: Check = async ({ client }) => {
  const { offsetMs } = await identify(client);
  const evidence = `${Math.round(offsetMs)} ms`;
  if (Math.abs(offsetMs) <= OFFSET_MS) return ok(evidence);
  return { state: 'warn', evidence, mend: null, advice: [(m) => m.clocks()] };
};

export const encoding: Check = async (context) => {
  const { name } = await single<{ name: string }>(
    context,
    'SELECT pg_encoding_to_char(encoding) AS name FROM pg_database WHERE datname = current_database()',
  );
  if (name === 'UTF8') return ok(name);
  return { state: 'warn', evidence: name, mend: null, advice: [(m) => m.encoding()] };
};
