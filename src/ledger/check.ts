import type { Client } from 'pg';
import type { Operation } from '../schemas/hospital/changes.js';
import type { TableName } from '../schemas/hospital/tables.js';
import { Collector } from './collector.js';
import { beginComparison, compare, type KeyDifference } from './compare.js';
import { expectationsOf } from './expectations.js';
import type { LedgerHeader } from './format.js';
import { explainByOthers, type OtherLedger } from './later-changes.js';
import { type LedgerTotals, readLedger } from './run-ledger.js';

/** Differences that are told one by one; of more, only the number is. */
const DIFFERENCES_LISTED = 10;
/** Differences that other runs may explain: about 200 MB of them. More than that stay differences. */
const DIFFERENCES_KEPT = 500_000;

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
  /** Keys that other runs changed afterwards, by their own ledgers: no differences. */
  readonly changedSince: {
    readonly count: number;
    readonly runs: Readonly<Record<string, number>>;
  };
}

/**
 * Compares what a ledger says with what the database holds, in one state of it. Reads every file once, and
 * keeps of one worker at a time what it says of its keys. Where they differ, the ledgers of other runs may tell
 * who changed the row since.
 *
 * @param others ledgers of runs that may have written later
 */
export async function checkLedger(
  client: Client,
  folder: string,
  onHeader: (header: LedgerHeader) => void,
  others: (started: string | null) => readonly OtherLedger[] = () => [],
): Promise<LedgerCheck> {
  const collector = new Collector();
  const found: KeyDifference[] = [];
  const described: LedgerDifference[] = [];
  let count = 0;
  await beginComparison(client);
  try {
    const totals = await readLedger(folder, {
      onHeader,
      onFile: (path) => collector.beginFile(path),
      onLease: (lease) => collector.addLease(lease),
      onTransaction: (transaction) => collector.add(transaction),
      onWorkerEnd: async () => {
        const wanted = () => DIFFERENCES_KEPT - found.length;
        for (const [table, entries] of collector.tables) {
          count += await compare(client, table, expectationsOf(entries), wanted, (difference) => {
            found.push(difference);
            described.push(describe(difference, collector));
          });
        }
        collector.clear();
      },
    });
    const explained =
      found.length === 0 ? [] : await explainByOthers(found, others(totals.started), totals);
    const runs: Record<string, number> = {};
    for (const run of explained) if (run !== null) runs[run] = (runs[run] ?? 0) + 1;
    const since = Object.values(runs).reduce((sum, keys) => sum + keys, 0);
    const examples = described.filter((_, i) => explained[i] === null).slice(0, DIFFERENCES_LISTED);
    return {
      totals,
      differences: { count: count - since, examples },
      changedSince: { count: since, runs },
    };
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
