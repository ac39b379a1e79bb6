import { TABLE_NAMES, type TableName } from '../../src/legacy/tables.js';
import { scopeOfNames, type TablePlace, tableScope } from '../../src/sources/scope.js';

/** Takes the tables of the hospital in any schema and database. */
export const anyScope = scopeOfNames();

/** Takes the tables of the hospital where `init-db` makes them. */
export const publicScope = tableScope({ database: null, tables: tablesIn('public') });

/** The seven tables, without partitions, all in one schema. */
export function tablesIn(schema: string | null): Record<TableName, TablePlace> {
  const place = { schema, partitions: [] };
  return Object.fromEntries(TABLE_NAMES.map((table) => [table, place])) as unknown as Record<
    TableName,
    TablePlace
  >;
}
