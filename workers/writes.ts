import {
  cascadedRows,
  type DeleteSpec,
  deleteRows,
  identifyingLength,
  insertLinks,
  insertRows,
  type ReturnMode,
  type UpdateSpec,
  updateRows,
} from '../src/postgres/statements.js';
import type { Statement } from '../src/postgres/wire.js';
import type { Returning } from '../src/run/protocol.js';
import type { Operation } from '../src/schema/changes.js';
import { ALWAYS, type Candidate } from '../src/schema/event.js';
import { changesKey } from '../src/schema/key.js';
import { type Row, setsAllChanging, type Table } from '../src/schema/table.js';
import type { Tables } from '../src/schema/tables.js';

/** The part of an event type that its updates and deletes follow from. */
export type WriteSpec = UpdateSpec & DeleteSpec;

/** One statement's worth of a batch: rows of one table, written in one way. */
export interface Write {
  readonly table: Table;
  readonly operation: Operation;
  /** Whole rows (insert), identifying and new values (update), or identifying values (delete). */
  readonly rows: readonly Row[];
  /** The candidates that an update or delete takes, in the order of `rows`. */
  readonly candidates: readonly Candidate[];
  /** The event type that an update or delete belongs to; null for inserts. */
  readonly spec: WriteSpec | null;
}

/** The statement of a write. New links have no `exact` form, and deletes no `rows`: they return `ids` then. */
export function statementOf(
  { table, operation, rows, spec }: Write,
  returned: ReturnMode,
): Statement {
  if (operation === 'insert') {
    return table.links === null
      ? insertRows(table, rows, returned)
      : insertLinks(table, table.links, rows, returned === 'exact' ? 'ids' : returned);
  }
  if (spec === null) throw new Error(`${operation} of ${table.name} without its event type`);
  return operation === 'update'
    ? updateRows(table, spec, rows, returned)
    : deleteRows(table, spec, rows, returned === 'rows' ? 'ids' : returned);
}

/** The rows of a table that an update of keys changes too, because they reference these keys. */
export interface Cascade {
  readonly table: Table;
  /** The column that follows the key. */
  readonly column: string;
  /** Returns these rows, after the update. */
  readonly statement: Statement;
}

/** The cascades of a write: none where it leaves keys as they are. */
export function cascadesOf(tables: Tables, { table, operation, rows, spec }: Write): Cascade[] {
  const [key, ...further] = table.key;
  if (operation !== 'update' || spec === null || key === undefined || further.length > 0) return [];
  const { columns } = spec.change;
  if (!changesKey(table, columns)) return [];
  const position = identifyingLength(table) + columns.indexOf(key);
  // Those that stay have no rows that follow.
  const renamed = rows.filter((row) => row[position] !== row[0]);
  const keys = renamed.map((row) => [row[position]!]);
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter(({ references }) => references === table.name)
      .map(({ column }) => {
        return { table: child, column, statement: cascadedRows(child, column, keys) };
      }),
  );
}

/**
 * The answer of a write that is read back. `rows` where a trigger may change them, where an INSERT returns no number,
 * where keys change, where the table asks for it (`wholeUpdates`), and where an update sets a part of its table's
 * changing columns: the ledger has one fingerprint of all of these.
 */
export function readBackBy(
  { table, operation, spec }: Write,
  returning: Returning,
): 'ids' | 'rows' {
  if (returning[table.name]?.includes(operation)) return 'rows';
  if (operation === 'insert') return table.keyKind === 'id' ? 'ids' : 'rows';
  if (operation === 'delete') return 'ids';
  const columns = spec?.change.columns ?? [];
  const whole = table.wholeUpdates || changesKey(table, columns);
  return whole || !setsAllChanging(table, columns) ? 'rows' : 'ids';
}

/**
 * Whether these writes will store exactly their rows, and leave a witness: an inserted row, whose id only
 * this transaction can have written.
 */
export function isExact(writes: readonly Write[], returning: Returning): boolean {
  return (
    writes.some(({ operation }) => operation === 'insert') &&
    writes.every((write) => isPredictable(write, returning))
  );
}

/**
 * Whether a write will store exactly its rows. New links are often fewer, since their parents have enough of them;
 * deletes leave out rows that others reference; a trigger may change or drop rows. Only rows with a number as their key
 * are found again without the transaction's xid.
 */
export function isPredictable(write: Write, returning: Returning): boolean {
  const { table, operation, spec } = write;
  return (
    table.keyKind === 'id' &&
    !(operation === 'insert' && table.links !== null) &&
    !(operation === 'delete' && spec?.deletable !== ALWAYS) &&
    readBackBy(write, returning) === 'ids'
  );
}

/** The same write as writes of one row each. */
export function singly(write: Write): Write[] {
  return write.rows.map((row, i) => ({
    ...write,
    rows: [row],
    candidates: write.candidates.slice(i, i + 1),
  }));
}
