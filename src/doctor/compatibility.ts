import { OUR_TABLES } from '../database/catalog.js';
import { describeProblem } from '../database/schema.js';
import type { Client } from '../postgres/driver.js';
import { hasSqlstate, SQLSTATE } from '../postgres/sqlstate.js';
import type { Schema } from '../schema/schema.js';
import { baseType, sqlName, type Table, type TableName } from '../schema/table.js';
import {
  type Advice,
  type Check,
  type CheckContext,
  type Diagnosis,
  listed,
  ok,
} from './finding.js';
import { type Fix, forOwners, withFixes } from './fix.js';

function initDb({ extensions }: Schema): string {
  return ['oltp-simulator init-db', ...extensions.map((name) => `--with ${name}`)].join(' ');
}

export const tables: Check = async (context) => {
  const { client, schema, state, session, tables: own, english } = context;
  const { names } = schema.tables;
  if (state === 'complete') return ok(listed(names));
  const problems = state === 'missing' ? [] : state.problems;
  const evidence =
    state === 'missing'
      ? `0 / ${names.length}`
      : listed(problems.map((problem) => describeProblem(problem, english)));
  // init-db refuses if a table has other columns, and changes nothing.
  if (problems.some(({ kind }) => kind !== 'table-missing')) {
    return { state: 'fail', evidence, mend: null, advice: [(m) => m.otherShape()] };
  }
  const { rows } = await client.query<{ schema: string | null; creates: boolean; owner: string }>(
    `SELECT current_schema() AS schema, has_schema_privilege(current_schema(), 'CREATE') AS creates,
            (SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = current_schema())
              AS owner`,
  );
  const [place] = rows;
  if (place === undefined || place.schema === null) {
    return { state: 'fail', evidence, mend: null, advice: [(m) => m.noSchema()] };
  }
  const owners = ownersOf(own, names).concat(place.creates ? [] : [place.owner]);
  return withFixes('fail', evidence, [forOwners(session, owners, initDb(schema))]);
};

