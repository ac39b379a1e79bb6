import { TABLE_NAMES, type TableName } from '../hospital/tables.js';
import { nameOf, OUR_RELATIONS, OUR_TABLES } from '../postgres/catalog.js';
import {
  type Publication,
  readIdentities,
  readPublications,
} from '../postgres/read-database-facts.js';
import { OPERATIONS } from '../threads/tally.js';
import {
  type Check,
  type Diagnosis,
  listed,
  ok,
  type Patient,
  quoted,
  tablesOf,
} from './finding.js';

/**
 * A publication makes UPDATE and DELETE fail on a table that has neither key nor identity. With an identity
 * that lacks the id they succeed, and their events do not say which row they are about.
 */
export const replicaIdentity: Check = async ({ client }) => {
  const identities = await readIdentities(client);
  const broken = identities.filter(({ kind, key }) => kind !== 'full' && key === null);
  const silent = identities.filter(({ key, tells_id }) => key !== null && !tells_id);
  if (broken.length + silent.length === 0) return ok('REPLICA IDENTITY');
  const mend = [
    ...broken.map(({ relation }) => `ALTER TABLE ${relation} REPLICA IDENTITY FULL;`),
    ...silent.map(
      ({ relation, key_has_id }) =>
        `ALTER TABLE ${relation} REPLICA IDENTITY ${key_has_id ? 'DEFAULT' : 'FULL'};`,
    ),
  ];
  const seen = [
    ...broken.map(({ relation }) => relation),
    ...silent.map(({ relation, key }) => `${relation}: ${key} without id`),
  ];
  return {
    state: broken.length > 0 ? 'fail' : 'warn',
    evidence: listed(seen),
    mend: mend.join(' '),
  };
};

/** SQL: everything that stores rows of ours. */
const STORED = `SELECT ${nameOf('c')} AS name
         FROM (${OUR_RELATIONS}) AS ours JOIN pg_class c ON c.oid = ours.oid AND ours.leaf`;

/** Values stored out of line are left out of an update that does not change them. */
export const toast: Check = (patient) =>
  each(
    patient,
    `${STORED} WHERE c.reltoastrelid <> 0 AND c.relreplident <> 'f' ORDER BY 1`,
    (relation) => `ALTER TABLE ${relation} REPLICA IDENTITY FULL;`,
    'warn',
    '–',
  );

export const unlogged: Check = (patient) =>
  each(
    patient,
    `${STORED} WHERE c.relpersistence <> 'p' ORDER BY 1`,
    (relation) => `ALTER TABLE ${relation} SET LOGGED;`,
    'fail',
    'LOGGED',
  );

/** Whether the publication that was named, or every one that has a table of ours, tells of all changes. */
export const publication: Check = async ({ client, publication: wanted, tables }) => {
  const all = await readPublications(client);
  const about = all.filter(({ facts, relations }) =>
    wanted === null ? relations.length > 0 : facts.name === wanted,
  );
  if (about.length === 0) {
    const partitioned = TABLE_NAMES.some((table) => tables[table].partitioned);
    const how = partitioned ? ` WITH (${VIA_ROOT})` : '';
    const list = sqlOf(tables, TABLE_NAMES);
    const mend = `CREATE PUBLICATION ${quoted(wanted ?? 'cdc')} FOR TABLE ${list}${how};`;
    const evidence = `${wanted ?? 'pg_publication'}: –`;
    return { state: wanted === null ? 'info' : 'fail', evidence, mend };
  }
  const verdicts = about.map((one) => judge(one, tables));
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

/** With it, events bear the name of the partitioned table, otherwise those of its partitions. */
const VIA_ROOT = 'publish_via_partition_root = true';

function judge(
  { facts, everything, relations }: Publication,
  tables: Patient['tables'],
): Diagnosis {
  const { name, operations, via_root } = facts;
  const alter = `ALTER PUBLICATION ${quoted(name)}`;
  const published = TABLE_NAMES.filter((table) => facts.tables[table] !== undefined);
  const missing = TABLE_NAMES.filter((table) => facts.tables[table] === undefined);
  const silent = OPERATIONS.filter((operation) => !operations.includes(operation));
  const partial = published.filter((table) => {
    const { columns = null, filter = null } = facts.tables[table] ?? {};
    return columns !== null || filter !== null;
  });
  const split = published.filter(
    (table) => !relations.some((relation) => relation.table === table && relation.is_root),
  );
  const alone = split.filter((table) =>
    relations.some((relation) => relation.table === table && relation.is_alone),
  );
  const mends: string[] = [];
  const seen = [`${name}: ${published.length} / ${TABLE_NAMES.length}`];
  if (missing.length > 0) seen.push(`without ${listed(missing)}`);
  // One that is FOR ALL TABLES takes no more of them.
  const added = everything ? [] : [...missing, ...alone];
  if (added.length > 0) mends.push(`${alter} ADD TABLE ${sqlOf(tables, added)};`);
  if (silent.length > 0) {
    seen.push(`without ${silent.join(', ')}`);
    mends.push(`${alter} SET (publish = 'insert, update, delete');`);
  }
  if (partial.length > 0) {
    seen.push(`WHERE or column list: ${listed(partial)}`);
    mends.push(`${alter} SET TABLE ${sqlOf(tables, TABLE_NAMES)};`);
  }
  if (split.length > 0) {
    seen.push(`by partitions (publish_via_partition_root = ${via_root}): ${listed(split)}`);
  }
  if (!via_root && [...split, ...added].some((table) => tables[table].partitioned)) {
    mends.push(`${alter} SET (${VIA_ROOT});`);
  }
  const fails = missing.length + silent.length > 0;
  const state = fails ? 'fail' : partial.length + split.length > 0 ? 'warn' : 'ok';
  return { state, evidence: seen.join(', '), mend: mends.length === 0 ? null : mends.join(' ') };
}

function sqlOf(tables: Patient['tables'], names: readonly TableName[]): string {
  return names.map((name) => tables[name].sql).join(', ');
}

/** What a connector needs that makes its own publication. */
export const publicationRights: Check = async ({ client, role, tables }) => {
  const { rows } = await client.query<{ name: string; create: boolean; foreign: TableName[] }>(
    `SELECT r.rolname AS name, has_database_privilege(r.oid, current_database(), 'CREATE') AS create,
            ARRAY(SELECT t.name ${OUR_TABLES} WHERE NOT pg_has_role(r.oid, c.relowner, 'USAGE')) AS foreign
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
    ...found.foreign.map((table) => `ALTER TABLE ${tables[table].sql} OWNER TO ${name};`),
  ];
  const seen = found.foreign.length > 0 ? `, no owner: ${listed(found.foreign)}` : '';
  return { state: 'warn', evidence: evidence + seen, mend: mends.join(' ') };
};

/** The relations that a query finds fault with. */
async function each(
  patient: Patient,
  text: string,
  mend: (relation: string) => string,
  state: 'fail' | 'warn',
  fine: string,
): Promise<Diagnosis> {
  const names = await tablesOf<string>(patient, text);
  if (names.length === 0) return ok(fine);
  return { state, evidence: listed(names), mend: names.map(mend).join(' ') };
}
