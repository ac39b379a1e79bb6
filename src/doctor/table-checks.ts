import { OUR_TABLES } from '../database/catalog.js';
import type { PublishedFacts } from '../database/facts.js';
import { type RelationIdentity, readIdentities } from '../database/read-facts.js';
import { OPERATIONS } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import { ownersOf } from './compatibility.js';
import {
  type Advice,
  type Check,
  type CheckContext,
  type Diagnosis,
  type FindingState,
  listed,
  ok,
} from './finding.js';
import { type Fix, forOwners, forSuperuser, withFixes } from './fix.js';
import {
  defaultIdentity,
  fullBreaksUpdate,
  fullIdentity,
  identityAdvice,
  type Leaf,
  leafFixes,
  namesOf,
  readLeaves,
} from './leaves.js';
import { type Published, readPublished } from './publications.js';

/**
 * Without a replica identity, UPDATE and DELETE fail on a published table. With one that lacks the key they succeed,
 * but a DELETE event does not identify its row. A table without a key needs FULL.
 */
export const replicaIdentity: Check = async (context) => {
  const { client, session, schema } = context;
  const identities: RelationIdentity[] = await readIdentities(client, schema.tables);
  const keyOf = (table: TableName) => schema.tables.get(table).key.join(', ');
  const broken = identities.filter(({ kind, key }) => kind !== 'full' && key === null);
  const silent = identities.filter(({ key, tells_id }) => key !== null && !tells_id);
  const unfit = [...broken, ...silent];
  if (unfit.length === 0) {
    const full = identities.flatMap(({ kind, relation }) => (kind === 'full' ? [relation] : []));
    const byKey = new Map<string, number>();
    for (const { kind, table } of identities) {
      if (kind !== 'full') byKey.set(keyOf(table), (byKey.get(keyOf(table)) ?? 0) + 1);
    }
    const seen = [...byKey].map(([key, relations]) => `${key} (${relations})`);
    if (full.length > 0) seen.push(`FULL: ${listed(full)}`);
    return ok(seen.join('; '));
  }
  const leaves = await readLeaves(context);
  const seen = [
    ...namesOf(leaves.filter(isOf(broken))),
    ...silent.map(({ relation, key, table }) => `${relation}: ${key} without ${keyOf(table)}`),
  ];
  return withIdentities(
    context,
    broken.length > 0 ? 'fail' : 'warn',
    listed(seen),
    leaves.filter(isOf(unfit)),
    (leaf) => defaultIdentity(leaf) ?? fullIdentity(session, leaf),
  );
};

/** Tells whether these relations include a leaf. */
function isOf(relations: readonly RelationIdentity[]): (leaf: Leaf) => boolean {
  return ({ relation }) => relations.some((one) => one.relation === relation);
}

/** TOAST: an UPDATE event lacks values that are stored out of line and did not change. */
export const toast: Check = async (context) => {
  const leaves = (await readLeaves(context)).filter(({ toasted }) => toasted);
  const unfit = leaves.filter(({ identity }) => identity !== 'f');
  if (unfit.length > 0) {
    const evidence = listed(namesOf(unfit));
    return withIdentities(context, 'warn', evidence, unfit, (leaf) =>
      fullIdentity(context.session, leaf),
    );
  }
  if (leaves.length === 0) return ok('0 TOAST');
  return ok(`REPLICA IDENTITY FULL: ${listed(namesOf(leaves))}`);
};

/** Makes a finding whose fix is another replica identity, or advice if UPDATE would fail with that. */
function withIdentities(
  context: CheckContext,
  state: FindingState,
  evidence: string,
  leaves: readonly Leaf[],
  actionOf: Parameters<typeof leafFixes>[2],
): Diagnosis {
  const advice = identityAdvice(leaves.filter((leaf) => actionOf(leaf) === null));
  return withFixes(state, evidence, leafFixes(context, leaves, actionOf), advice);
}

export const unlogged: Check = async (context) => {
  const leaves = await readLeaves(context);
  const unfit = leaves.filter(({ logged }) => !logged);
  if (unfit.length === 0) return ok(`LOGGED: ${leaves.length}`);
  return withFixes(
    'fail',
    listed(namesOf(unfit)),
    leafFixes(context, unfit, () => 'SET LOGGED'),
  );
};

