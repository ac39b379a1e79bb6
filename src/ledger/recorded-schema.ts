import type { Schema } from '../schema/schema.js';
import { Tables } from '../schema/tables.js';
import type { LedgerSchema } from './format.js';

/** The members of a schema that its ledger depends on. */
export type RecordedSchema = Pick<Schema, 'extensions' | 'tables'>;

/** The record of a schema in its ledger. */
export function recordedSchema({ extensions, tables }: RecordedSchema): LedgerSchema {
  return { extensions, changing: tables.record(({ changing }) => changing) };
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
