import { compareServers, type ServerIdentity } from '../postgres/identity.js';
import type { Operation } from '../schema/changes.js';
import type { Key, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { type KeyDifference, xminOf } from './compare.js';
import { KeyedWrites } from './keyed-writes.js';
import { readLedger } from './totals.js';
import { WorkerWrites } from './worker-writes.js';

/** Another run, and the folder of its ledger. */
export interface OtherLedger {
  readonly run: string;
  readonly folder: string;
  /** Those of its ledger (`tablesOfLedger`). */
  readonly tables: Tables;
}

/** The members of the checked run's totals that tell whether a change is later. */
export interface CheckedRun {
  readonly servers: readonly ServerIdentity[];
  /** ISO 8601; null for an empty ledger. */
  readonly started: string | null;
}

/** The last change of a key by another run. */
interface LaterChange {
  readonly run: string;
  readonly write: Operation;
  /** Null if unknown, or if the rows' `xmin` may differ from it. */
  readonly xid: number | null;
  /** Another run inserted a row with this key. */
  readonly inserted: boolean;
}

/**
 * Finds for each difference the run that explains it: by a committed change of the same key after the checked run's.
 * If the row exists, its `xmin` must be that change's. Null: not explained, so it stays a difference.
 */
export async function explainByOthers(
  differences: readonly KeyDifference[],
  others: readonly OtherLedger[],
  checked: CheckedRun,
): Promise<(string | null)[]> {
  const keys = new Map<TableName, Map<Key, KeyDifference>>();
  for (const difference of differences) {
    const ofTable = keys.get(difference.table) ?? new Map<Key, KeyDifference>();
    keys.set(difference.table, ofTable.set(difference.key, difference));
  }
  const changes = new Map<KeyDifference, LaterChange>();
  for (const other of others) await readChanges(other, keys, checked, changes);
  return differences.map((difference) => {
    const change = changes.get(difference);
    return change !== undefined && explains(change, difference) ? change.run : null;
  });
}

/** Adds one run's changes of the keys to `changes`, if they are later than the checked run's and the last so far. */
async function readChanges(
  { run, folder, tables }: OtherLedger,
  keys: ReadonlyMap<TableName, ReadonlyMap<Key, KeyDifference>>,
  { servers, started }: CheckedRun,
  changes: Map<KeyDifference, LaterChange>,
): Promise<void> {
  const writes = new WorkerWrites(tables);
  const keyed = new KeyedWrites(tables);
  const found: [KeyDifference, LaterChange][] = [];
  let isOwn = false;
  const note = (
    difference: KeyDifference | undefined,
    write: Operation | null,
    xid: number | null,
  ) => {
    if (difference === undefined || write === null) return;
    found.push([difference, { run, write, xid, inserted: write === 'insert' }]);
  };
  const totals = await readLedger(tables, folder, {
    onHeader: ({ server }) => {
      isOwn = servers.some((known) => compareServers(known, server) === 'same');
    },
    onFile: (path) => writes.beginFile(path),
    onTransaction: (transaction) => {
      // An xid of another server means another transaction.
      if (!isOwn || transaction.outcome !== 'committed') return;
      writes.add(transaction);
      keyed.add(transaction);
    },
    onWorkerEnd: async () => {
      for (const [table, entries] of writes.tables) {
        const wanted = keys.get(table.name);
        if (wanted === undefined) continue;
        for (let i = 0; i < entries.size; i++) {
          const { first, last, write, xid } = entries.get(i);
          if (write === null) continue;
          for (let key = first; key <= last; key++) {
            note(wanted.get(key), write, xid);
          }
        }
      }
      writes.clear();
    },
  });
  for (const { table, keys: texts, entries } of keyed.tables) {
    const wanted = keys.get(table.name);
    for (let i = 0; wanted !== undefined && i < entries.size; i++) {
      const { first, write, xid } = entries.get(i);
      note(wanted.get(texts[first]!), write, xid);
    }
  }
  // Without xids the clock decides: a run that ended before the checked one began made no later change.
  const over = totals.ended !== null && started !== null && totals.ended < started;
  for (const [difference, change] of found) {
    const own = difference.expected.entry.xid;
    if (change.xid !== null && own !== null ? change.xid <= own : over) continue;
    const before = changes.get(difference);
    const inserted = change.inserted || before?.inserted === true;
    const isLast = (before?.xid ?? -1) <= (change.xid ?? Number.POSITIVE_INFINITY);
    changes.set(difference, { ...(before === undefined || isLast ? change : before), inserted });
  }
}

function explains(
  { write, xid, inserted }: LaterChange,
  { expected, xmin }: KeyDifference,
): boolean {
  const existed = expected.rule !== 'none';
  if (write === 'delete') return existed && xmin === null;
  if (xmin === null || (xid !== null && xminOf(xid) !== xmin)) return false;
  return existed ? write === 'update' : inserted;
}
