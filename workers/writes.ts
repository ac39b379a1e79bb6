import type { Candidate, EventSpec } from '../src/hospital/events/event.js';
import { MAX_LINKS_PER_PATIENT } from '../src/hospital/links.js';
import type { Row, TableName } from '../src/hospital/tables.js';
import {
  deleteRows,
  insertLinks,
  insertRows,
  type Telling,
  updateRows,
} from '../src/postgres/statements.js';
import type { Statement } from '../src/postgres/wire.js';
import type { Operation } from '../src/threads/tally.js';

/** One statement's worth of a batch: rows of one table, written in one way. */
export interface Write {
  readonly table: TableName;
  readonly operation: Operation;
  /** Whole rows (insert), id and new values (update), or the id alone (delete). */
  readonly rows: readonly Row[];
  /** The candidates that an update or delete is about, in the order of `rows`. */
  readonly candidates: readonly Candidate[];
  /** The event type that an update or delete belongs to; null for inserts. */
  readonly spec: EventSpec | null;
}

/** The statement that carries a write out. Links can only tell by `ids`. */
export function statementOf({ table, operation, rows, spec }: Write, telling: Telling): Statement {
  if (operation === 'insert') {
    return isOfLinks(table)
      ? insertLinks(rows, MAX_LINKS_PER_PATIENT)
      : insertRows(table, rows, telling);
  }
  if (spec === null) throw new Error(`${operation} of ${table} without its event type`);
  return operation === 'update'
    ? updateRows(table, spec.change.columns, spec.change.open, rows, telling)
    : deleteRows(table, spec.deletable, rows, telling);
}

/**
 * Whether these writes can be expected to come to exactly their rows, and leave a row by which to
 * know that they did: an insert, whose id is nobody else's. Links often come to fewer, since patients
 * have enough of them, and so do deletes of rows that others reference.
 */
export function isExact(writes: readonly Write[]): boolean {
  return (
    writes.some(({ operation }) => operation === 'insert') &&
    writes.every(
      ({ table, operation, spec }) =>
        !(operation === 'insert' && isOfLinks(table)) &&
        !(operation === 'delete' && spec?.deletable !== ALWAYS),
    )
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

export function idOf(row: Row): number {
  return Number(row[0]);
}
