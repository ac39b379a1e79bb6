import type { Client } from 'pg';
import type { Catalogue } from '../errors.js';
import { EXIT, OperatorError } from '../errors.js';
import type { Schema } from '../schema/schema.js';
import type { Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

/** One difference between the database and the run's schema. */
export type SchemaProblem =
  | { readonly kind: 'table-missing'; readonly table: TableName }
  | { readonly kind: 'not-a-table'; readonly table: TableName }
  /** The column `id` has no sequence. */
  | { readonly kind: 'no-sequence'; readonly table: TableName }
  | { readonly kind: 'sequence-missing'; readonly table: TableName; readonly sequence: string }
  | { readonly kind: 'column-missing'; readonly table: TableName; readonly column: string }
  | {
      readonly kind: 'column-type';
      readonly table: TableName;
      readonly column: string;
      readonly found: string;
      readonly expected: string;
    }
  /** An unknown column that is NOT NULL and has no default. */
  | { readonly kind: 'column-demands'; readonly table: TableName; readonly column: string };

/** `missing`: no table exists. `complete`: all exist and fit. */
export type SchemaState = 'missing' | 'complete' | { readonly problems: readonly SchemaProblem[] };

interface FoundColumn {
  readonly table: TableName;
  readonly is_table: boolean;
  readonly has_sequence: boolean;
  readonly name: string;
  /** As `format_type` prints it. */
  readonly type: string;
  readonly demands: boolean;
}

/**
 * Compares the tables that the search_path finds with those of a schema. Other columns are allowed if a row needs no
 * value for them.
 */
export async function schemaState(client: Client, tables: Tables): Promise<SchemaState> {
  const found = await findColumns(client, tables);
  if (found.length === 0) return 'missing';
  const problems = tables.flatMap((table) =>
    compareTable(
      table,
      found.filter((column) => column.table === table.name),
    ),
  );
  return problems.length === 0 ? 'complete' : { problems };
}

/** Throws an `OperatorError` that lists the differences, unless all tables exist and fit. */
export async function requireSchema(
  client: Client,
  schema: Pick<Schema, 'tables' | 'extensions'>,
): Promise<void> {
  const state = await schemaState(client, schema.tables);
  const database = client.database ?? '';
  if (state === 'missing') {
    throw new OperatorError(EXIT.state, (m) =>
      m.db.schemaMissing({ database, command: initCommand(schema) }),
    );
  }
  if (state !== 'complete') throw schemaError(state.problems, database, schema);
}

/** The error for a database whose tables differ. */
export function schemaError(
  problems: readonly SchemaProblem[],
  database: string,
  schema: Pick<Schema, 'extensions'>,
): OperatorError {
  return new OperatorError(EXIT.state, (m) => {
    const sentences = problems.map((problem) => describeProblem(problem, m)).join('; ');
    return problems.every(({ kind }) => kind === 'table-missing')
      ? m.db.schemaIncomplete({ database, problems: sentences, command: initCommand(schema) })
      : m.db.schemaDiffers({ database, problems: sentences });
  });
}

/** The command that creates the tables of a schema. */
function initCommand({ extensions }: Pick<Schema, 'extensions'>): string {
  return ['init-db', ...extensions.map((name) => `--with ${name}`)].join(' ');
}

/** One difference as text for the operator. */
export function describeProblem(problem: SchemaProblem, messages: Catalogue): string {
  switch (problem.kind) {
    case 'table-missing':
      return messages.db.tableMissing(problem);
    case 'not-a-table':
      return messages.db.notATable(problem);
    case 'no-sequence':
      return messages.db.noSequence(problem);
    case 'sequence-missing':
      return messages.db.sequenceMissing(problem);
    case 'column-missing':
      return messages.db.columnMissing(problem);
    case 'column-type':
      return messages.db.columnType(problem);
    case 'column-demands':
      return messages.db.columnDemands(problem);
  }
}

async function findColumns(client: Client, tables: Tables): Promise<FoundColumn[]> {
  const { rows } = await client.query<FoundColumn>(
    `SELECT t.name AS table,
            c.relkind IN ('r', 'p') AS is_table,
            CASE WHEN t.sequence IS NULL
              THEN EXISTS (SELECT 1 FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                            WHERE d.refobjid = c.oid AND d.deptype IN ('a', 'i'))
              ELSE EXISTS (SELECT 1 FROM pg_class s
                            WHERE s.oid = to_regclass(t.sequence) AND s.relkind = 'S') END AS has_sequence,
            a.attname AS name,
            format_type(a.atttypid, a.atttypmod) AS type,
            a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS demands
       FROM unnest($1::text[], $2::text[]) AS t (name, sequence)
       JOIN pg_class c ON c.oid = to_regclass(t.name)
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`,
    [tables.names, tables.map(({ sequence }) => sequence)],
  );
  return rows;
}

function compareTable(
  { name: table, columns, sequence }: Table,
  found: readonly FoundColumn[],
): SchemaProblem[] {
  const first = found[0];
  if (first === undefined) return [{ kind: 'table-missing', table }];
  if (!first.is_table) return [{ kind: 'not-a-table', table }];
  const problems: SchemaProblem[] = [];
  for (const { name: column, type } of columns) {
    const match = found.find(({ name }) => name === column);
    if (match === undefined) {
      problems.push({ kind: 'column-missing', table, column });
      continue;
    }
    const seen = MODIFIERS_COUNT.test(type) ? asIs : withoutModifiers;
    if (seen(match.type) !== seen(type)) {
      const difference = { found: seen(match.type), expected: seen(type) };
      problems.push({ kind: 'column-type', table, column, ...difference });
    }
  }
  // Workers take blocks of ids from the sequence.
  if (!first.has_sequence) {
    problems.push(
      sequence === null
        ? { kind: 'no-sequence', table }
        : { kind: 'sequence-missing', table, sequence },
    );
  }
  for (const { name: column, demands } of found) {
    if (demands && !columns.some(({ name }) => name === column)) {
      problems.push({ kind: 'column-demands', table, column });
    }
  }
  return problems;
}

/**
 * Types whose modifiers change what is stored: they round, or pad. A varchar of another length may reject a value, and
 * stores all others as they are; timestamps without time zone are written in whole seconds.
 */
const MODIFIERS_COUNT = /^(numeric|character\(|timestamp.* with time zone|interval)/;

const asIs = (type: string): string => type;

/** `character varying(20)` → `character varying`. */
const withoutModifiers = (type: string): string => type.replace(/\(.*?\)/, '');
