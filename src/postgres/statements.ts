import type { EventSpec } from '../legacy/events/event.js';
import { type ColumnType, type Row, TABLES, type TableName } from '../legacy/tables.js';
import type { Statement } from './wire.js';

/** A transaction's first and last statement. */
export const BEGIN: Statement = { name: 'BEGIN', text: 'BEGIN', types: [], rows: [] };
export const COMMIT: Statement = { name: 'COMMIT', text: 'COMMIT', types: [], rows: [] };

/** Returns the transaction's xid (xid8 as text) and the WAL's insert position. */
export const NAME_TRANSACTION: Statement = {
  name: 'name-transaction',
  text: 'SELECT pg_current_xact_id(), pg_current_wal_insert_lsn()',
  types: [],
  rows: [],
};

/**
 * The answer to a write. `ids`: one row, with the ids that it wrote as an array literal (null if it wrote no
 * row), the transaction's xid (xid8 as text), and the WAL's insert position. `rows`: the same, and the rows
 * as stored, in the order of the ids (`parseRows` reads them). `exact`: an update or delete of fewer rows
 * than asked for fails, and only the command tag is returned, which spares the server work.
 */
export type ReturnMode = 'ids' | 'rows' | 'exact';

function returningIds(write: string): string {
  return `WITH w AS (${write} RETURNING id)
          SELECT array_agg(id)::text AS ids, pg_current_xact_id()::text AS xid,
                 pg_current_wal_insert_lsn()::text AS lsn FROM w`;
}

/** RETURNING reads a row after its BEFORE triggers. */
function returningRows(write: string, table: TableName): string {
  const names = TABLES[table].columns.map(({ name }) => name);
  // As text: JSON would print dates and numbers in another form than a CDC pipeline gets.
  const values = names.map((name) => `${name}::text`).join(', ');
  return `WITH w AS (${write} RETURNING ${names.join(', ')})
          SELECT array_agg(id)::text AS ids, pg_current_xact_id()::text AS xid,
                 pg_current_wal_insert_lsn()::text AS lsn,
                 json_agg(json_build_array(${values}))::text AS stored FROM w`;
}

/** Divides by zero where the write did not touch as many rows as the first array has ids. */
function allOrNothing(write: string): string {
  return `WITH w AS (${write} RETURNING id)
          SELECT 1 / (count(*) = cardinality($1::bigint[]))::int FROM w`;
}

/** A statement without its rows. */
type Template = Omit<Statement, 'rows'>;

const templates = new Map<string, Template>();

/**
 * The statement of this name with these rows. Its text is made once, and a connection prepares it once: the
 * name must say everything that `make` depends on.
 */
function named(
  name: string,
  rows: readonly Row[],
  make: () => Pick<Template, 'text' | 'types'>,
): Statement {
  let template = templates.get(name);
  if (template === undefined) {
    template = { name, ...make() };
    templates.set(name, template);
  }
  return { name, text: template.text, types: template.types, rows };
}

/** One INSERT of whole rows. */
export function insertRows(
  table: TableName,
  rows: readonly Row[],
  returned: ReturnMode,
): Statement {
  return named(`insert-${table}-${returned}`, rows, () => {
    const { columns } = TABLES[table];
    const types = columns.map(({ type }) => type);
    const write = `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')})
                   SELECT * FROM unnest(${arrayParameters(types)})`;
    return { text: returned === 'exact' ? write : returningBy(write, table, returned), types };
  });
}

/** A setting of the transaction: the patients that `lockPatients` locked, as an array literal. */
const LOCKED_PATIENTS = 'oltp_simulator.locked_patients';

/**
 * Locks patients against other writers of their links: those that exist and that no other transaction has
 * locked. It does not wait: a batch may lock several times, and two batches that waited for each other's
 * patients would deadlock.
 */
export function lockPatients(ids: readonly number[]): Statement {
  return {
    name: 'lock-patients',
    text: `WITH locked AS (
             SELECT id FROM pacientes WHERE id = ANY ($1::bigint[]) FOR NO KEY UPDATE SKIP LOCKED)
           SELECT set_config('${LOCKED_PATIENTS}', coalesce(array_agg(id), '{}')::text, true)
             FROM locked`,
    types: ['bigint'],
    rows: ids.map((id) => [id]),
  };
}

/**
 * INSERT of links between patients and convênios, where `lockPatients` locked the patient right before in
 * the same transaction, and the patient has fewer than `limit` links and not this one. The lock is a
 * statement of its own, so that this one sees every link that others committed. Each patient may be in
 * `rows` once.
 */