interface KeyFacts {
  readonly name: TableName;
  /** Columns of the primary key; empty without one. */
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

export const primaryKeys: Check = async (context) => {
  const { client, session, schema, tables: own } = context;
  const { rows } = await client.query<KeyFacts>(
    `SELECT t.name,
            ARRAY(SELECT a.attname::text
                    FROM pg_constraint k CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u (num, place)
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.num
                   WHERE k.conrelid = c.oid AND k.contype = 'p' ORDER BY u.place) AS key,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid) AS columns
       ${OUR_TABLES} ORDER BY array_position($1::text[], t.name)`,
    [schema.tables.names],
  );
  const isKeyless = ({ name }: KeyFacts) => schema.tables.get(name).key.length === 0;
  const without = rows.filter((row) => row.key.length === 0 && !isKeyless(row));
  if (without.length === 0) {
    const odd = rows.filter(({ key }) => key.join() !== 'id');
    const seen = odd.map((row) => `${row.name}: ${row.key.join(', ') || BY_ALL_COLUMNS}`);
    if (odd.length < rows.length) seen.unshift(`id (${rows.length - odd.length})`);
    return ok(seen.join('; '));
  }
  const additions: Addition[] = [];
  for (const { name, columns: existing } of without) {
    const { key } = schema.tables.get(name);
    const isThere = key.every((column) => existing.includes(column));
    // The key of a partitioned table must include its partition key.
    const columns = isThere ? unite(key, await partitionKey(client, name)) : null;
    const list = columns?.map(sqlName).join(', ');
    const { sql } = own[name]!;
    const isNull = key.map((column) => `${sqlName(column)} IS NULL`).join(' OR ');
    additions.push({
      owners: ownersOf(own, [name]),
      statement: list === undefined ? null : `ALTER TABLE ${sql} ADD PRIMARY KEY (${list});`,
      contradicting: `SELECT ${list} FROM ${sql} GROUP BY ${list} HAVING count(*) > 1 OR bool_or(${isNull})`,
    });
  }
  return withAdditions(
    context,
    'fail',
    listed(without.map(({ name }) => name)),
    session,
    additions,
  );
};

/** Evidence for a table that has no key, by its design. */
const BY_ALL_COLUMNS = 'all columns (no key)';

/** Natural keys: official numbers that identify a row outside the database. */
export const naturalKeys: Check = async (context) => {
  const { client, session, schema, tables: own } = context;
  const known = schema.tables.flatMap(({ name, unique }) =>
    unique.map((column) => [name, column] as const),
  );
  const missing: string[] = [];
  const additions: Addition[] = [];
  for (const [table, column] of known) {
    const { rows } = await client.query(
      `SELECT 1 WHERE to_regclass($1) IS NULL UNION ALL
       SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1
          AND i.indpred IS NULL AND a.attname = $2`,
      [table, column],
    );
    if (rows.length > 0) continue;
    missing.push(`${table}.${column}`);
    const key = await partitionKey(client, table);
    const fits = key?.every((name) => name === column) && (await hasColumn(client, table, column));
    const { sql } = own[table]!;
    const quoted = sqlName(column);
    additions.push({
      owners: ownersOf(own, [table]),
      statement: fits ? `ALTER TABLE ${sql} ADD UNIQUE (${quoted});` : null,
      contradicting: `SELECT ${quoted} FROM ${sql} GROUP BY ${quoted} HAVING count(${quoted}) > 1`,
    });
  }
  if (missing.length === 0) {
    return ok(`UNIQUE ${known.map((pair) => pair.join('.')).join(', ')}`);
  }
  return withAdditions(context, 'warn', listed(missing), session, additions);
};

interface ForeignKeyFacts {
  /** Name of the constraint; null if there is none. */
  readonly name: string | null;
  readonly holds: boolean;
  readonly enforced: boolean;
  /** The referenced column is unique. */
  readonly referable: boolean;
  readonly column_there: boolean;
  /** A logged table cannot reference an unlogged one. */
  readonly unlogged: boolean;
}

export const foreignKeys: Check = async (context) => {
  const { client, session, schema, tables: own } = context;
  const found: string[] = [];
  const missing: string[] = [];
  const additions: Addition[] = [];
  for (const { name: table, key, foreignKeys: known } of schema.tables) {
    for (const { column, references } of known) {
      const name = `${table}.${column}`;
      const [child, parent] = [own[table]!, own[references]!];
      if (child.owner === null || parent.owner === null) continue;
      // Generated keys that are referenced have one column.
      const [referenced = ''] = schema.tables.get(references).key;
      const facts = await foreignKeyFacts(client, [table, references, column, referenced]);
      if (facts.holds) {
        found.push(name);
        continue;
      }
      missing.push(name);
      const [from, to] = [sqlName(column), sqlName(referenced)];
      const alter = `ALTER TABLE ${child.sql}`;
      const create = `${alter} ADD FOREIGN KEY (${from}) REFERENCES ${parent.sql} (${to});`;
      const shown = [...(key.length > 0 ? key.map(sqlName) : ['ctid']), from];
      const possible = facts.referable && facts.column_there && !facts.unlogged;
      const constraint = session.quoted(facts.name ?? '');
      additions.push({
        owners: ownersOf(own, [table, references]),
        statement:
          facts.name === null
            ? possible
              ? create
              : null
            : facts.enforced
              ? `${alter} VALIDATE CONSTRAINT ${constraint};`
              : `${alter} ALTER CONSTRAINT ${constraint} ENFORCED;`,
        contradicting: `SELECT ${shown.map((one) => `c.${one}`).join(', ')} FROM ${child.sql} c LEFT JOIN ${parent.sql} p ON p.${to} = c.${from} WHERE c.${from} IS NOT NULL AND p.${to} IS NULL`,
      });
    }
  }
  if (missing.length === 0) return ok(listed(found));
  return withAdditions(context, 'warn', listed(missing), session, additions);
};

async function foreignKeyFacts(
  client: Client,
  [table, references, column, referenced]: readonly [
    table: TableName,
    references: TableName,
    column: string,
    referenced: string,
  ],
): Promise<ForeignKeyFacts> {
  // Valid ones first; then those that only need to be validated or enforced.
  const { rows } = await client.query<ForeignKeyFacts>(
    `SELECT k.name, coalesce(k.holds, false) AS holds, coalesce(k.enforced, true) AS enforced,
            EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
                       AND a.attnum = i.indkey[0]
                     WHERE i.indrelid = p.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                       AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = $4) AS referable,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = $3)
              AS column_there,
            p.relpersistence <> 'p' AND t.relpersistence = 'p' AS unlogged
       FROM pg_class t CROSS JOIN pg_class p
       LEFT JOIN LATERAL (
         SELECT k.conname::text AS name, e.enforced,
                e.enforced AND k.convalidated AND k.confdeltype IN ('a', 'r') AS holds
           FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
          CROSS JOIN LATERAL (SELECT to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false' AS enforced) e
          WHERE k.contype = 'f' AND k.conrelid = t.oid AND k.confrelid = p.oid
            AND a.attname = $3 AND cardinality(k.conkey) = 1
            AND k.confdeltype IN ('a', 'r')
          ORDER BY 3 DESC, 2 DESC LIMIT 1) AS k ON true
      WHERE t.oid = to_regclass($1) AND p.oid = to_regclass($2)`,
    [table, references, column, referenced],
  );
  const [facts] = rows;
  if (facts === undefined) throw new Error(`${table} or ${references} has gone`);
  return facts;
}

interface TimestampFacts {
  readonly name: TableName;
  readonly columns: readonly string[];
  /** An enabled BEFORE UPDATE trigger FOR EACH ROW exists. */
  readonly triggered: boolean;
  /** The name of a disabled one. */
  readonly disabled: string | null;
  readonly name_taken: boolean;
}

/** The columns that the server stamps, and a trigger that sets those of UPDATEs. */
export const timestamps: Check = async ({ client, session, schema, state, tables: own }) => {
  const stamped = schema.tables.filter((table) => stampsOf(table).length > 0);
  const wanted = [...new Set(stamped.flatMap(stampsOf).map(({ name }) => name))];
  const { rows } = await client.query<TimestampFacts>(
    `SELECT t.name,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = ANY ($2::text[]))
              AS columns,
            EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                       AND g.tgenabled IN ('O', 'A') AND g.tgtype & ${UPDATE_TRIGGER} = ${UPDATE_TRIGGER})
              AS triggered,
            (SELECT min(g.tgname::text) FROM pg_trigger g WHERE g.tgrelid = c.oid
                AND g.tgenabled NOT IN ('O', 'A') AND g.tgname = c.relname || '_updated_at'
                AND g.tgtype & ${UPDATE_TRIGGER} = ${UPDATE_TRIGGER}) AS disabled,
            EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid
                       AND g.tgname = c.relname || '_updated_at') AS name_taken
       ${OUR_TABLES} ORDER BY array_position($1::text[], t.name)`,
    [stamped.map(({ name }) => name), wanted],
  );
  const missing = ({ name, columns }: TimestampFacts) =>
    stampsOf(schema.tables.get(name)).filter((stamp) => !columns.includes(stamp.name));
  const unfit = rows.filter((facts) => missing(facts).length > 0 || !facts.triggered);
  if (unfit.length === 0) {
    return ok(`${wanted.join(', ')}, BEFORE UPDATE: ${rows.length} / ${stamped.length}`);
  }
  const { rows: found } = await client.query<{ sql: string }>(
    `SELECT format('%I.%I', n.nspname, f.proname) AS sql
       FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
      WHERE f.oid = to_regprocedure('set_updated_at()')`,
  );
  const keeper = found[0]?.sql;
  const fixes: Fix[] = [];
  const seen: string[] = [];
  let script = false;
  for (const facts of unfit) {
    const { name, triggered, disabled, name_taken } = facts;
    const { sql } = own[name]!;
    const { relation } = schema.tables.get(name);
    const owners = ownersOf(own, [name]);
    const alter = `ALTER TABLE ${sql}`;
    const gone = missing(facts);
    for (const stamp of gone) {
      // `timestamp` says the same in fewer words.
      const type = baseType(stamp.type).replace(' without time zone', '');
      const statement = `${alter} ADD COLUMN ${stamp.name} ${type} NOT NULL DEFAULT now();`;
      fixes.push(forOwners(session, owners, statement));
    }
    const absent = [...gone.map((stamp) => stamp.name), ...(triggered ? [] : ['BEFORE UPDATE'])];
    seen.push(`${name}: ${absent.join(', ')}`);
    if (triggered) continue;
    const trigger = name_taken ? 'set_updated_at' : sqlName(`${relation}_updated_at`);
    if (disabled !== null) {
      fixes.push(forOwners(session, owners, `${alter} ENABLE TRIGGER ${sqlName(disabled)};`));
    } else if (keeper !== undefined) {
      const statement = `CREATE TRIGGER ${trigger} BEFORE UPDATE ON ${sql} FOR EACH ROW EXECUTE FUNCTION ${keeper}();`;
      fixes.push(forOwners(session, owners, statement));
    } else script = true;
  }
  const evidence = listed(seen);
  if (!script) return withFixes('warn', evidence, fixes);
  // The script creates the function and all triggers.
  if (state !== 'complete') {
    return withFixes('warn', evidence, fixes, [(m) => m.after({ check: 'tables' })]);
  }
  const owners = ownersOf(own, schema.tables.names);
  return withFixes('warn', evidence, [...fixes, forOwners(session, owners, initDb(schema))]);
};

/** The columns that the server sets to the time of a write. */
function stampsOf({ serverColumns }: Table): Table['serverColumns'] {
  return serverColumns.filter(({ set }) => set !== 'derived');
}

/** Bits of pg_trigger.tgtype: ROW (1), BEFORE (2), UPDATE (16). */
const UPDATE_TRIGGER = 1 | 2 | 16;

/** A missing constraint. */
interface Addition {
  readonly owners: readonly string[];
  /** Null: the table cannot have it, or not yet. */
  readonly statement: string | null;
  /** Query for the rows that would make the statement fail. */
  readonly contradicting: string;
}

/** Makes a finding about missing constraints. A statement that existing rows would make fail becomes advice. */
async function withAdditions(
  { client }: CheckContext,
  state: 'fail' | 'warn',
  evidence: string,
  session: CheckContext['session'],
  additions: readonly Addition[],
): Promise<Diagnosis> {
  const fixes: Fix[] = [];
  const advice: Advice[] = [];
  for (const { owners, statement, contradicting } of additions) {
    if (statement === null) advice.push((m) => m.constraintImpossible());
    else if (await finds(client, contradicting)) {
      advice.push((m) => m.contradicted({ query: `${contradicting};`, statement }));
    } else fixes.push(forOwners(session, owners, statement));
  }
  return withFixes(state, evidence, fixes, advice);
}

/** Limit for the search of contradicting rows in a large table. */
const SEARCH_MS = 3_000;

/** Whether a query finds a row. False also if it takes too long, or the role may not read. */
async function finds(client: Client, text: string): Promise<boolean> {
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`SET LOCAL statement_timeout = ${SEARCH_MS}`);
    return (await client.query(`${text} LIMIT 1`)).rows.length > 0;
  } catch (error) {
    if (hasSqlstate(error, SQLSTATE.QUERY_CANCELED, SQLSTATE.INSUFFICIENT_PRIVILEGE)) return false;
    throw error;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

/** The columns of the partition key, none without partitions; null if it has an expression, which no key can include. */
async function partitionKey(client: Client, table: TableName): Promise<readonly string[] | null> {
  const { rows } = await client.query<{ column: string | null }>(
    `SELECT a.attname::text AS column
       FROM pg_partitioned_table p CROSS JOIN unnest(p.partattrs::int2[]) AS u (num)
       LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = u.num
      WHERE p.partrelid = to_regclass($1)`,
    [table],
  );
  const columns = rows.flatMap(({ column }) => (column === null ? [] : [column]));
  return columns.length < rows.length ? null : columns;
}

async function hasColumn(client: Client, table: TableName, column: string): Promise<boolean> {
  const { rows } = await client.query(
    'SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2',
    [table, column],
  );
  return rows.length > 0;
}

function unite(first: readonly string[], more: readonly string[] | null): string[] | null {
  return more === null ? null : [...new Set([...first, ...more])];
}

/** The owners of the tables that exist. */
export function ownersOf(own: CheckContext['tables'], names: readonly TableName[]): string[] {
  return names.flatMap((name) => own[name]?.owner ?? []);
}
