import { basename, dirname } from 'node:path';
import { EXIT, OperatorError } from '../../errors.js';
import { readFacts } from '../../ledger/facts-file.js';
import { type RecordedSchema, tablesOfLedger } from '../../ledger/recorded-schema.js';
import { readRunFile } from '../../runs/record.js';
import { EXTENSION_NAMES, schemaWith } from '../../schemas/index.js';

/**
 * The schema of a run, as its ledger recorded it: `tables` have the split of columns that its fingerprints have. Throws
 * an `OperatorError` where the run had an extension that this program does not know.
 *
 * @param ledger the folder of the ledger, in the run's
 */
export function schemaOfLedger(ledger: string): RecordedSchema {
  const { schema: recorded } = readFacts(ledger);
  const asked = recorded?.extensions ?? [];
  const unknown = asked.filter((name) => !EXTENSION_NAMES.includes(name));
  if (unknown.length > 0) throw unknownExtensions(dirname(ledger), unknown);
  const schema = schemaWith(asked);
  return { extensions: schema.extensions, tables: tablesOfLedger(schema, recorded) };
}

function unknownExtensions(folder: string, names: readonly string[]): OperatorError {
  const program = readRunFile(folder, 'run.json')?.program as Record<string, unknown> | undefined;
  const version = typeof program?.version === 'string' ? program.version : null;
  const run = basename(folder);
  return new OperatorError(EXIT.usage, (m) => m.ledger.unknownExtensions({ run, names, version }));
}