export function insertLinks(
  rows: readonly Row[],
  limit: number,
  returned: Exclude<ReturnMode, 'exact'>,
): Statement {
  return named(`insert-links-${limit}-${returned}`, rows, () => {
    const { columns } = TABLES.pacientes_convenios;
    const types = columns.map(({ type }) => type);
    const names = columns.map(({ name }) => name).join(', ');
    const write = `INSERT INTO pacientes_convenios (${names})
       SELECT ${names} FROM unnest(${arrayParameters(types)}) AS u (${names})
        WHERE u.paciente_id IN (SELECT unnest(current_setting('${LOCKED_PATIENTS}')::bigint[]))
          AND EXISTS (SELECT 1 FROM convenios c WHERE c.id = u.convenio_id)
          AND (SELECT count(*) FROM pacientes_convenios l WHERE l.paciente_id = u.paciente_id) < ${limit}
       ON CONFLICT (paciente_id, convenio_id) DO NOTHING`;
    return { text: returningBy(write, 'pacientes_convenios', returned), types };
  });
}

/** The part of an event type that its UPDATE follows from. */
export type UpdateSpec = Pick<EventSpec, 'type' | 'table'> & {
  readonly change: Pick<EventSpec['change'], 'columns' | 'open'>;
};

/**
 * UPDATE of an event type's columns by id, of those rows for which `open` still holds. `rows`: id first,
 * then the values in the order of `columns`; ascending ids keep writers from deadlocks.
 */
export function updateRows(
  { type, table, change }: UpdateSpec,
  rows: readonly Row[],
  returned: ReturnMode,
): Statement {
  return named(`update-${type}-${returned}`, rows, () => {
    const { columns, open } = change;
    const names = ['id', ...columns];
    const types = names.map((name) => typeOf(table, name));
    const write = `UPDATE ${table} SET ${columns.map((name) => `${name} = u.new_${name}`).join(', ')}
         FROM unnest(${arrayParameters(types)}) AS u (${names.map((name) => `new_${name}`).join(', ')})
        WHERE ${table}.id = u.new_id AND ${open}`;
    return { text: returningBy(write, table, returned), types };
  });
}

/** The part of an event type that its DELETE follows from. */
export type DeleteSpec = Pick<EventSpec, 'type' | 'table' | 'deletable'>;

/** DELETE by id (the only column of `rows`), of those rows for which `deletable` holds. */
export function deleteRows(
  { type, table, deletable }: DeleteSpec,
  rows: readonly Row[],
  returned: Exclude<ReturnMode, 'rows'>,
): Statement {
  return named(`delete-${type}-${returned}`, rows, () => {
    const write = `DELETE FROM ${table} WHERE id = ANY ($1::bigint[]) AND ${deletable}`;
    return { text: returningBy(write, table, returned), types: ['bigint'] };
  });
}

/** Returns the ids that have no row in the table, as one array literal. */
export function missingIds(table: TableName, ids: readonly number[]): Statement {
  return {
    name: `missing-${table}`,
    text: `SELECT array_agg(u.id)::text FROM unnest($1::bigint[]) AS u (id)
            WHERE NOT EXISTS (SELECT 1 FROM ${table} t WHERE t.id = u.id)`,
    types: ['bigint'],
    rows: ids.map((id) => [id]),
  };
}

/** The numbers of an array literal; an empty list of a null. */
export function parseNumbers(literal: string | null): number[] {
  return literal === null || literal === '{}' ? [] : literal.slice(1, -1).split(',').map(Number);
}

/** The rows that a `rows` write returned, with numbers in bigint columns, as the generator's rows have them. */
export function parseRows(table: TableName, json: string): Row[] {
  const { columns } = TABLES[table];
  const rows = JSON.parse(json) as (string | null)[][];
  return rows.map((row) =>
    row.map((text, i) => {
      if (text === null || columns[i]?.type !== 'bigint') return text;
      const value = Number(text);
      // Beyond 2^53 a number loses digits.
      return Number.isSafeInteger(value) ? value : text;
    }),
  );
}

/**
 * Whether later batches can calculate with a stored row: not with a key beyond 2^53, nor with `infinity`, a
 * year before Christ or after 9999.
 */
export function isCalculable(table: TableName, row: Row): boolean {
  return (
    typeof row[0] === 'number' &&
    TABLES[table].columns.every(({ type }, i) => {
      const value = row[i] ?? null;
      return (type !== 'date' && type !== 'timestamp') || value === null || MOMENT.test(`${value}`);
    })
  );
}

const MOMENT = /^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?$/;

function returningBy(write: string, table: TableName, returned: ReturnMode): string {
  if (returned === 'rows') return returningRows(write, table);
  return returned === 'ids' ? returningIds(write) : allOrNothing(write);
}

function typeOf(table: TableName, name: string): ColumnType {
  const column = TABLES[table].columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`${table} has no column ${name}`);
  return column.type;
}

function arrayParameters(types: readonly ColumnType[]): string {
  return types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
}
