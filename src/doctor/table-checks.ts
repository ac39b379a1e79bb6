import { TABLE_NAMES } from '../hospital/tables.js';
import {
  type Check,
  type Diagnosis,
  listed,
  OURS,
  ok,
  type Patient,
  quoted,
  tablesOf,
} from './finding.js';

/** A publication makes UPDATE and DELETE fail on a table that has neither key nor identity. */
export const replicaIdentity: Check = (patient) =>
  each(
    patient,
    `SELECT t.name ${OURS}
      WHERE c.relreplident = 'n'
         OR (c.relreplident = 'd' AND NOT EXISTS (
               SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
                  AND i.indimmediate AND i.indisvalid))
         OR (c.relreplident = 'i' AND NOT EXISTS (
               SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident
                  AND i.indisvalid))`,
    (table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL;`,
    'fail',
    'REPLICA IDENTITY',
  );

/** Values stored out of line are left out of an update that does not change them. */
export const toast: Check = (patient) =>
  each(
    patient,
    `SELECT t.name ${OURS} WHERE c.reltoastrelid <> 0 AND c.relreplident <> 'f'`,
    (table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL;`,
    'warn',
    '–',
  );

export const unlogged: Check = (patient) =>
  each(
    patient,
    `SELECT t.name ${OURS} WHERE c.relpersistence <> 'p'`,
    (table) => `ALTER TABLE ${table} SET LOGGED;`,
    'fail',
    'LOGGED',
  );

interface PublishedTable {
  readonly tablename: string;
  /** From PostgreSQL 15 on. */
  readonly attnames?: readonly string[];
  readonly rowfilter?: string | null;
}

interface Publication {
  readonly name: string;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  readonly tables: readonly PublishedTable[];
}

/** Whether the publication that was named, or every one that has a table of ours, tells of all changes. */
export const publication: Check = async (patient) => {
  const { client, publication: wanted } = patient;
  const { rows } = await client.query<Publication>(
    `SELECT pubname AS name, pubinsert AS insert, pubupdate AS update, pubdelete AS delete,
            (SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]') FROM pg_publication_tables p
              WHERE p.pubname = b.pubname AND (p.schemaname, p.tablename) IN (
                SELECT n.nspname, c.relname ${OURS} JOIN pg_namespace n ON n.oid = c.relnamespace)) AS tables
       FROM pg_publication b WHERE $2::text IS NULL OR pubname = $2`,
    [TABLE_NAMES, wanted],
  );
  const about = wanted === null ? rows.filter(({ tables }) => tables.length > 0) : rows;
  if (about.length === 0) {
    const name = quoted(wanted ?? 'cdc');
    const mend = `CREATE PUBLICATION ${name} FOR TABLE ${TABLE_NAMES.join(', ')};`;
    const evidence = `${wanted ?? 'pg_publication'}: –`;
    return { state: wanted === null ? 'info' : 'fail', evidence, mend };
  }
  const columns = await columnsOf(patient);
  const verdicts = about.map((one) => judge(one, columns));
  const worst = (['fail', 'warn', 'ok'] as const).find((state) =>
    verdicts.some((verdict) => verdict.state === state),
  );
  const mends = verdicts.flatMap(({ mend }) => (mend === null ? [] : [mend]));
  return {
    state: worst ?? 'ok',
    evidence: verdicts.map(({ evidence }) => evidence).join('; '),
    mend: mends.length === 0 ? null : mends.join(' '),
  };
};

function judge(publication: Publication, columns: ReadonlyMap<string, number>): Diagnosis {
  const { name, tables } = publication;
  const published = new Set(tables.map(({ tablename }) => tablename));
  const missing = TABLE_NAMES.filter((table) => !published.has(table));
  const silent = (['insert', 'update', 'delete'] as const).filter((kind) => !publication[kind]);
  const partial = tables.filter(
    ({ tablename, attnames, rowfilter }) =>
      (rowfilter ?? null) !== null ||
      (attnames !== undefined && attnames.length < (columns.get(tablename) ?? 0)),
  );
  const mends: string[] = [];
  const seen = [`${name}: ${published.size} / ${TABLE_NAMES.length}`];
  if (missing.length > 0) {
    seen.push(`without ${listed(missing)}`);
    mends.push(`ALTER PUBLICATION ${quoted(name)} ADD TABLE ${missing.join(', ')};`);
  }
  if (silent.length > 0) {
    seen.push(`without ${silent.join(', ')}`);
    mends.push(`ALTER PUBLICATION ${quoted(name)} SET (publish = 'insert, update, delete');`);
  }
  if (partial.length > 0) {
    seen.push(`WHERE or column list: ${listed(partial.map(({ tablename }) => tablename))}`);
    mends.push(`ALTER PUBLICATION ${quoted(name)} SET TABLE ${TABLE_NAMES.join(', ')};`);
  }
  const state = missing.length + silent.length > 0 ? 'fail' : partial.length > 0 ? 'warn' : 'ok';
  return { state, evidence: seen.join(', '), mend: mends.length === 0 ? null : mends.join(' ') };
}

async function columnsOf({ client }: Patient): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ name: string; columns: number }>(
    `SELECT t.name, (SELECT count(*)::int FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns ${OURS}`,
    [TABLE_NAMES],
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** What a connector needs that makes its own publication. */
export const publicationRights: Check = async ({ client, role }) => {
  const { rows } = await client.query<{ name: string; create: boolean; foreign: string[] }>(
    `SELECT r.rolname AS name, has_database_privilege(r.oid, current_database(), 'CREATE') AS create,
            ARRAY(SELECT t.name ${OURS} WHERE NOT pg_has_role(r.oid, c.relowner, 'USAGE')) AS foreign
       FROM pg_roles r WHERE r.rolname = coalesce($2, current_user)`,
    [TABLE_NAMES, role],
  );
  const [found] = rows;
  if (found === undefined) return { state: 'not_visible', evidence: `${role}: –`, mend: null };
  const name = quoted(found.name);
  const evidence = `${found.name}: ${found.create ? 'CREATE' : 'no CREATE'}`;
  if (found.create && found.foreign.length === 0) return ok(evidence);
  const mends = [
    ...(found.create
      ? []
      : [`GRANT CREATE ON DATABASE ${quoted(client.database ?? '')} TO ${name};`]),
    ...found.foreign.map((table) => `ALTER TABLE ${table} OWNER TO ${name};`),
  ];
  const seen = found.foreign.length > 0 ? `, no owner: ${listed(found.foreign)}` : '';
  return { state: 'warn', evidence: evidence + seen, mend: mends.join(' ') };
};

/** The tables that a query finds fault with. */
async function each(
  patient: Patient,
  text: string,
  mend: (table: string) => string,
  state: 'fail' | 'warn',
  fine: string,
): Promise<Diagnosis> {
  const names = await tablesOf(patient, text);
  if (names.length === 0) return ok(fine);
  return { state, evidence: listed(names), mend: names.map(mend).join(' ') };
}
