import type { TableName } from '../schemas/hospital/tables.js';

/** Whose a table is that is not the run's. */
export type Foreign = 'other_table' | 'other_schema' | 'other_database';

/**
 * Tells which table of the run an event means: a table is (database, schema, name), and a partition is its
 * root's. What a format does not tell is null, and counts as the run's.
 */
export interface Scope {
  tableOf(database: string | null, schema: string | null, name: string): TableName | Foreign;
}
