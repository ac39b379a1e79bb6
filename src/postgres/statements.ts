import type { EventSpec } from '../schema/event.js';
import { changesKey } from '../schema/key.js';
import {
  baseType,
  type Column,
  columnIndex,
  type Links,
  type Row,
  sqlName,
  type Table,
} from '../schema/table.js';
import type { BinaryType } from './binary-values.js';
import { keyEquals } from './key-sql.js';
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
 * The answer to a write. `ids`: one row with the written rows as an array literal (see `WrittenBy`; null if there are
 * none), the transaction's xid (xid8 as text), and the WAL's insert position. `rows`: the same, and the rows
 * as stored, in the same order (`parseRows` reads them). `exact`: an update or delete of fewer rows than asked for
 * fails, and only the command tag is returned, which spares the server work.
 */
export type ReturnMode = 'ids' | 'rows' | 'exact';

/**
 * The array of an answer. `id`: the ids of the rows. `position`: their positions among the rows that were sent,
 * counted from 1. `nothing`: a 1 for each row, because an INSERT cannot return the positions of its source rows.
 */
export type WrittenBy = 'id' | 'position' | 'nothing';

/** How the answer to a write names its rows. `columns`: those that an update sets. */
export function writtenBy(
  table: Table,
  operation: 'insert' | 'update' | 'delete',
  columns: readonly string[] = [],
): WrittenBy {
  if (table.keyKind === 'id' && !changesKey(table, columns)) return 'id';
  return operation === 'insert' ? 'nothing' : 'position';
}

/** How many values identify a row: those of the key, or all where there is no key. They come first in a row. */
export function identifyingLength({ key, columns }: Table): number {
  return key.length > 0 ? key.length : columns.length;
}

/** The columns of these values. */
export function identifyingColumns(table: Table): readonly Column[] {
  return table.columns.slice(0, identifyingLength(table));
}

/** Names a row by its position among the rows that were sent. Quoted: no column has this name. */
const POSITION = '"#"';

/** A column that is sent, and how: an array of `wire`, of which each element is cast where the column needs it. */
interface Sent {
  readonly wire: BinaryType;
  readonly cast: string | null;
}

/** The types that are sent as they are. */
const NATIVE: ReadonlyMap<string, BinaryType> = new Map([
  ['bigint', 'bigint'],
  ['character varying', 'varchar'],
  ['text', 'varchar'],
  ['date', 'date'],
  ['timestamp without time zone', 'timestamp'],
]);

/** All other types travel as text: some of them, like arrays, cannot be the elements of an array parameter. */
function sentAs(type: string): Sent {
  const base = baseType(type);
  const native = NATIVE.get(base);
  return native === undefined ? { wire: 'varchar', cast: base } : { wire: native, cast: null };
}

/** `u.NAME`, as a value of its column. */
function value({ cast }: Sent, name: string): string {
  return cast === null ? `u.${name}` : `u.${name}::${cast}`;
}

/** `$1::bigint, $2::varchar::uuid, …` */
function valueParameters(sent: readonly Sent[]): string {
  return sent
    .map(({ wire, cast }, i) => `$${i + 1}::${wire}${cast === null ? '' : `::${cast}`}`)
    .join(', ');
}

/** `$1::bigint[], $2::varchar[], …` */
function arrayParameters(sent: readonly Sent[]): string {
  return sent.map(({ wire }, i) => `$${i + 1}::${wire}[]`).join(', ');
}

/** SQL: a column's value as the server prints it. A cast prints some types, like `boolean`, in another form. */
export function printed(type: string, expression: string): string {
  if (NATIVE.has(baseType(type))) return `${expression}::text`;
  return `CASE WHEN ${expression} IS NOT NULL THEN format('%s', ${expression}) END`;
}

/**
 * SQL: rows as one JSON array of arrays of texts; `parseRows` reads it.
 *
 * @param from the name that qualifies the columns, with its dot, or nothing
 */
export function printedRows({ columns }: Table, from: string): string {
  // As text: JSON would print dates and numbers in another form than a CDC pipeline gets.
  const values = columns.map(({ name, type }) => printed(type, `${from}${sqlName(name)}`));
  return `json_agg(json_build_array(${values.join(', ')}))::text`;
}

/** A write, and what it can return. */
interface Write {
  /** SQL, without its RETURNING. */
  readonly text: string;
  readonly table: Table;
  readonly by: WrittenBy;
  /** The type of the first array parameter. */
  readonly first: BinaryType;
}

