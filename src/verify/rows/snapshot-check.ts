import type { Key } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { countChanges, type Expected, listsOf, type RowList } from '../ledger/expected.js';
import type { Results } from '../verdict/accounting.js';
import { type Example, exampleOf } from '../verdict/findings.js';
import type { SnapshotRows, Witness } from './snapshot-rows.js';

/**
 * Accounts for the changes that were committed before the snapshot, by its rows. `reread` is called twice and calls
 * `each` with their transactions, in the ledger's order.
 *
 * @param interrupted the operator interrupted: all of these changes are doubted
 */
export function checkSnapshot(
  tables: Tables,
  snapshot: SnapshotRows,
  reread: (each: (expected: Expected) => void) => void,
  results: Results,
  { interrupted }: { readonly interrupted: boolean },
): void {
  const { accounting } = results;
  if (!interrupted) reread((expected) => compareVersions(tables, expected, snapshot));
  reread((expected) => {
    if (interrupted) accounting.doubt('interrupted', countChanges(expected));
    else if (expected.prints === null) accounting.doubt('old_ledger', countChanges(expected));
    else accountFor(tables, expected, snapshot, results);
  });
}

function compareVersions(tables: Tables, expected: Expected, snapshot: SnapshotRows): void {
  const lsn = lsnOf(expected);
  const lists = listsOf(tables, expected);
  for (const list of lists) {
    const { table, operation, keys, prints, dropped } = list;
    const inserts = operation === 'delete' ? insertsBeside(list, lists) : null;
    for (const [place, key] of keys.entries()) {
      if (dropped?.has(place) === true) continue;
      // Inserted more often than deleted, it exists after the transaction.
      if ((inserts?.get(key) ?? 0) > 0) continue;
      snapshot.compare(table, operation, key, { prints, place, lsn });
    }
  }
  for (const name of expected.hazards?.truncated ?? []) {
    snapshot.noteTruncate(tables.get(name), lsn);
  }
}

/** By deleted key that the same transaction inserts more often than it deletes it: how much more often. */
function insertsBeside(
  { table, keys: deleted }: RowList,
  lists: readonly RowList[],
): ReadonlyMap<Key, number> | null {
  const inserted = lists.find((list) => list.table === table && list.operation === 'insert');
  if (inserted === undefined) return null;
  const gone = new Map<Key, number>();
  for (const key of deleted) gone.set(key, (gone.get(key) ?? 0) - 1);
  for (const key of inserted.keys) {
    const count = gone.get(key);
    if (count !== undefined) gone.set(key, count + 1);
  }
  return gone;
}

/** A change in a snapshot has an LSN: without one, it is not known to precede it. */
function lsnOf({ lsn }: Expected): number {
  return lsn ?? 0;
}

function accountFor(
  tables: Tables,
  expected: Expected,
  snapshot: SnapshotRows,
  results: Results,
): void {
  const { accounting, findings, transactions } = results;
  const lsn = lsnOf(expected);
  let missing = false;
  const account = (witness: Witness, row: ChangedRow) => {
    if (witness === 'excused') accounting.excused++;
    else if (witness === 'forgotten') accounting.doubt('too_far_back', 1);
    else if (witness === 'differs') accounting.doubt('snapshot_differs', 1);
    else if (witness === 'silent' || results.rivals > 0) accounting.doubt('no_witness', 1);
    else {
      missing = true;
      accounting.missing++;
      findings.add(exampleOf('missing', 'not_in_snapshot', row, expected));
    }
  };
  for (const { table, operation, keys, dropped } of listsOf(tables, expected)) {
    for (const [place, key] of keys.entries()) {
      if (dropped?.has(place) === true) continue;
      account(snapshot.witness(table, key, lsn), { table: table.name, operation, key });
    }
  }
  for (const table of expected.hazards?.truncated ?? []) {
    const witness = snapshot.witnessTruncate(tables.get(table), lsn);
    account(witness, { table, operation: 'truncate', key: null });
  }
  if (missing) transactions.missing++;
}

type ChangedRow = Pick<Example, 'table' | 'operation' | 'key'>;
