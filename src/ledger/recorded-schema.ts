import type { Schema } from '../schema/schema.js';
import type { TableName } from '../schema/table.js';
import { Tables } from '../schema/tables.js';
import type { LedgerSchema } from './format.js';
import { encodeKeys } from './keys.js';

/** The members of a schema that its ledger depends on. */
export type RecordedSchema = Pick<Schema, 'extensions' | 'tables'>;

/** By table: ids of rows that all connections of a run may write. */
export type SharedRows = Readonly<Record<TableName, readonly number[]>>;

/** The record of a schema in its ledger. */
export function recordedSchema(
  { extensions, tables }: RecordedSchema,
  shared: SharedRows = {},
): LedgerSchema {
  const schema = { extensions, changing: tables.record(({ changing }) => changing) };
  const lists = Object.entries(shared)
    .filter(([, ids]) => ids.length > 0)
    .map(([table, ids]) => [table, encodeKeys(ids)]);
  return lists.length === 0 ? schema : { ...schema, shared: Object.fromEntries(lists) };
}

/**
 * The tables of a ledger: those of the schema, with the split of columns that the run had, since an update may set other
 * columns today. Null: the ledger is older than its record of the split.
 *
 * @param schema with the extensions of the ledger
 */
export function tablesOfLedger(schema: Schema, recorded: LedgerSchema | null): Tables {
  const changing = recorded?.changing ?? schema.firstChanging;
  return new Tables([...schema.tables], (table) => changing[table] ?? []);
}
