import type { Client } from 'pg';
import type { TableName } from '../hospital/tables.js';
import type { Operation } from '../threads/tally.js';
import { Collector } from './collector.js';
import { beginComparison, compare, type KeyDifference } from './compare.js';
import { expectationsOf } from './expectations.js';
import type { LedgerHeader } from './format.js';
import { type LedgerTotals, readLedger } from './run-ledger.js';

/** Differences that are told one by one; of more, only the number is. */
const DIFFERENCES_LISTED = 10;

/** A key of which the database holds something else than the ledger says. */
export interface LedgerDifference {
  readonly table: TableName;
  readonly key: number;
  /** What the ledger says was done to it last; null: it was leased, and nothing more. */
  readonly operation: Operation | null;
  /** False where that was aborted. */
  readonly committed: boolean;
  /** Of that transaction; null where the ledger has none that the row must bear. */
  readonly xid: number | null;
  /** `xmin` of the row that is there; null: none is. */
  readonly xmin: number | null;
  /** Where the ledger says so; null for a lease. */
  readonly file: string | null;
  readonly intent: number | null;
}

export interface LedgerCheck {
  readonly totals: LedgerTotals;
  readonly differences: { readonly count: number; readonly examples: readonly LedgerDifference[] };
}

/**
 * Compares what a ledger says with what the database holds, in one state of it. Reads every file once, and
 * keeps of one worker at a time what it says of its keys.
 */
export async function checkLedger(
  client: Client,
  folder: string,
  onHeader: (header: LedgerHeader) => void,
): Promise<LedgerCheck> {
  const collector = new Collector();
  const examples: LedgerDifference[] = [];
  let count = 0;
  await beginComparison(client);
  try {
    const totals = await readLedger(folder, {
      onHeader,
      onFile: (path) => collector.beginFile(path),
      onLease: (lease) => collector.addLease(lease),
      onTransaction: (transaction) => collector.add(transaction),
      onWorkerEnd: async () => {
        const wanted = () => DIFFERENCES_LISTED - examples.length;
        for (const [table, entries] of collector.tables) {
          count += await compare(client, table, expectationsOf(entries), wanted, (difference) =>
            examples.push(describe(difference, collector)),
          );
        }
        collector.clear();
      },
    });
    return { totals, differences: { count, examples } };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

function describe(
  { table, key, xmin, expected: { entry } }: KeyDifference,
  collector: Collector,
): LedgerDifference {
  const { write: operation, xid } = entry;
  const place = operation === null ? null : collector.placeOf(entry.transaction);
  const said = { operation, committed: entry.fate === 'committed', xid };
  return { table, key, ...said, xmin, file: place?.file ?? null, intent: place?.intent ?? null };
}
