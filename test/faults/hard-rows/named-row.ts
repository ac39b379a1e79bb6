import assert from 'node:assert/strict';
import { keyOf } from '../../../src/ledger/row-key.js';
import type { Key } from '../../../src/schema/table.js';
import type { Tables } from '../../../src/schema/tables.js';
import type { Change } from './consumer.js';
import { UNCHANGED } from './pgoutput.js';

/** A row that a change is about. */
export interface NamedRow {
  readonly table: string;
  /** The old one and the new one, where they differ. */
  readonly keys: readonly Key[];
}

/** The run's name of a table that an event names, or whose partition it names. Throws where there is none. */
export function namedTable(
  tables: Tables,
  { schema, table: name }: Pick<Change, 'schema' | 'table'>,
) {
  const table = [...tables].find(
    (each) =>
      (each.schema ?? 'public') === schema &&
      (each.relation === name || (each.partitioned && name.startsWith(`${each.relation}_`))),
  );
  assert.ok(table !== undefined, `${schema}.${name} is no table of the run`);
  return table;
}

/** The row of a change, as the verdict names it. */
export function namedRow(tables: Tables, change: Change): NamedRow {
  const { columns, old, row } = change;
  const table = namedTable(tables, change);
  const keys = [old?.tuple, row].flatMap((tuple) => {
    if (tuple === undefined || tuple === null) return [];
    const values = table.columns.map((column) => {
      const value = tuple[columns.findIndex((each) => each.name === column.name)] ?? null;
      return value === UNCHANGED ? null : value;
    });
    return [keyOf(table, values)];
  });
  return { table: table.name, keys };
}
