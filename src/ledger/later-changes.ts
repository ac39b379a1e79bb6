import { compareServers, type ServerIdentity } from '../postgres/identity.js';
import type { Operation } from '../schema/changes.js';
import type { Key, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { type KeyDifference, xminOf } from './compare.js';
import type { Entry } from './entries.js';
import { KeyedWrites } from './keyed-writes.js';
import { idOfText } from './keys.js';
import { readRunHazards } from './run-hazards.js';
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
  /** Another run truncated the table. */
  readonly emptied: boolean;
  /** Its transaction, by `Entry.transaction`. Null: it is a TRUNCATE or a rewrite of the table. */
  readonly transaction: number | null;
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
  const hazards = await readRunHazards(tables, folder);
  const writes = new WorkerWrites(tables, hazards);
  const keyed = new KeyedWrites(tables, hazards);
  /** In the order of time, as far as they are of one key. */
  const found: [KeyDifference, LaterChange][] = [];
  /** TRUNCATEs and rewrites of tables. */
  const whole: { table: TableName; xid: number; write: 'delete' | 'update' }[] = [];
  let isOwn = false;
  const note = (
    difference: KeyDifference | undefined,
    { write, xid, transaction }: Pick<Entry, 'write' | 'xid' | 'transaction'>,
  ) => {
    if (difference === undefined || write === null) return;
    const change = { run, write, xid, transaction, inserted: write === 'insert', emptied: false };
    found.push([difference, change]);
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
      const xid = Number(transaction.xid);
      const { truncated = [], ddl = [] } = transaction.intent.hazards ?? {};
      for (const table of truncated) whole.push({ table, xid, write: 'delete' });
      for (const { table, rewrites } of ddl) {
        if (rewrites === true) whole.push({ table, xid, write: 'update' });
      }
    },
    onWorkerEnd: async () => {
      for (const [table, entries] of writes.tables) {
        const wanted = keys.get(table.name);
        if (wanted === undefined) continue;
        for (let i = 0; i < entries.size; i++) {
          const entry = entries.get(i);
          if (entry.write === null) continue;
          for (let key = entry.first; key <= entry.last; key++) note(wanted.get(key), entry);
        }
      }
      writes.clear();
    },
  });
  for (const { table, keys: texts, entries } of keyed.tables) {
    const wanted = keys.get(table.name);
    if (wanted === undefined) continue;
    const places = keyed.order();
    const written = Array.from({ length: entries.size }, (_, i) => entries.get(i));
    written.sort((a, b) => places[a.transaction]! - places[b.transaction]!);
    for (const entry of written) {
      const text = texts[entry.first]!;
      note(wanted.get(table.keyKind === 'id' ? idOfText(text) : text), entry);
    }
  }
  for (const { table, xid, write } of whole) {
    for (const difference of keys.get(table)?.values() ?? []) {
      const members = { inserted: false, emptied: write === 'delete', transaction: null };
      found.push([difference, { run, write, xid, ...members }]);
    }
  }
  // Without xids the clock decides: a run that ended before the checked one began made no later change.
  const over = totals.ended !== null && started !== null && totals.ended < started;
  for (const [difference, change] of found) {
    const own = difference.expected.entry.xid;
    if (change.xid !== null && own !== null ? change.xid <= own : over) continue;
    const before = changes.get(difference);
    changes.set(difference, before === undefined ? change : joined(before, change));
  }
}

/** The last of two changes. Those of one run come in the order of time, but for those of whole tables. */
function joined(before: LaterChange, change: LaterChange): LaterChange {
  const isOrdered = before.run === change.run && change.transaction !== null;
  const isLast = isOrdered || (before.xid ?? -1) <= (change.xid ?? Number.POSITIVE_INFINITY);
  const isSame = isOrdered && before.transaction === change.transaction;
  return {
    ...(isLast ? change : before),
    ...(isSame ? { write: netOf(before.write, change.write) } : {}),
    inserted: before.inserted || change.inserted,
    emptied: before.emptied || change.emptied,
  };
}

/** The effect of two writes of one key in one transaction, of which inserts come first and deletes last. */
function netOf(before: Operation, write: Operation): Operation {
  if (write === 'update') return before;
  return write === 'delete' && before === 'insert' ? 'update' : write;
}

function explains(
  { write, xid, inserted, emptied }: LaterChange,
  { expected, xmin }: KeyDifference,
): boolean {
  const existed = expected.rule !== 'none';
  if (xmin === null) return existed && (write === 'delete' || emptied);
  if (write === 'delete' || (xid !== null && xminOf(xid) !== xmin)) return false;
  return existed ? write === 'update' : inserted;
}
