import { hashText, NULL } from '../../src/ledger/value-hash.js';
import type { Tables } from '../../src/schema/tables.js';
import {
  type RowColumns,
  type RowEvent,
  type RowValues,
  TextColumns,
} from '../../src/sources/source.js';
import { HOSPITAL_TABLES } from './any-scope.js';

/** An event with the values of its row, which a test may look at later, or change. */
export interface ReceivedRow extends RowEvent {
  /** Null: it says nothing, as of a delete. */
  readonly values: RowValues | null;
  /** The places of values that it lacks as unchanged TOAST; left out: none. */
  readonly unchanged?: readonly number[];
}

/** Copies an event and its values, which a sink may read only during the call. Throws if a hash is not its text's. */
export function receivedRow(
  event: RowEvent,
  columns: RowColumns | null,
  tables: Tables = HOSPITAL_TABLES,
): ReceivedRow {
  if (columns === null) return { ...event, values: null };
  const table = tables.get(event.table);
  const { length } = [...table.columns, ...table.serverColumns, ...table.addedColumns];
  const values = Array.from({ length }, (_, place) => columns.text(place));
  for (const [place, value] of values.entries()) {
    const hash = value === undefined ? null : hashText(place, value ?? NULL);
    if (columns.hash(place, place) !== hash) {
      throw new Error(`${event.table}, column ${place}: not the hash of ${value}`);
    }
  }
  const unchanged = [...values.keys()].filter((place) => columns.isUnchanged(place));
  return unchanged.length === 0 ? { ...event, values } : { ...event, values, unchanged };
}

export function columnsOf({ values, unchanged }: ReceivedRow): TextColumns | null {
  return values === null ? null : new TextColumns(values, unchanged);
}
