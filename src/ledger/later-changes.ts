import type { ServerIdentity } from '../postgres/identity.js';
import { compareServers } from '../postgres/identity.js';
import type { Operation } from '../schemas/hospital/changes.js';
import type { TableName } from '../schemas/hospital/tables.js';
import { Collector } from './collector.js';
import { type KeyDifference, xminOf } from './compare.js';
import { readLedger } from './run-ledger.js';

/** Another run, and the folder of its ledger. */
export interface OtherLedger {
  readonly run: string;
  readonly folder: string;
}

/** The checked run, as far as the order of changes depends on it. */
export interface CheckedRun {
  readonly servers: readonly ServerIdentity[];
  /** ISO 8601; null: nothing of it is known. */
  readonly started: string | null;
}

/** The last change of a key by another run. */
interface Change {
  readonly run: string;
  readonly write: Operation;
  /** Null: rows do not bear the transaction's name, or it is not known. */
  readonly xid: number | null;
  /** Some other run inserted a row with this key. */
  readonly born: boolean;
}

/**
 * Tells, for each difference, which other run explains it by a committed change of the same key after the checked
 * run's; null: none does, so it stays a difference. A row that is there has to bear the name of that change.
 */
export async function explainByOthers(
  differences: readonly KeyDifference[],
  others: readonly OtherLedger[],
  checked: CheckedRun,
): Promise<(string | null)[]> {
  const keys = new Map<TableName, Map<number, KeyDifference>>();
  for (const difference of differences) {
    const ofTable = keys.get(difference.table) ?? new Map<number, KeyDifference>();
    keys.set(difference.table, ofTable.set(difference.key, difference));
  }
  const changes = new Map<KeyDifference, Change>();
  for (const other of others) await readChanges(other, keys, checked, changes);
  return differences.map((difference) => {
    const change = changes.get(difference);
    return change !== undefined && explains(change, difference) ? change.run : null;
  });
}

/** Notes what one run did to the keys, where that is later than what the checked run did, and the last so far. */
async function readChanges(
  { run, folder }: OtherLedger,
  keys: ReadonlyMap<TableName, ReadonlyMap<number, KeyDifference>>,
  { servers, started }: CheckedRun,
  changes: Map<KeyDifference, Change>,
): Promise<void> {
  const collector = new Collector();
  const found: [KeyDifference, Change][] = [];
  let isOwn = false;
  const totals = await readLedger(folder, {
    onHeader: ({ server }) => {
      isOwn = servers.some((known) => compareServers(known, server) === 'same');
    },
    onFile: (path) => collector.beginFile(path),
    onTransaction: (transaction) => {
      // Transactions of another server have names of their own.
      if (isOwn && transaction.outcome === 'committed') collector.add(transaction);
    },
    onWorkerEnd: async () => {
      for (const [table, entries] of collector.tables) {
        const wanted = keys.get(table);
        if (wanted === undefined) continue;
        for (let i = 0; i < entries.size; i++) {
          const { first, last, write, xid } = entries.get(i);
          if (write === null) continue;
          for (let key = first; key <= last; key++) {
            const difference = wanted.get(key);
            if (difference === undefined) continue;
            found.push([difference, { run, write, xid, born: write === 'insert' }]);
          }
        }
      }
      collector.clear();
    },
  });
  // By the clock, where no names tell: a run that was over before this one began changed nothing since.
  const over = totals.ended !== null && started !== null && totals.ended < started;
  for (const [difference, change] of found) {
    const own = difference.expected.entry.xid;
    if (change.xid !== null && own !== null ? change.xid <= own : over) continue;
    const before = changes.get(difference);
    const born = change.born || before?.born === true;
    const isLast = (before?.xid ?? -1) <= (change.xid ?? Number.POSITIVE_INFINITY);
    changes.set(difference, { ...(before === undefined || isLast ? change : before), born });
  }
}

function explains({ write, xid, born }: Change, { expected, xmin }: KeyDifference): boolean {
  const wasThere = expected.rule !== 'none';
  if (write === 'delete') return wasThere && xmin === null;
  if (xmin === null || (xid !== null && xminOf(xid) !== xmin)) return false;
  return wasThere ? write === 'update' : born;
}