/** Checks that the named publication, or else every one with a table of the schema, publishes all changes of all tables. */
export const publication: Check = async (context) => {
  const { publication: wanted, session, tables } = context;
  const { names } = context.schema.tables;
  const all = await readPublished(context);
  const about = all.filter(({ facts, relations, members }) =>
    wanted === null
      ? relations.length > 0 || members.some(({ table }) => table !== null)
      : facts.name === wanted,
  );
  const leaves = context.state === 'missing' ? [] : await readLeaves(context);
  if (about.length === 0) {
    const state = wanted === null ? 'info' : 'fail';
    const evidence = wanted === null ? `pg_publication: ${all.length}` : `${wanted}: –`;
    const blocked = unpublishable(context, names, leaves);
    if (blocked.length > 0) return { state, evidence, mend: null, advice: blocked };
    const logging = leafFixes(
      context,
      leaves.filter(({ logged }) => !logged),
      () => 'SET LOGGED',
    );
    const how = names.some((table) => tables[table]!.partitioned) ? ` WITH (${VIA_ROOT})` : '';
    const name = session.quoted(wanted ?? 'cdc');
    const create = `CREATE PUBLICATION ${name} FOR TABLE ${sqlOf(tables, names)}${how};`;
    const owners = ownersOf(tables, names);
    if (!session.creates) owners.push(session.databaseOwner);
    return withFixes(state, evidence, [...logging, forOwners(session, owners, create)]);
  }
  const verdicts = about.map((one) => judge(one, context, leaves));
  return withFixes(
    (['fail', 'warn', 'ok'] as const).find((state) =>
      verdicts.some((verdict) => verdict.state === state),
    ) ?? 'ok',
    verdicts.map(({ evidence }) => evidence).join('; '),
    verdicts.flatMap(({ fixes }) => fixes),
    verdicts.flatMap(({ advice }) => advice),
  );
};

/** Events then have the name of the partitioned table instead of the partition's. */
const VIA_ROOT = 'publish_via_partition_root = true';

/** Advice on what to fix before some tables are published: otherwise UPDATE would fail on them. */
function unpublishable(
  { tables, session }: CheckContext,
  names: readonly TableName[],
  leaves: readonly Leaf[],
): Advice[] {
  const own = leaves.filter(({ table }) => names.includes(table));
  if (names.some((table) => tables[table]!.owner === null)) {
    return [(m) => m.after({ check: 'tables' })];
  }
  if (own.some(({ identified }) => !identified)) {
    return [(m) => m.after({ check: 'replica_identity' })];
  }
  return identityAdvice(
    own.filter((leaf) => leaf.identity === 'f' && fullBreaksUpdate(session, leaf)),
  );
}

interface Verdict {
  readonly state: 'fail' | 'warn' | 'ok';
  readonly evidence: string;
  readonly fixes: readonly Fix[];
  readonly advice: readonly Advice[];
}

function judge(one: Published, context: CheckContext, leaves: readonly Leaf[]): Verdict {
  const { facts, everything, relations, members, owner } = one;
  const { session, tables } = context;
  const { names } = context.schema.tables;
  const { name, operations, via_root } = facts;
  const alter = `ALTER PUBLICATION ${session.quoted(name)}`;
  const published = names.filter((table) => facts.tables[table] !== undefined);
  const missing = names.filter((table) => facts.tables[table] === undefined);
  const silent = OPERATIONS.filter((operation) => !operations.includes(operation));
  const partial = published.filter((table) => {
    const { columns = null, filter = null }: Partial<PublishedFacts> = facts.tables[table] ?? {};
    return columns !== null || filter !== null;
  });
  const split = published.filter(
    (table) => !relations.some((relation) => relation.table === table && relation.is_root),
  );
  const alone = split.filter((table) =>
    relations.some((relation) => relation.table === table && relation.is_alone),
  );
  const seen = [`${name}: ${published.length} / ${names.length}`];
  if (missing.length > 0) seen.push(`without ${listed(missing)}`);
  if (silent.length > 0) seen.push(`without ${silent.join(', ')}`);
  if (partial.length > 0) seen.push(`WHERE or column list: ${listed(partial)}`);
  if (split.length > 0) {
    seen.push(`by partitions (publish_via_partition_root = ${via_root}): ${listed(split)}`);
  }
  if (seen.length === 1) seen.push(operations.join(', '));
  const fails = missing.length + silent.length > 0;
  const state = fails ? 'fail' : partial.length + split.length > 0 ? 'warn' : 'ok';

  const fixes: Fix[] = [];
  const advice: Advice[] = [];
  // A member may publish nothing: a partitioned table without partitions, without publish_via_partition_root.
  const member = (name: TableName) =>
    members.some(({ table, is_root }) => is_root && table === name);
  const added = everything ? [] : [...missing, ...alone].filter((table) => !member(table));
  const blocked = unpublishable(context, [...missing, ...added], leaves);
  if (blocked.length > 0) return { state, evidence: seen.join(', '), fixes, advice: blocked };
  const hidden = leaves.filter(({ logged, table }) => !logged && missing.includes(table));
  fixes.push(...leafFixes(context, hidden, () => 'SET LOGGED'));
  if (partial.length > 0) fixes.push(setTables(one, context, partial, added));
  else if (added.length > 0) {
    const owners = [owner, ...ownersOf(tables, added)];
    fixes.push(forOwners(session, owners, `${alter} ADD TABLE ${sqlOf(tables, added)};`));
  }
  if (!via_root && [...split, ...missing].some((table) => tables[table]!.partitioned)) {
    if (one.partitions.length > 0) {
      advice.push((m) => m.rooting({ publication: name, tables: listed(one.partitions) }));
    } else fixes.push(forOwners(session, [owner], `${alter} SET (${VIA_ROOT});`));
  }
  if (silent.length > 0) {
    const unpublished = unpublishable(context, published, leaves);
    if (one.unfit.length > 0) {
      advice.push((m) => m.widening({ publication: name, tables: listed(one.unfit) }));
    } else if (unpublished.length > 0) advice.push(...unpublished);
    else {
      const all = one.truncate ? [...OPERATIONS, 'truncate'] : OPERATIONS;
      const statement = `${alter} SET (publish = '${all.join(', ')}');`;
      fixes.push(forOwners(session, [owner], statement));
    }
  }
  return { state, evidence: seen.join(', '), fixes, advice };
}

