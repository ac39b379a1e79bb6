import type { Column, TableSpec } from './table.js';

/** A NOT NULL column whose values are short, and carried whole by every pipeline; `more` says where it differs. */
export function defineColumn(name: string, type: string, more: Partial<Column> = {}): Column {
  return { name, type, notNull: true, lossy: false, toast: false, ...more };
}

/** The same column without NOT NULL. */
export const orNull = (column: Column): Column => ({ ...column, notNull: false });

/**
 * A table of the search_path that no generated row references, numbered by the sequence of its `id`, with nothing that
 * the server sets; `spec` says where it differs.
 */
export function defineTable(
  spec: Pick<TableSpec, 'name' | 'number' | 'columns' | 'key'> & Partial<TableSpec>,
): TableSpec {
  const { name, number, columns, key } = spec;
  return {
    ...{ number, name, schema: null, relation: name, columns, key, unique: [], foreignKeys: [] },
    ...{
      serverColumns: [],
      addedColumns: [],
      addedPartitions: [],
      stampBody: null,
      sequence: null,
      partitioned: false,
      parent: null,
    },
    ...{ links: null, wholeUpdates: false, volume: { setting: name, rows: 0 } },
    ...spec,
  };
}
