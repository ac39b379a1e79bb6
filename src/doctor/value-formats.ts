import { type Advice, type Check, type CheckContext, ok } from './finding.js';
import { type Fix, forOwners, forSuperuser, settingFix, withFixes } from './fix.js';
import type { Session } from './session.js';

/**
 * The settings by which a session prints values, and the value that keeps them whole. Debezium streams with those of the
 * database: `src/sources/VALUES.md` has what it delivers under other ones.
 */
const FORMATS: readonly {
  readonly name: string;
  /** As SQL. */
  readonly whole: string;
  keeps(value: string): boolean;
}[] = [
  { name: 'bytea_output', whole: "'hex'", keeps: (value) => value === 'hex' },
  { name: 'IntervalStyle', whole: "'postgres'", keeps: (value) => value === 'postgres' },
  // From 1 on the shortest text that reads back as the same number; below, digits are cut.
  { name: 'extra_float_digits', whole: '1', keeps: (value) => Number(value) >= 1 },
];

/** A place that sets a setting, for the consumer's sessions. */
interface Layer {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly in_database: boolean;
  readonly of_role: boolean;
}

interface Found {
  /** The consumer's. */
  readonly role: string;
  /** Those of the consumer, the one that decides first. */
  readonly layers: readonly Layer[];
  /** The values that new sessions of this role have: the server's, unless its database or role sets another. */
  readonly defaults: Readonly<Record<string, string>>;
  /** The lower-case names of settings that the database or this session's role sets. */
  readonly own: readonly string[];
}

/** Settings for the database, the role or the server that change the values that a consumer gets. */
export const valueFormats: Check = async (context) => {
  const found = await read(context);
  const seen: string[] = [];
  const fixes: Fix[] = [];
  const advice: Advice[] = [];
  for (const { name, whole, keeps } of FORMATS) {
    const layers = found.layers.filter((layer) => layer.name === name.toLowerCase());
    const decides = layers.findIndex(({ value }) => keeps(value));
    // Those below a good one have no effect.
    const spoiling = decides < 0 ? layers : layers.slice(0, decides);
    for (const layer of spoiling) {
      seen.push(`${name} = ${layer.value} (${placeOf(layer, found.role)})`);
      fixes.push(resetFix(context, layer, name, found.role));
    }
    const server = found.own.includes(name.toLowerCase()) ? null : found.defaults[name]!;
    if (decides < 0 && server !== null && !keeps(server)) {
      seen.push(`${name} = ${server} (server)`);
      const change = await settingFix(context, name, whole, await serverSource(context, name));
      fixes.push(...change.fixes);
      advice.push(...change.advice);
    }
  }
  if (seen.length === 0) {
    return ok(FORMATS.map(({ name }) => `${name} = ${printedWith(found, name)}`).join(', '));
  }
  return withFixes('warn', seen.join(', '), fixes, [...advice, (m) => m.valuesSpoiled()]);
};

async function read({ client, role }: CheckContext): Promise<Found> {
  const { rows } = await client.query<Found>(
    `WITH consumer AS (SELECT coalesce($1, current_user) AS name),
          layer AS (
       SELECT lower(split_part(c.entry, '=', 1)) AS name, substr(c.entry, strpos(c.entry, '=') + 1) AS value,
              s.setdatabase <> 0 AS in_database, s.setrole <> 0 AS of_role, s.setrole
         FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c (entry)
        WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
     SELECT consumer.name AS role,
            (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.of_role DESC, l.in_database DESC), '[]')
               FROM layer l LEFT JOIN pg_roles r ON r.oid = l.setrole
              WHERE l.setrole = 0 OR r.rolname = consumer.name) AS layers,
            (SELECT jsonb_object_agg(s.name, s.reset_val) FROM pg_settings s WHERE s.name = ANY ($2::text[]))
              AS defaults,
            ARRAY(SELECT l.name FROM layer l LEFT JOIN pg_roles r ON r.oid = l.setrole
                   WHERE l.setrole = 0 OR r.rolname = session_user) AS own
       FROM consumer`,
    [role, FORMATS.map(({ name }) => name)],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('a query of the doctor was answered without a row');
  return found;
}

/** The value that the consumer's sessions have. */
function printedWith({ layers, defaults }: Found, name: string): string {
  return layers.find((layer) => layer.name === name.toLowerCase())?.value ?? defaults[name]!;
}

function placeOf({ in_database, of_role }: Layer, role: string): string {
  if (!of_role) return in_database ? 'database' : 'all roles';
  return in_database ? `role ${role} in this database` : `role ${role}`;
}

function resetFix(
  { client, session }: CheckContext,
  { in_database, of_role }: Layer,
  name: string,
  role: string,
): Fix {
  const database = session.quoted(client.database ?? '');
  if (!of_role && in_database) {
    return forOwners(session, [session.databaseOwner], `ALTER DATABASE ${database} RESET ${name};`);
  }
  if (!of_role) return forSuperuser(session, `ALTER ROLE ALL RESET ${name};`);
  const where = in_database ? ` IN DATABASE ${database}` : '';
  const statement = `ALTER ROLE ${session.quoted(role)}${where} RESET ${name};`;
  return ofRole(session, role, statement);
}

/** A role may change its own defaults; members of it may not. */
function ofRole(session: Session, role: string, statement: string): Fix {
  return role === session.user
    ? forOwners(session, [role], statement)
    : forSuperuser(session, statement);
}

/** The source of a setting of the whole server: this session has its own value, so `pg_settings` does not say. */
async function serverSource({ client }: CheckContext, name: string): Promise<string> {
  const { rows: allowed } = await client.query<{ may: boolean }>(
    `SELECT has_table_privilege('pg_file_settings', 'SELECT')
            AND has_function_privilege('pg_show_all_file_settings()', 'EXECUTE') AS may`,
  );
  // Most servers have their settings in files.
  if (allowed[0]?.may !== true) return 'configuration file';
  const { rowCount } = await client.query(
    'SELECT FROM pg_file_settings WHERE lower(name) = lower($1) AND applied',
    [name],
  );
  return rowCount === 0 ? 'command line' : 'configuration file';
}
