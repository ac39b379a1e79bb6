import {
  type ColumnSpec,
  type ParentTable,
  type Row,
  TABLES,
  type TableName,
  type Value,
} from '../hospital/tables.js';

/** A prepared statement with its parameters, as `pg` takes it. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: string[];
}

/** What every statement of this file answers with: one row. */
export interface Written {
  /** Ids of the rows that were written, as a PostgreSQL array literal; null when there were none. */
  readonly ids: string | null;
  /** The transaction's id, xid8 as text. */
  readonly xid: string;
}

/**
 * A statement's text depends on the table alone, whatever the number of rows: the parameters are one
 * array a column. So a connection prepares it once. The transaction id comes back with the rows:
 * without it a COMMIT whose answer was lost could never be settled.
 */
const answering = (write: string) =>
  `WITH w AS (${write}) SELECT array_agg(id)::text AS ids, pg_current_xact_id()::text AS xid FROM w`;

/** One INSERT of whole rows. */
export function insertRows(table: TableName, rows: readonly Row[]): Statement {
  const { columns } = TABLES[table];
  return {
    name: `insert-${table}`,
    text: answering(
      `INSERT INTO ${table} (${columns.map((column) => column.name).join(', ')})
       SELECT * FROM unnest(${arrayParameters(columns)}) RETURNING id`,
    ),
    values: columnArrays(rows, columns.length),
  };
}

/** Which patients `lockPatients` got, until the end of the transaction: an array literal. */
const LOCKED_PATIENTS = 'oltp_simulator.locked_patients';

/**
 * Locks patients against other writers of their links, those of them that are there and that nobody
 * else holds. It waits for none: a batch may lock several times, and two that waited for each
 * other's patients would be a deadlock.
 */
export function lockPatients(ids: readonly number[]): Statement {
  return {
    name: 'lock-patients',
    text: `WITH locked AS (
             SELECT id FROM pacientes WHERE id = ANY ($1::bigint[]) FOR NO KEY UPDATE SKIP LOCKED)
           SELECT set_config('${LOCKED_PATIENTS}', coalesce(array_agg(id), '{}')::text, true)
             FROM locked`,
    values: [arrayLiteral(ids)],
  };
}

/**
 * INSERT of links between patients and convênios, of those that may be: `lockPatients`, run right
 * before in the same transaction, got the patient, who has fewer than `limit` links and not this
 * one. The lock comes first, in a statement of its own, so that this one sees every link that
 * others committed; the patients of `rows` must be different ones.
 */
export function insertLinks(rows: readonly Row[], limit: number): Statement {
  const { columns } = TABLES.pacientes_convenios;
  const names = columns.map((column) => column.name).join(', ');
  return {
    name: 'insert-links',
    text: answering(
      `INSERT INTO pacientes_convenios (${names})
       SELECT ${names} FROM unnest(${arrayParameters(columns)}) AS u (${names})
        WHERE u.paciente_id IN (SELECT unnest(current_setting('${LOCKED_PATIENTS}')::bigint[]))
          AND EXISTS (SELECT 1 FROM convenios c WHERE c.id = u.convenio_id)
          AND (SELECT count(*) FROM pacientes_convenios l WHERE l.paciente_id = u.paciente_id) < ${limit}
       ON CONFLICT (paciente_id, convenio_id) DO NOTHING RETURNING id`,
    ),
    values: columnArrays(rows, columns.length),
  };
}

/**
 * UPDATE of some columns by id, of those rows for which `open` still holds. `rows`: id first, then
 * the values in the order of `columns`; ascending ids keep writers from deadlocks.
 */
export function updateRows(
  table: TableName,
  columns: readonly string[],
  open: string,
  rows: readonly Row[],
): Statement {
  const specs = ['id', ...columns].map((name) => columnOf(table, name));
  return {
    name: `update-${table}`,
    text: answering(
      `UPDATE ${table} SET ${columns.map((name) => `${name} = u.new_${name}`).join(', ')}
         FROM unnest(${arrayParameters(specs)}) AS u (${specs.map(({ name }) => `new_${name}`).join(', ')})
        WHERE ${table}.id = u.new_id AND ${open} RETURNING ${table}.id`,
    ),
    values: columnArrays(rows, specs.length),
  };
}

/** DELETE by id, of those rows for which `deletable` holds. */
export function deleteRows(table: TableName, deletable: string, ids: readonly number[]): Statement {
  return {
    name: `delete-${table}`,
    text: answering(
      `DELETE FROM ${table} WHERE id = ANY ($1::bigint[]) AND ${deletable} RETURNING id`,
    ),
    values: [arrayLiteral(ids)],
  };
}

/** Those of the given ids that have no row in the table. */
export function missingIds(table: TableName, ids: readonly number[]): Statement {
  return {
    name: `missing-${table}`,
    text: `SELECT u.id FROM unnest($1::bigint[]) AS u (id)
            WHERE NOT EXISTS (SELECT 1 FROM ${table} t WHERE t.id = u.id)`,
    values: [arrayLiteral(ids)],
  };
}

/**
 * SQL: from when on a row of a referenced table may be referenced, in milliseconds since 1970, UTC: a
 * patient's `data_cadastro`, rounded up; 0 in the other tables.
 */
export function sinceOf(table: ParentTable): string {
  return table === 'pacientes'
    ? 'ceil(extract(epoch FROM data_cadastro) * 1000)::float8'
    : '0::float8';
}

/** The numbers of an array literal of whole numbers. */
export function parseIds(literal: string | null): number[] {
  return literal === null || literal === '{}' ? [] : literal.slice(1, -1).split(',').map(Number);
}

function columnOf(table: TableName, name: string): ColumnSpec {
  const column = TABLES[table].columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`${table} has no column ${name}`);
  return column;
}

function arrayParameters(columns: readonly ColumnSpec[]): string {
  return columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ');
}

/** Rows turned into one array literal a column. */
function columnArrays(rows: readonly Row[], width: number): string[] {
  return Array.from({ length: width }, (_, column) =>
    arrayLiteral(rows.map((row) => row[column] ?? null)),
  );
}

/** Built here rather than by `pg`, which walks every value through generic conversions. */
function arrayLiteral(values: readonly Value[]): string {
  let literal = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    if (i > 0) literal += ',';
    if (value === null) literal += 'NULL';
    else if (typeof value === 'number') literal += value;
    else literal += `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
  }
  return `${literal}}`;
}
