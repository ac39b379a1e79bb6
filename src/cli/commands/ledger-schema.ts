import { readFacts } from '../../ledger/facts-file.js';
import type { Schema } from '../../schema/schema.js';
import { schemaWith } from '../../schemas/index.js';

/** The schema of a run, as its ledger recorded it: `tables` have the columns' parts that its fingerprints have. */
export function schemaOfLedger(ledger: string): Pick<Schema, 'extensions' | 'tables'> {
  // seam: const { schema: recorded } = readFacts(ledger);
  const { schema: recorded = null } = readFacts(ledger) as {
    readonly schema?: { readonly extensions: readonly string[] } | null;
  };
  const schema = schemaWith(recorded?.extensions ?? []);
  // seam: tables: tablesOfLedger(schema, recorded)
  return { extensions: schema.extensions, tables: schema.tables };
}
