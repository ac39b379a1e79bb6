import type { Key, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { readFacts } from './facts-file.js';
import { HAZARDS_SINCE } from './format.js';
import { decodeKeys } from './keys.js';
import { Rewrites } from './rewrites.js';
import { readLedger } from './totals.js';
import { Truncates } from './truncates.js';

/** The effects of a run's hazards on rows that other transactions of it write. */
export interface RunHazards {
  /** By table, ids of rows that several workers may write. */
  readonly shared: ReadonlyMap<TableName, ReadonlySet<Key>>;
  readonly truncates: Truncates;
  readonly rewrites: Rewrites;
}

/** Reads them from a ledger; null: the run had no hazards. A TRUNCATE counts for every worker, and may be in the last file. */
export async function readRunHazards(tables: Tables, ledger: string): Promise<RunHazards | null> {
  const { schema, version } = readFacts(ledger);
  if (version < HAZARDS_SINCE) return null;
  const truncates = new Truncates();
  const rewrites = new Rewrites();
  await readLedger(tables, ledger, {
    onTransaction: (each) => {
      truncates.add(each);
      rewrites.add(each);
    },
  });
  const shared = Object.entries(schema?.shared ?? {}).map(
    ([table, keys]) => [table, new Set(decodeKeys(tables.get(table), keys))] as const,
  );
  return { shared: new Map(shared), truncates, rewrites };
}