/**
 * Publishes all columns and rows of the schema's tables. SET TABLE replaces all members and schemas, so the
 * statement repeats the others as they were.
 */
function setTables(
  { facts, members, schemas, owner }: Published,
  { session, tables }: CheckContext,
  partial: readonly TableName[],
  added: readonly TableName[],
): Fix {
  // The list or filter may be a partition's.
  const entries = members.map(({ sql, list, filter, table }) =>
    table !== null && partial.includes(table) ? sql : `${sql}${list}${filter}`,
  );
  entries.push(...added.map((table) => tables[table]!.sql));
  const named = entries.length > 0 ? [`TABLE ${entries.join(', ')}`] : [];
  if (schemas.length > 0) named.push(`TABLES IN SCHEMA ${schemas.join(', ')}`);
  const statement = `ALTER PUBLICATION ${session.quoted(facts.name)} SET ${named.join(', ')};`;
  // Only a superuser may publish whole schemas.
  if (schemas.length > 0) return forSuperuser(session, statement);
  const owners = [owner, ...members.map((one) => one.owner), ...ownersOf(tables, added)];
  return forOwners(session, owners, statement);
}

function sqlOf(tables: CheckContext['tables'], names: readonly TableName[]): string {
  return names.map((name) => tables[name]!.sql).join(', ');
}

/** The rights that a connector needs to create its own publication. */
export const publicationRights: Check = async ({ client, session, schema, role, tables }) => {
  const { names } = schema.tables;
  const { rows } = await client.query<{
    name: string;
    create: boolean;
    inherits: boolean;
    foreign: { table: TableName; owner: string; super: boolean }[];
  }>(
    `SELECT r.rolname AS name, r.rolinherit AS inherits,
            has_database_privilege(r.oid, current_database(), 'CREATE') AS create,
            (SELECT coalesce(jsonb_agg(jsonb_build_object(
                      'table', t.name, 'owner', o.rolname, 'super', o.rolsuper)
                      ORDER BY array_position($1::text[], t.name)), '[]')
               ${OUR_TABLES} JOIN pg_roles o ON o.oid = c.relowner
              WHERE NOT pg_has_role(r.oid, c.relowner, 'USAGE')) AS foreign
       FROM pg_roles r WHERE r.rolname = coalesce($2, current_user)`,
    [names, role],
  );
  const [found] = rows;
  if (found === undefined) return { state: 'not_visible', evidence: `${role}: –`, mend: null };
  const { create, foreign, inherits } = found;
  const owned = names.filter((table) => tables[table]!.owner !== null).length - foreign.length;
  const evidence = `${found.name}: ${create ? 'CREATE' : 'no CREATE'}, owner of ${owned} / ${names.length}`;
  if (create && foreign.length === 0) return ok(evidence);
  const name = session.quoted(found.name);
  const fixes: Fix[] = [];
  if (!create) {
    const database = session.quoted(client.database ?? '');
    const statement = `GRANT CREATE ON DATABASE ${database} TO ${name};`;
    fixes.push(forOwners(session, [session.databaseOwner], statement));
  }
  // By membership: a change of owner would take the table from its present one. Not of a superuser, whose members
  // could do anything.
  const lendable = foreign.every((one) => !one.super) && inherits;
  const owners = [...new Set(foreign.map(({ owner }) => owner))];
  if (lendable) {
    const grants = owners.map((owner) => `GRANT ${session.quoted(owner)} TO ${name};`);
    fixes.push(...grants.map((statement) => forSuperuser(session, statement)));
  }
  const seen = foreign.length > 0 ? `, no owner: ${listed(foreign.map(({ table }) => table))}` : '';
  const advice: Advice[] = [(m) => m.ownerPublishes({ owners: owners.join(', ') || found.name })];
  return withFixes('warn', evidence + seen, lendable ? fixes : [], advice);
};
