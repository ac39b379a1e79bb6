import type { Tables } from '../../schema/tables.js';
import { countRows, type Expected, listsOf } from '../ledger/expected.js';
import type { Results } from '../verdict/accounting.js';
import { exampleOf } from '../verdict/findings.js';
import type { SnapshotRows } from './snapshot-rows.js';

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
  if (!interrupted) {
    reread((expected) => {
      for (const { table, operation, keys, prints, dropped } of listsOf(tables, expected)) {
        for (const [place, key] of keys.entries()) {
          if (dropped?.has(place) === true) continue;
          const version = { prints, place, sequence: expected.sequence };
          snapshot.compare(table, operation, key, version);
        }
      }
    });
  }
  reread((expected) => {
    if (interrupted) accounting.doubt('interrupted', countRows(expected));
    else if (expected.prints === null) accounting.doubt('old_ledger', countRows(expected));
    else accountFor(tables, expected, snapshot, results);
  });
}

function accountFor(
  tables: Tables,
  expected: Expected,
  snapshot: SnapshotRows,
  results: Results,
): void {
  const { accounting, findings, transactions } = results;
  let missing = false;
  for (const { table, operation, keys, dropped } of listsOf(tables, expected)) {
    for (const [place, key] of keys.entries()) {
      if (dropped?.has(place) === true) continue;
      const witness = snapshot.witness(table, key, expected.sequence);
      if (witness === 'excused') accounting.excused++;
      else if (witness === 'forgotten') accounting.doubt('too_far_back', 1);
      else if (witness === 'differs') accounting.doubt('snapshot_differs', 1);
      else if (witness === 'silent' || results.rivals > 0) accounting.doubt('no_witness', 1);
      else {
        missing = true;
        accounting.missing++;
        const row = { table: table.name, operation, key };
        findings.add(exampleOf('missing', 'not_in_snapshot', row, expected));
      }
    }
  }
  if (missing) transactions.missing++;
}
