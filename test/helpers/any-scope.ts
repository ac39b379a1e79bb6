import type { TableName } from '../../src/schema/table.js';
import type { Tables } from '../../src/schema/tables.js';
import { schemaWith } from '../../src/schemas/index.js';
import { scopeOfNames, type TablePlace, tableScope } from '../../src/sources/scope.js';

/** The tables of the hospital, without extensions. */
export const HOSPITAL_TABLES: Tables = schemaWith([]).tables;

/** Takes the tables of the hospital in any schema and database. */
export const anyScope = scopeOfNames(HOSPITAL_TABLES);

/** Takes the tables of the hospital where `init-db` makes them. */
export const publicScope = tableScope(HOSPITAL_TABLES, {
  database: null,
  tables: tablesIn('public'),
});

/** The seven tables, without partitions, all in one schema. */
export function tablesIn(schema: string | null): Record<TableName, TablePlace> {
  return HOSPITAL_TABLES.record(() => ({ schema, partitions: [] }));
}
