import { OUR_RELATIONS, OUR_TABLES } from '../database/catalog.js';
import type { TableFacts } from '../database/facts.js';
import { readDatabaseFacts } from '../database/read-facts.js';
import type { TableName } from '../schema/table.js';
import { type Advice, type Check, listed, ok } from './finding.js';
import { forSuperuser, withFixes } from './fix.js';
import {
  defaultIdentity,
  FULL_NEEDS_GENERATED,
  identityAdvice,
  leafFixes,
  namesOf,
  readLeaves,
} from './leaves.js';

/** Triggers, rules and cascades, by which the server changes rows itself; without `set_updated_at`. */
export const triggers: Check = async ({ client, schema, tables: own }) => {
  const { names } = schema.tables;
  const absent = names.filter((name) => own[name]!.owner === null);
  if (absent.length > 0) return { state: 'not_visible', evidence: listed(absent), mend: null };
  const { tables } = await readDatabaseFacts(client, schema.tables);
  const seen: string[] = [];
  let ruled = false;
  let before = false;
  for (const name of names) {
    const { triggers: found, rules, cascades }: TableFacts = tables[name]!;
    ruled ||= rules.length > 0;
    before ||= found.some(({ timing }) => timing !== 'after');
    seen.push(
      ...found.map(
        ({ name: trigger, timing, operations, level }) =>
          `${name}.${trigger} (${timing} ${operations.join(', ')}; ${level})`,
      ),
      ...rules.map((rule) => `${name}.${rule} (rule)`),
      ...cascades.map((constraint) => `${constraint} (foreign key of ${name} that cascades)`),
    );
  }
  if (seen.length === 0) return ok('set_updated_at');
  const advice: Advice[] = ruled ? [(m) => m.rules()] : before ? [(m) => m.rowTriggers()] : [];
  return { state: ruled || before ? 'warn' : 'info', evidence: listed(seen), mend: null, advice };
};

/**
 * Generated columns: not published before PostgreSQL 18. From 18 on, UPDATE and DELETE fail on a published
 * table with REPLICA IDENTITY FULL whose generated columns are not published.
 */
export const generatedColumns: Check = async (context) => {
  const { client, session, schema } = context;
  const { rows } = await client.query<{ column: string }>(
    `SELECT t.name || '.' || a.attname || CASE a.attgenerated WHEN 's' THEN ' (stored)'
                                                              ELSE ' (virtual)' END AS column
       ${OUR_TABLES} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated <> ''
      ORDER BY array_position($1::text[], t.name), a.attnum`,
    [schema.tables.names],
  );
  if (rows.length === 0) return ok('0 GENERATED');
  const evidence = listed(rows.map(({ column }) => column));
  const unpublished: Advice = (m) => m.generatedUnpublished();
  const blocked = session.version < FULL_NEEDS_GENERATED ? [] : await findBlocked(context);
  if (blocked.length === 0) return { state: 'info', evidence, mend: null, advice: [unpublished] };
  const advice = identityAdvice(blocked.filter((leaf) => defaultIdentity(leaf) === null));
  const seen = `${evidence}; REPLICA IDENTITY FULL: ${listed(namesOf(blocked))}`;
  const fixes = leafFixes(context, blocked, defaultIdentity);
  return withFixes('fail', seen, fixes, [unpublished, ...advice]);
};

/** Leaves on which every UPDATE fails: FULL includes generated columns that are not published. */
async function findBlocked(context: Parameters<Check>[0]) {
  const { rows } = await context.client.query<{ oid: number }>(
    `WITH ours AS (${OUR_RELATIONS})
     SELECT o.oid::bigint::float8 AS oid FROM ours o
      WHERE o.leaf AND EXISTS (
        SELECT FROM pg_publication b JOIN pg_publication_tables p ON p.pubname = b.pubname
          JOIN pg_namespace n ON n.nspname = p.schemaname
          JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
         WHERE (b.pubupdate OR b.pubdelete)
           AND (c.oid = o.oid OR c.oid IN (SELECT relid FROM pg_partition_ancestors(o.oid)))
           AND EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = o.oid AND NOT a.attisdropped
                          AND (a.attgenerated = 'v'
                               OR a.attgenerated = 's' AND to_jsonb(b) ->> 'pubgencols' = 'n')))`,
    [context.schema.tables.names],
  );
  const oids = new Set(rows.map(({ oid }) => oid));
  const leaves = await readLeaves(context);
  return leaves.filter(({ oid, identity }) => identity === 'f' && oids.has(oid));
}

/** Row-level security that hides rows from the consumer's role: from its snapshot, not from its slot. */
export const rowSecurity: Check = async ({ client, session, schema, role }) => {
  const { rows: known } = await client.query(
    'SELECT FROM pg_roles WHERE rolname = coalesce($1, current_user)',
    [role],
  );
  if (known.length === 0) return { state: 'not_visible', evidence: `${role}: –`, mend: null };
  const { rows } = await client.query<{
    name: TableName;
    applies: boolean;
    shows_all: boolean;
    policies: string[];
  }>(
    // A permissive USING (true) shows all rows, unless a restrictive policy hides some.
    `WITH me AS (SELECT * FROM pg_roles WHERE rolname = coalesce($2, current_user))
     SELECT t.name,
            NOT me.rolsuper AND NOT me.rolbypassrls
              AND (c.relforcerowsecurity OR NOT pg_has_role(me.oid, c.relowner, 'USAGE')) AS applies,
            coalesce((SELECT bool_or(p.polpermissive AND p.shows_all)
                             AND bool_and(p.polpermissive OR p.shows_all)
                        FROM (SELECT y.*, pg_get_expr(y.polqual, y.polrelid) = 'true' AS shows_all
                                FROM pg_policy y
                               WHERE y.polrelid = c.oid AND y.polcmd IN ('r', '*')
                                 AND EXISTS (SELECT FROM unnest(y.polroles) AS r (oid)
                                              WHERE r.oid = 0 OR pg_has_role(me.oid, r.oid, 'USAGE'))
                             ) AS p), false) AS shows_all,
            ARRAY(SELECT y.polname::text FROM pg_policy y WHERE y.polrelid = c.oid ORDER BY 1) AS policies
       ${OUR_TABLES} CROSS JOIN me WHERE c.relrowsecurity
      ORDER BY array_position($1::text[], t.name)`,
    [schema.tables.names, role],
  );
  if (rows.length === 0) return ok(`0 / ${schema.tables.size} ROW LEVEL SECURITY`);
  const name = role ?? session.user;
  const hidden = rows.filter(({ applies, shows_all }) => applies && !shows_all);
  const seen = (hidden.length > 0 ? hidden : rows).map(
    ({ name: table, policies }) => `${table} (${policies.length > 0 ? policies.join(', ') : '–'})`,
  );
  if (hidden.length === 0) {
    return { state: 'info', evidence: `${listed(seen)}; ${name}: all rows`, mend: null };
  }
  const fix = forSuperuser(session, `ALTER ROLE ${session.quoted(name)} BYPASSRLS;`);
  return withFixes('warn', `${name}: ${listed(seen)}`, [fix], [(m) => m.hiddenRows()]);
};
