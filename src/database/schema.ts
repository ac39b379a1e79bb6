import type { Client } from 'pg';
import type { Catalogue } from '../errors.js';
import { EXIT, OperatorError } from '../errors.js';
import { type ColumnType, TABLE_NAMES, TABLES, type TableName } from '../legacy/tables.js';

/** One difference between the database and the hospital's schema. */
export type SchemaProblem =
  | { readonly kind: 'table-missing'; readonly table: TableName }
  | { readonly kind: 'not-a-table'; readonly table: TableName }
  | { readonly kind: 'no-sequence'; readonly table: TableName }
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

/** The types of `TABLES`, by their names in the catalog. */
const CATALOG_TYPE: Readonly<Record<ColumnType, string>> = {
  bigint: 'bigint',
  varchar: 'character varying',
  date: 'date',
  timestamp: 'timestamp without time zone',
};

interface FoundColumn {
  readonly table: TableName;
  readonly is_table: boolean;
  readonly has_sequence: boolean;
  readonly name: string;
  readonly type: string;
  readonly demands: boolean;
}

/**
 * Compares the tables that the search_path finds with the hospital's schema. Other columns are allowed if a row needs
 * no value for them.
 */
export async function schemaState(client: Client): Promise<SchemaState> {
  const found = await findColumns(client);
  if (found.length === 0) return 'missing';
  const problems = TABLE_NAMES.flatMap((table) =>
    compareTable(
      table,
      found.filter((column) => column.table === table),
    ),
  );
  return problems.length === 0 ? 'complete' : { problems };
}

/** Throws an `OperatorError` that lists the differences, unless all tables exist and fit. */
export async function requireSchema(client: Client): Promise<void> {
  const state = await schemaState(client);
  const database = client.database ?? '';
  if (state === 'missing') {
    throw new OperatorError(EXIT.state, (m) => m.db.schemaMissing({ database }));
  }
  if (state !== 'complete') throw schemaError(state.problems, database);
}

/** The error for a database whose tables differ. */
export function schemaError(problems: readonly SchemaProblem[], database: string): OperatorError {
  return new OperatorError(EXIT.state, (m) => {
    const sentences = problems.map((problem) => describeProblem(problem, m)).join('; ');
    return problems.every(({ kind }) => kind === 'table-missing')
      ? m.db.schemaIncomplete({ database, problems: sentences })
      : m.db.schemaDiffers({ database, problems: sentences });
  });
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
    case 'column-missing':
      return messages.db.columnMissing(problem);
    case 'column-type':
      return messages.db.columnType(problem);
    case 'column-demands':
      return messages.db.columnDemands(problem);
  }
}

async function findColumns(client: Client): Promise<FoundColumn[]> {
  const { rows } = await client.query<FoundColumn>(
    `SELECT t.name AS table,
            c.relkind IN ('r', 'p') AS is_table,
            EXISTS (SELECT 1 FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                     WHERE d.refobjid = c.oid AND d.deptype IN ('a', 'i')) AS has_sequence,
            a.attname AS name,
            format_type(a.atttypid, NULL) AS type,
            a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS demands
       FROM unnest($1::text[]) AS t (name)
       JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.name))
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`,
    [TABLE_NAMES],
  );
  return rows;
}

function compareTable(table: TableName, found: readonly FoundColumn[]): SchemaProblem[] {
  const first = found[0];
  if (first === undefined) return [{ kind: 'table-missing', table }];
  if (!first.is_table) return [{ kind: 'not-a-table', table }];
  const problems: SchemaProblem[] = [];
  const known = TABLES[table].columns;
  for (const { name: column, type } of known) {
    const match = found.find(({ name }) => name === column);
    const expected = CATALOG_TYPE[type];
    if (match === undefined) problems.push({ kind: 'column-missing', table, column });
    else if (match.type !== expected) {
      problems.push({ kind: 'column-type', table, column, found: match.type, expected });
    }
  }
  // Workers take blocks of ids from the sequence.
  if (!first.has_sequence) problems.push({ kind: 'no-sequence', table });
  for (const { name: column, demands } of found) {
    if (demands && !known.some(({ name }) => name === column)) {
      problems.push({ kind: 'column-demands', table, column });
    }
  }
  return problems;
}