function returningBy(write: Write, returned: ReturnMode): string {
  const { text, table, by, first } = write;
  const key = by === 'id' ? sqlName(table.key[0]!) : '1';
  if (returned === 'exact') {
    // Divides by zero where the write did not touch as many rows as were sent.
    return `WITH w AS (${text} RETURNING ${key})
          SELECT 1 / (count(*) = cardinality($1::${first}[]))::int FROM w`;
  }
  const ids = `SELECT array_agg(${NAMED_BY[by](table)})::text AS ids, pg_current_xact_id()::text AS xid,
                 pg_current_wal_insert_lsn()::text AS lsn`;
  if (returned === 'ids') {
    const name = by === 'position' ? `u.${POSITION}` : key;
    return `WITH w AS (${text} RETURNING ${name})
          ${ids} FROM w`;
  }
  // RETURNING reads a row after its BEFORE triggers.
  const own = by === 'position' ? `${table.name}.` : '';
  const names = table.columns.map(({ name }) => own + sqlName(name));
  const all = by === 'position' ? [`u.${POSITION}`, ...names] : names;
  return `WITH w AS (${text} RETURNING ${all.join(', ')})
          ${ids}, ${printedRows(table, '')} AS stored FROM w`;
}

const NAMED_BY: Readonly<Record<WrittenBy, (table: Table) => string>> = {
  id: ({ key }) => sqlName(key[0]!),
  position: () => POSITION,
  nothing: () => '1',
};

/** A statement without its rows. */
type Template = Required<Omit<Statement, 'rows'>>;

/** The text of a statement and its parameters. `isOneRow`: they are values, not arrays. */
interface Made {
  readonly text: string;
  readonly sent: readonly Sent[];
  readonly isOneRow?: boolean;
}

/** By operation, subject and variant: the names themselves would be made and hashed for every statement. */
type Templates = Map<string, Map<string, Map<string, Template>>>;

/** The statements of a table, and its label in their names. */
interface TableStatements {
  readonly label: string;
  readonly templates: Templates;
}

const statements = new WeakMap<Table, TableStatements>();

function statementsOf(table: Table): TableStatements {
  let ofTable = statements.get(table);
  if (ofTable === undefined) {
    ofTable = { label: tableLabel(table), templates: new Map() };
    statements.set(table, ofTable);
  }
  return ofTable;
}

/**
 * The statement `OPERATION-SUBJECT-VARIANT` with these rows. Its text is made once, and a connection prepares it once:
 * table and name must say everything that `make` depends on.
 *
 * @param variant empty: there is one only
 */
function named(
  { templates }: TableStatements,
  operation: string,
  subject: string,
  variant: string,
  rows: readonly Row[],
  make: () => Made,
): Statement {
  let template = templates.get(operation)?.get(subject)?.get(variant);
  if (template === undefined) {
    const { text, sent, isOneRow = false } = make();
    const name = [operation, subject, variant].filter((part) => part !== '').join('-');
    template = { name, text, types: sent.map(({ wire }) => wire), isOneRow };
    const ofOperation = templates.get(operation) ?? new Map<string, Map<string, Template>>();
    const ofSubject = ofOperation.get(subject) ?? new Map<string, Template>();
    templates.set(operation, ofOperation.set(subject, ofSubject.set(variant, template)));
  }
  const { name, text, types, isOneRow } = template;
  return { name, text, types, rows, isOneRow };
}

/**
 * A table in the name of a statement. The server cuts names after 63 bytes, which must not make two names equal.
 */
export function tableLabel({ name, code }: Table): string {
  return /^[a-z0-9_]{1,40}$/.test(name) ? name : `table-${code}`;
}

