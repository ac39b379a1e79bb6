import type { KnownId } from '../schema/event.js';
import {
  columnIndex,
  idOf,
  type Row,
  sqlName,
  type TableName,
  type TableSpec,
} from '../schema/table.js';
import { momentMs } from '../schema/value.js';

/** Rows that a worker's commits added to those that may be referenced, or took from them. Crosses to the main thread. */
export interface IdChanges {
  readonly born: readonly { readonly table: TableName; readonly known: KnownId }[];
  readonly gone: readonly { readonly table: TableName; readonly id: number }[];
}

/** A row that others may reference, in the order of its table's columns. */
export function knownIdOf(table: TableSpec, row: Row): KnownId {
  return knownIdReader(table)(row);
}

/** The same for any row of the table, whose columns are looked up once. */
export function knownIdReader(table: TableSpec): (row: Row) => KnownId {
  const since = table.parent?.since ?? null;
  if (since === null) return (row) => ({ id: idOf(row), since: 0 });
  const index = columnIndex(table, since);
  return (row) => ({ id: idOf(row), since: Math.ceil(momentMs(row[index])) });
}

/** The same `since` as SQL over the table's columns. */
export function sinceSql({ parent }: TableSpec): string {
  const since = parent?.since ?? null;
  return since === null
    ? '0::float8'
    : `ceil(extract(epoch FROM ${sqlName(since)}) * 1000)::float8`;
}
