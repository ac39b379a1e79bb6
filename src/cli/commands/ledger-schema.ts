import { readFacts } from '../../ledger/facts-file.js';
import { tablesOfLedger } from '../../ledger/recorded-schema.js';
import type { Schema } from '../../schema/schema.js';
import { schemaWith } from '../../schemas/index.js';

/** The schema of a run, as its ledger recorded it: `tables` have the split of columns that its fingerprints have. */
export function schemaOfLedger(ledger: string): Pick<Schema, 'extensions' | 'tables'> {
  const { schema: recorded } = readFacts(ledger);
  const schema = schemaWith(recorded?.extensions ?? []);
  return { extensions: schema.extensions, tables: tablesOfLedger(schema, recorded) };
}
