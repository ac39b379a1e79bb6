import { OUR_TABLES } from '../database/catalog.js';
import { describeProblem } from '../database/schema.js';
import { TABLE_NAMES, TABLES, type TableName } from '../legacy/tables.js';
import type { Client } from '../postgres/driver.js';
import { hasSqlstate, SQLSTATE } from '../postgres/sqlstate.js';
import {
  type Advice,
  type Check,
  type CheckContext,
  type Diagnosis,
  listed,
  ok,
} from './finding.js';
import { type Fix, forOwners, withFixes } from './fix.js';

/** Natural keys: official numbers that identify a row outside the database. */
const NATURAL_KEYS: readonly (readonly [TableName, string])[] = [
  ['pacientes', 'cpf'],
  ['medicos', 'crm'],
  ['convenios', 'cnpj'],
];
const TIMESTAMPS = ['created_at', 'updated_at'];
const INIT_DB = 'oltp-simulator init-db';

export const tables: Check = async ({ client, schema: state, session, tables: own, english }) => {
  if (state === 'complete') return ok(listed(TABLE_NAMES));
  const problems = state === 'missing' ? [] : state.problems;
  const evidence =
    state === 'missing'
      ? `0 / ${TABLE_NAMES.length}`
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
  const owners = ownersOf(own, TABLE_NAMES).concat(place.creates ? [] : [place.owner]);
  return withFixes('fail', evidence, [forOwners(session, owners, INIT_DB)]);
};

interface KeyFacts {
  readonly name: TableName;
  /** Columns of the primary key; empty without one. */
  readonly key: readonly string[];
  readonly has_id: boolean;
}