/** One INSERT of whole rows. */
export function insertRows(table: Table, rows: readonly Row[], returned: ReturnMode): Statement {
  const own = statementsOf(table);
  // Without arrays the server needs an eighth less for the transaction of a row.
  const isOneRow = returned === 'exact' && rows.length === 1;
  return named(own, 'insert', own.label, isOneRow ? 'one' : returned, rows, () => {
    const { columns } = table;
    const sent = columns.map(({ type }) => sentAs(type));
    const names = columns.map(({ name }) => sqlName(name)).join(', ');
    if (isOneRow) {
      const text = `INSERT INTO ${table.name} (${names}) VALUES (${valueParameters(sent)})`;
      return { text, sent, isOneRow };
    }
    const places = columns.map((_, i) => `new_${i + 1}`);
    const values = sent.every(({ cast }) => cast === null)
      ? `* FROM unnest(${arrayParameters(sent)})`
      : `${places.map((place, i) => value(sent[i]!, place)).join(', ')}
                     FROM unnest(${arrayParameters(sent)}) AS u (${places.join(', ')})`;
    const text = `INSERT INTO ${table.name} (${names})
                   SELECT ${values}`;
    if (returned === 'exact') return { text, sent };
    const write = { text, table, by: writtenBy(table, 'insert'), first: sent[0]!.wire };
    return { text: returningBy(write, returned), sent };
  });
}

/** A setting of the transaction: the parents of links that `lockParents` locked, as an array literal. */
const LOCKED_PARENTS = 'oltp_simulator.locked_parents';

/**
 * Locks the parents of links against other writers of their links: those that exist and that no other transaction has
 * locked. It does not wait: a batch may lock several times, and two batches that waited for each other's parents would
 * deadlock.
 */
export function lockParents(
  table: Table,
  { parent, parentKey }: Links,
  rows: readonly Row[],
): Statement {
  const position = columnIndex(table, parent.column);
  const ids = rows.map((row) => [Number(row[position])]);
  const own = statementsOf(table);
  return named(own, 'lock-parents', own.label, '', ids, () => {
    const key = sqlName(parentKey);
    const text = `WITH locked AS (
             SELECT ${key} FROM ${parent.references} WHERE ${key} = ANY ($1::bigint[]) FOR NO KEY UPDATE SKIP LOCKED)
           SELECT set_config('${LOCKED_PARENTS}', coalesce(array_agg(${key}), '{}')::text, true)
             FROM locked`;
    return { text, sent: [sentAs('bigint')] };
  });
}

/**
 * INSERT of links between two tables, where `lockParents` locked the parent right before in the same transaction, and
 * the parent has fewer links than the limit and not this one. The lock is a statement of its own, so that this one
 * sees every link that others committed. Each parent may be in `rows` once.
 */
export function insertLinks(
  table: Table,
  { parent, other, otherKey, limit }: Links,
  rows: readonly Row[],
  returned: Exclude<ReturnMode, 'exact'>,
): Statement {
  const own = statementsOf(table);
  return named(own, 'insert-links', own.label, returned, rows, () => {
    const { name: links, columns } = table;
    const sent = columns.map(({ type }) => sentAs(type));
    const names = columns.map(({ name }) => sqlName(name));
    const values = names.map((name, i) => value(sent[i]!, name));
    const [one, another] = [sqlName(parent.column), sqlName(other.column)];
    const text = `INSERT INTO ${links} (${names.join(', ')})
       SELECT ${values.join(', ')} FROM unnest(${arrayParameters(sent)}) AS u (${names.join(', ')})
        WHERE u.${one} IN (SELECT unnest(current_setting('${LOCKED_PARENTS}')::bigint[]))
          AND EXISTS (SELECT 1 FROM ${other.references} c WHERE c.${sqlName(otherKey)} = u.${another})
          AND (SELECT count(*) FROM ${links} l WHERE l.${one} = u.${one}) < ${limit}
       ON CONFLICT (${one}, ${another}) DO NOTHING`;
    const write = { text, table, by: writtenBy(table, 'insert'), first: sent[0]!.wire };
    return { text: returningBy(write, returned), sent };
  });
}

/** The part of an event type that its UPDATE follows from. */
export type UpdateSpec = Pick<EventSpec, 'type'> & {
  readonly change: Pick<EventSpec['change'], 'columns' | 'open'>;
};

/**
 * UPDATE of an event type's columns, of those rows for which `open` still holds. `rows`: the identifying values first,
 * then the new values in the order of `columns`; in ascending order, which keeps writers from deadlocks. Rows without
 * a key must differ from each other: each finds one row that is equal to it and that no other transaction has locked.
 */
