import { type ParentTable, type Row, TABLES } from '../legacy/tables.js';
import { parseTimestamp } from '../lib/calendar.js';

/**
 * A row that others may reference. `since`: nothing of the row may be earlier, in milliseconds since 1970,
 * UTC. A patient's is `data_cadastro`, rounded up to a whole millisecond; the other tables have 0.
 */
export interface KnownId {
  readonly id: number;
  readonly since: number;
}

/** Rows that a worker's commits added to those that may be referenced, or took from them. Crosses to the main thread. */
export interface IdChanges {
  readonly born: readonly { readonly table: ParentTable; readonly known: KnownId }[];
  readonly gone: readonly { readonly table: ParentTable; readonly id: number }[];
}

/** The id of a row in the order of its table's columns. */
export function knownIdOf(table: ParentTable, row: Row): KnownId {
  const since = table === 'pacientes' ? Math.ceil(parseTimestamp(row[REGISTERED] as string)) : 0;
  return { id: row[0] as number, since };
}

const REGISTERED = TABLES.pacientes.columns.findIndex(({ name }) => name === 'data_cadastro');

/** The same `since` as SQL over the table's columns. */
export function sinceSql(table: ParentTable): string {
  return table === 'pacientes'
    ? 'ceil(extract(epoch FROM data_cadastro) * 1000)::float8'
    : '0::float8';
}
