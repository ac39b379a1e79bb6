import type { Table } from '../../schema/table.js';
import type { RowColumns } from '../../sources/source.js';
import type { Detail } from '../verdict/findings.js';
import type { AddedValues } from './table-history.js';

/**
 * An event leaves the value out as one that is stored out of line (TOAST) and did not change. No symbol: it passes between
 * threads.
 */
export const UNCHANGED = true;

/** The values of an event in its table's `addedColumns`; undefined: the event has no such column. */
export type AddedTexts = readonly (string | null | undefined | typeof UNCHANGED)[];

/** The values of a row in the columns that hazards add to its table; null: hazards add none. */
export function addedTexts(
  { columns, serverColumns, addedColumns }: Table,
  row: RowColumns,
): AddedTexts {
  const first = columns.length + serverColumns.length;
  return addedColumns.map((_, i) => (row.isUnchanged(first + i) ? UNCHANGED : row.text(first + i)));
}

/** The columns in which an event differs from what the table had when the event's transaction wrote to it. */
export function* wrongColumns(
  { addedColumns }: Table,
  found: AddedTexts,
  values: AddedValues,
): Generator<{ readonly column: string; readonly detail: Detail }> {
  for (const [i, { name: column }] of addedColumns.entries()) {
    const text = found[i];
    const written = values[column];
    if (written === undefined) {
      if (text !== undefined) yield { column, detail: 'column_stays' };
    } else if (text === undefined) yield { column, detail: 'column_lost' };
    else if (text !== UNCHANGED && text !== written) yield { column, detail: 'contents' };
  }
}