export function updateRows(
  table: Table,
  { type, change }: UpdateSpec,
  rows: readonly Row[],
  returned: ReturnMode,
): Statement {
  return named(statementsOf(table), 'update', type, returned, rows, () => {
    const { columns, open } = change;
    const old = identifyingColumns(table);
    const changed = columns.map((name) => table.columns[columnIndex(table, name)]!);
    const sent = [...old, ...changed].map((column) => sentAs(column.type));
    const by = writtenBy(table, 'update', columns);
    const places = [...old.map((_, i) => `old_${i + 1}`), ...columns.map((_, i) => `new_${i + 1}`)];
    const sets = columns.map((name, i) => {
      return `${sqlName(name)} = ${value(sent[old.length + i]!, `new_${i + 1}`)}`;
    });
    const condition = changesKey(table, columns) ? `${open}${notCascaded(table)}` : open;
    const { from, where } = found(table, sent, places, by, condition);
    const text = `UPDATE ${table.name} SET ${sets.join(', ')}
         FROM ${from}
        WHERE ${where}`;
    return { text: returningBy({ text, table, by, first: sent[0]!.wire }, returned), sent };
  });
}

/** The part of an event type that its DELETE follows from. */
export type DeleteSpec = Pick<EventSpec, 'type' | 'deletable'>;

/** DELETE of those rows for which `deletable` holds. `rows`: the identifying values, as in `updateRows`. */
export function deleteRows(
  table: Table,
  { type, deletable }: DeleteSpec,
  rows: readonly Row[],
  returned: Exclude<ReturnMode, 'rows'>,
): Statement {
  return named(statementsOf(table), 'delete', type, returned, rows, () => {
    const old = identifyingColumns(table);
    const sent = old.map((column) => sentAs(column.type));
    const by = writtenBy(table, 'delete');
    const write = { table, by, first: sent[0]!.wire };
    if (by === 'id') {
      const id = sqlName(table.key[0]!);
      const text = `DELETE FROM ${table.name} WHERE ${id} = ANY ($1::bigint[]) AND ${deletable}`;
      return { text: returningBy({ ...write, text }, returned), sent };
    }
    const places = old.map((_, i) => `old_${i + 1}`);
    const { from, where } = found(table, sent, places, by, deletable);
    const text = `DELETE FROM ${table.name} USING ${from} WHERE ${where}`;
    return { text: returningBy({ ...write, text }, returned), sent };
  });
}

