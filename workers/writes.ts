import type { Operation } from '../src/legacy/changes.js';
import type { Candidate, EventSpec } from '../src/legacy/events/event.js';
import { setsAllChanging } from '../src/legacy/events/index.js';
import { MAX_LINKS_PER_PATIENT } from '../src/legacy/links.js';
import type { Row, TableName } from '../src/legacy/tables.js';
import {
  deleteRows,
  insertLinks,
  insertRows,
  type ReturnMode,
  updateRows,
} from '../src/postgres/statements.js';
import type { Statement } from '../src/postgres/wire.js';
import type { Returning } from '../src/run/protocol.js';

/** One statement's worth of a batch: rows of one table, written in one way. */
export interface Write {
  readonly table: TableName;
  readonly operation: Operation;
  /** Whole rows (insert), id and new values (update), or the id alone (delete). */
  readonly rows: readonly Row[];
  /** The candidates that an update or delete takes, in the order of `rows`. */
  readonly candidates: readonly Candidate[];
  /** The event type that an update or delete belongs to; null for inserts. */
  readonly spec: EventSpec | null;
}

/** The statement of a write. New links have no `exact` form, and deletes no `rows`: they return `ids` then. */
export function statementOf(
  { table, operation, rows, spec }: Write,
  returned: ReturnMode,
): Statement {
  if (operation === 'insert') {
    return isOfLinks(table)
      ? insertLinks(rows, MAX_LINKS_PER_PATIENT, returned === 'exact' ? 'ids' : returned)
      : insertRows(table, rows, returned);
  }
  if (spec === null) throw new Error(`${operation} of ${table} without its event type`);
  return operation === 'update'
    ? updateRows(spec, rows, returned)
    : deleteRows(spec, rows, returned === 'rows' ? 'ids' : returned);
}

/**
 * The answer of a write that is read back. `rows` where a trigger may change them, and where an update sets
 * a part of its table's changing columns: the ledger has one fingerprint of all of these.
 */
export function readBackBy(
  { table, operation, spec }: Write,
  returning: Returning,
): 'ids' | 'rows' {
  if (returning[table]?.includes(operation)) return 'rows';
  const partial = operation === 'update' && !setsAllChanging(table, spec?.change.columns ?? []);
  return partial ? 'rows' : 'ids';
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
 * Whether a write will store exactly its rows. New links are often fewer, since patients have enough of them;
 * deletes leave out rows that others reference; a trigger may change or drop rows.
 */
export function isPredictable(write: Write, returning: Returning): boolean {
  const { table, operation, spec } = write;
  return (
    !(operation === 'insert' && isOfLinks(table)) &&
    !(operation === 'delete' && spec?.deletable !== ALWAYS) &&
    readBackBy(write, returning) === 'ids'
  );
}

/** The condition of an event type whose rows may be deleted, or changed, at any time. */
export const ALWAYS = 'true';

export function isOfLinks(table: TableName): boolean {
  return table === 'pacientes_convenios';
}

/** The same write as writes of one row each. */
export function singly(write: Write): Write[] {
  return write.rows.map((row, i) => ({
    ...write,
    rows: [row],
    candidates: write.candidates.slice(i, i + 1),
  }));
}
