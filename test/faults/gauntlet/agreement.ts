import assert from 'node:assert/strict';
import type { RunSummary } from '../../../src/runs/summary.js';
import { noRows, type Operation } from '../../../src/schema/changes.js';
import type { Tables } from '../../../src/schema/tables.js';
import type { LedgerContents } from './ledger-reader.js';
import type { Oracle, SeenTransaction } from './oracle.js';

/** Differences that an error shows. */
const SHOWN = 5;

/** The ledger has exactly the transactions that the server's decoder and its WAL have since the last time. */
export async function requireSame(
  { committed, unknown, open }: LedgerContents,
  oracle: Oracle,
): Promise<void> {
  assert.deepEqual(unknown, []);
  assert.equal(open, 0, 'open');
  const commits = await oracle.commits();
  const decoded = new Map((await oracle.transactions()).map((seen) => [seen.xid, seen]));
  const withoutXid: string[] = [];
  const differences: unknown[] = [];
  for (const transaction of committed) {
    const { xid } = transaction;
    if (xid === null) {
      withoutXid.push(textOf(transaction));
      continue;
    }
    const seen = decoded.get(xid);
    decoded.delete(xid);
    if (seen === undefined || textOf(seen) !== textOf(transaction)) {
      differences.push({ ledger: transaction, server: seen });
    }
    assert.ok(commits?.has(xid) !== false, `no commit of ${xid} in the WAL`);
  }
  const shown = JSON.stringify(differences.slice(0, SHOWN), null, 1);
  assert.equal(differences.length, 0, `${differences.length} transactions differ: ${shown}`);
  assert.deepEqual(withoutXid.sort(), [...decoded.values()].map(textOf).sort());
}

function textOf({ changes }: SeenTransaction): string {
  return changes.join(', ');
}

/** The code of an item that was given another one: new items have the version 0. */
const RECODED = /^faturamento\."Itens da Conta" insert .*\/0*[1-9]\d*$/;
const CHANGE = /^(.+) (insert|update|delete) /;
/** The table whose keys change: its rows follow those changes, too. */
const RENAMED = 'faturamento."Itens da Conta"';

/**
 * The summary has exactly the transactions and rows of the ledger. A change of a key is one update of it, and the rows
 * that followed by ON UPDATE CASCADE are no events.
 */
export function requireCounts(
  tables: Tables,
  { committed }: LedgerContents,
  { rows, transactions }: RunSummary,
): void {
  const counted = noRows(tables);
  for (const change of committed.flatMap(({ changes }) => changes)) {
    const [, table, operation] = CHANGE.exec(change) ?? [];
    counted[table!]![operation as Operation]++;
    if (!RECODED.test(change)) continue;
    counted[table!]!.insert--;
    counted[table!]!.delete--;
    counted[table!]!.update++;
  }
  const [items, counts] = [rows[RENAMED], counted[RENAMED]];
  if (items !== undefined && counts !== undefined) {
    assert.ok(counts.update >= items.update, `${items.update} updates of ${counts.update}`);
    counts.update = items.update;
  }
  assert.deepEqual(rows, counted);
  assert.equal(transactions.committed, committed.length);
  assert.equal(transactions.in_doubt, 0);
}