/** The rows of an UPDATE or DELETE: `u`, what was sent, and the condition that joins it to the table. */
function found(
  table: Table,
  sent: readonly Sent[],
  places: readonly string[],
  by: WrittenBy,
  condition: string,
): { readonly from: string; readonly where: string } {
  const old = identifyingColumns(table);
  const ordinality = by === 'position' ? ' WITH ORDINALITY' : '';
  const names = by === 'position' ? [...places, POSITION] : places;
  const u = `unnest(${arrayParameters(sent)})${ordinality} AS u (${names.join(', ')})`;
  if (table.keyKind !== 'none') {
    const same = keyEquals(table, `${table.name}.`, (i) => value(sent[i]!, `old_${i + 1}`));
    return { from: u, where: `${same} AND ${condition}` };
  }
  const same = old.map((column, i) => isSame(table, column, sent[i]!, `old_${i + 1}`));
  const one = `SELECT tableoid AS found_in, ctid AS found_at FROM ${table.name}
                WHERE ${[...same, condition].join(' AND ')} LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return {
    // Materialized: each row is looked for once.
    from: `(WITH found AS MATERIALIZED (SELECT * FROM ${u} CROSS JOIN LATERAL (${one}) AS one)
             SELECT * FROM found) AS u`,
    where: `${table.name}.ctid = u.found_at AND ${table.name}.tableoid = u.found_in`,
  };
}

/** SQL: a column holds what was sent. Where equal values may be printed in several ways, the text decides. */
function isSame(table: Table, { name, type, notNull }: Column, sent: Sent, place: string): string {
  const column = `${table.name}.${sqlName(name)}`;
  const [left, right] = EXACT.has(baseType(type))
    ? [column, value(sent, place)]
    : [printed(type, column), `u.${place}`];
  return notNull ? `${left} = ${right}` : `${left} IS NOT DISTINCT FROM ${right}`;
}

/** Types whose equal values are printed alike. Not `numeric`: 1.0 equals 1.00. */
const EXACT: ReadonlySet<string> = new Set([
  ...NATIVE.keys(),
  ...['boolean', 'smallint', 'integer', 'uuid', 'bytea'],
]);

/**
 * SQL: the key that a row references is not among those that the same UPDATE changes. Such a row would be written
 * twice: by the statement, and by the cascade of its parent's new key.
 */
function notCascaded(table: Table): string {
  return ownReferences(table)
    .map(({ column }) => {
      const name = `${table.name}.${sqlName(column)}`;
      const { cast, wire } = sentAs(table.columns[0]!.type);
      const keys = cast === null ? `$1::${wire}[]` : `$1::${wire}[]::${cast}[]`;
      return ` AND (${name} IS NULL OR ${name} <> ALL (${keys}))`;
    })
    .join('');
}

function ownReferences({ name, foreignKeys }: Table): Table['foreignKeys'] {
  return foreignKeys.filter(({ references }) => references === name);
}

/**
 * SELECT of the rows whose foreign key followed a new key (ON UPDATE CASCADE). `rows`: the new keys, one value each.
 * Returns the rows as stored (`parseRows` reads them), null where there are none, and the WAL's insert position: the
 * UPDATE returned its own before the cascade.
 */
export function cascadedRows(child: Table, column: string, rows: readonly Row[]): Statement {
  const own = statementsOf(child);
  return named(own, 'cascaded', own.label, String(columnIndex(child, column)), rows, () => {
    const sent = sentAs(child.columns[columnIndex(child, column)]!.type);
    const keys = `SELECT ${value(sent, 'key')} FROM unnest($1::${sent.wire}[]) AS u (key)`;
    return {
      text: `SELECT ${printedRows(child, '')}, pg_current_wal_insert_lsn()::text AS lsn
               FROM ${child.name} WHERE ${sqlName(column)} IN (${keys})`,
      sent: [sent],
    };
  });
}

/** Returns the ids that have no row in the table, as one array literal. */
export function missingIds(table: Table, ids: readonly number[]): Statement {
  const rows = ids.map((id) => [id]);
  const own = statementsOf(table);
  return named(own, 'missing', own.label, '', rows, () => ({
    text: `SELECT array_agg(u.id)::text FROM unnest($1::bigint[]) AS u (id)
            WHERE NOT EXISTS (SELECT 1 FROM ${table.name} t WHERE t.${sqlName(table.key[0]!)} = u.id)`,
    sent: [sentAs('bigint')],
  }));
}

/**
 * Values of this size together, in bytes, are never all in their row: the server moves some out of line (TOAST) until the
 * row has 2 kB.
 */
const OUT_OF_LINE_BYTES = 2048;

/** Returns those of the ids whose rows have large values out of line, as one array literal. */
export function largeRows(table: Table, ids: readonly number[]): Statement {
  const rows = ids.map((id) => [id]);
  const own = statementsOf(table);
  return named(own, 'large', own.label, '', rows, () => {
    const sizes = table.columns
      .filter(({ toast }) => toast)
      .map(({ name }) => `coalesce(pg_column_size(${sqlName(name)}), 0)`);
    const key = sqlName(table.key[0]!);
    return {
      text: `SELECT array_agg(${key})::text FROM ${table.name}
              WHERE ${key} = ANY ($1::bigint[]) AND ${['0', ...sizes].join(' + ')} > ${OUT_OF_LINE_BYTES}`,
      sent: [sentAs('bigint')],
    };
  });
}

/** The numbers of an array literal; an empty list of a null. */
export function parseNumbers(literal: string | null): number[] {
  return literal === null || literal === '{}' ? [] : literal.slice(1, -1).split(',').map(Number);
}

/**
 * Rows as the server printed them, with numbers in bigint columns, as the generator's rows have them; an empty list of
 * a null.
 */
export function parseRows({ columns }: Table, json: string | null): Row[] {
  if (json === null) return [];
  const rows = JSON.parse(json) as (string | null)[][];
  return rows.map((row) =>
    row.map((text, i) => {
      if (text === null || columns[i]?.type !== 'bigint') return text;
      const number = Number(text);
      // Beyond 2^53 a number loses digits.
      return Number.isSafeInteger(number) ? number : text;
    }),
  );
}

/**
 * Whether later batches can calculate with a stored row: not with a key beyond 2^53, nor with `infinity`, a
 * year before Christ or after 9999.
 */
export function isCalculable({ keyKind, columns }: Table, row: Row): boolean {
  if (keyKind === 'id' && typeof row[0] !== 'number') return false;
  return columns.every(({ type }, i) => {
    const moment = row[i] ?? null;
    return !MOMENTS.has(type) || moment === null || MOMENT.test(`${moment}`);
  });
}

const MOMENTS: ReadonlySet<string> = new Set(['date', 'timestamp without time zone']);
const MOMENT = /^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?$/;