export const primaryKeys: Check = async (context) => {
  const { client, session, tables: own } = context;
  const { rows } = await client.query<KeyFacts>(
    `SELECT t.name,
            ARRAY(SELECT a.attname::text
                    FROM pg_constraint k CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u (num, place)
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.num
                   WHERE k.conrelid = c.oid AND k.contype = 'p' ORDER BY u.place) AS key,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id') AS has_id
       ${OUR_TABLES} ORDER BY array_position($1::text[], t.name)`,
    [TABLE_NAMES],
  );
  const without = rows.filter(({ key }) => key.length === 0);
  if (without.length === 0) {
    const odd = rows.filter(({ key }) => key.join() !== 'id');
    const seen = odd.map(({ name, key }) => `${name}: ${key.join(', ')}`);
    if (odd.length < rows.length) seen.unshift(`id (${rows.length - odd.length})`);
    return ok(seen.join('; '));
  }
  const additions: Addition[] = [];
  for (const { name, has_id } of without) {
    // The key of a partitioned table must include its partition key.
    const columns = has_id ? unite(['id'], await partitionKey(client, name)) : null;
    const list = columns?.join(', ');
    additions.push({
      owners: ownersOf(own, [name]),
      statement: columns && `ALTER TABLE ${own[name].sql} ADD PRIMARY KEY (${list});`,
      contradicting: `SELECT ${list} FROM ${own[name].sql} GROUP BY ${list} HAVING count(*) > 1 OR bool_or(id IS NULL)`,
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

export const naturalKeys: Check = async (context) => {
  const { client, session, tables: own } = context;
  const missing: string[] = [];
  const additions: Addition[] = [];
  for (const [table, column] of NATURAL_KEYS) {
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
    additions.push({
      owners: ownersOf(own, [table]),
      statement: fits ? `ALTER TABLE ${own[table].sql} ADD UNIQUE (${column});` : null,
      contradicting: `SELECT ${column} FROM ${own[table].sql} GROUP BY ${column} HAVING count(${column}) > 1`,
    });
  }
  if (missing.length === 0) {
    return ok(`UNIQUE ${NATURAL_KEYS.map((pair) => pair.join('.')).join(', ')}`);
  }
  return withAdditions(context, 'warn', listed(missing), session, additions);
};

interface ForeignKeyFacts {
  /** Name of the constraint; null if there is none. */
  readonly name: string | null;
  readonly holds: boolean;
  readonly enforced: boolean;
  /** The referenced table has a unique `id`. */
  readonly referable: boolean;
  readonly column_there: boolean;
  /** A logged table cannot reference an unlogged one. */
  readonly unlogged: boolean;
}

export const foreignKeys: Check = async (context) => {
  const { client, session, tables: own } = context;
  const found: string[] = [];
  const missing: string[] = [];
  const additions: Addition[] = [];
  for (const table of TABLE_NAMES) {
    for (const { column, references } of TABLES[table].foreignKeys) {
      const name = `${table}.${column}`;
      if (own[table].owner === null || own[references].owner === null) continue;
      const facts = await foreignKeyFacts(client, table, column, references);
      if (facts.holds) {
        found.push(name);
        continue;
      }
      missing.push(name);
      const to = own[references].sql;
      const alter = `ALTER TABLE ${own[table].sql}`;
      const create = `${alter} ADD FOREIGN KEY (${column}) REFERENCES ${to} (id);`;
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
        contradicting: `SELECT c.id, c.${column} FROM ${own[table].sql} c LEFT JOIN ${to} p ON p.id = c.${column} WHERE c.${column} IS NOT NULL AND p.id IS NULL`,
      });
    }
  }
  if (missing.length === 0) return ok(listed(found));
  return withAdditions(context, 'warn', listed(missing), session, additions);
};

async function foreignKeyFacts(
  client: Client,
  table: TableName,
  column: string,
  references: TableName,
): Promise<ForeignKeyFacts> {
  // Valid ones first; then those that only need to be validated or enforced.
  const { rows } = await client.query<ForeignKeyFacts>(
    `SELECT k.name, coalesce(k.holds, false) AS holds, coalesce(k.enforced, true) AS enforced,
            EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
                       AND a.attnum = i.indkey[0]
                     WHERE i.indrelid = p.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                       AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = 'id') AS referable,
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
    [table, references, column],
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

/** `created_at`, `updated_at`, and a trigger that sets `updated_at`. */
export const timestamps: Check = async ({ client, session, schema, tables: own }) => {
  const { rows } = await client.query<TimestampFacts>(
    `SELECT t.name,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = ANY ($2::text[]))
              AS columns,
            EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                       AND g.tgenabled IN ('O', 'A') AND g.tgtype & ${UPDATE_TRIGGER} = ${UPDATE_TRIGGER})
              AS triggered,
            (SELECT min(g.tgname::text) FROM pg_trigger g WHERE g.tgrelid = c.oid
                AND g.tgenabled NOT IN ('O', 'A') AND g.tgname = t.name || '_updated_at'
                AND g.tgtype & ${UPDATE_TRIGGER} = ${UPDATE_TRIGGER}) AS disabled,
            EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid
                       AND g.tgname = t.name || '_updated_at') AS name_taken
       ${OUR_TABLES} ORDER BY array_position($1::text[], t.name)`,
    [TABLE_NAMES, TIMESTAMPS],
  );
  const unfit = rows.filter(
    ({ columns, triggered }) => columns.length < TIMESTAMPS.length || !triggered,
  );
  if (unfit.length === 0) {
    return ok(`created_at, updated_at, BEFORE UPDATE: ${rows.length} / ${TABLE_NAMES.length}`);
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
  for (const { name, columns, triggered, disabled, name_taken } of unfit) {
    const owners = ownersOf(own, [name]);
    const alter = `ALTER TABLE ${own[name].sql}`;
    const gone = TIMESTAMPS.filter((column) => !columns.includes(column));
    for (const column of gone) {
      const statement = `${alter} ADD COLUMN ${column} timestamp NOT NULL DEFAULT now();`;
      fixes.push(forOwners(session, owners, statement));
    }
    seen.push(`${name}: ${[...gone, ...(triggered ? [] : ['BEFORE UPDATE'])].join(', ')}`);
    if (triggered) continue;
    const trigger = name_taken ? 'set_updated_at' : `${name}_updated_at`;
    if (disabled !== null) {
      fixes.push(forOwners(session, owners, `${alter} ENABLE TRIGGER ${disabled};`));
    } else if (keeper !== undefined) {
      const statement = `CREATE TRIGGER ${trigger} BEFORE UPDATE ON ${own[name].sql} FOR EACH ROW EXECUTE FUNCTION ${keeper}();`;
      fixes.push(forOwners(session, owners, statement));
    } else script = true;
  }
  const evidence = listed(seen);
  if (!script) return withFixes('warn', evidence, fixes);
  // The script creates the function and all triggers.
  if (schema !== 'complete') {
    return withFixes('warn', evidence, fixes, [(m) => m.after({ check: 'tables' })]);
  }
  const owners = ownersOf(own, TABLE_NAMES);
  return withFixes('warn', evidence, [...fixes, forOwners(session, owners, INIT_DB)]);
};

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
  return names.flatMap((name) => own[name].owner ?? []);
}
