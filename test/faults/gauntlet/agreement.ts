import assert from 'node:assert/strict';
import type { RunSummary } from '../../../src/runs/summary.js';
import { noRows, type Operation } from '../../../src/schema/changes.js';
import type { Tables } from '../../../src/schema/tables.js';
import type { LedgerContents, RecordedTransaction } from './ledger-reader.js';
import {
  type DecodedTransaction,
  hasNoKey,
  type Oracle,
  type SeenTransaction,
  type WalEnds,
} from './oracle.js';

/** Differences that an error shows. */
const SHOWN = 5;

/**
 * The ledger has exactly the transactions that the server's decoder and its WAL have since the last time, and those of a
 * key in the same order.
 */
export async function requireSame(ledger: LedgerContents, oracle: Oracle): Promise<void> {
  const { committed, aborted, unknown, open } = ledger;
  assert.deepEqual(unknown, []);
  assert.equal(open, 0, 'open');
  const ends = await oracle.ends();
  const inOrder = await oracle.transactions();
  const decoded = new Map(inOrder.map((seen) => [seen.xid, seen]));
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
  }
  const shown = JSON.stringify(differences.slice(0, SHOWN), null, 1);
  assert.equal(differences.length, 0, `${differences.length} transactions differ: ${shown}`);
  assert.deepEqual(withoutXid.sort(), [...decoded.values()].map(textOf).sort());
  if (ends !== null) requireEnds(committed, ends);
  requireOrder(committed, inOrder);
  requireAddedColumns(committed, inOrder);
  requireLooseMessages({ committed, aborted }, oracle.looseMessages);
}

function textOf({ changes, truncated, messages }: SeenTransaction): string {
  return [
    ...changes,
    ...truncated.map((table) => `${table} truncate`),
    ...messages.map((content) => `message ${content}`),
  ].join(', ');
}

/** The WAL has the commit of each, and of none that it was rolled back; of a prepared one, its name. */
function requireEnds(committed: readonly RecordedTransaction[], ends: WalEnds): void {
  for (const { xid, hazards } of committed) {
    if (xid === null) continue;
    assert.ok(ends.commits.has(xid), `no commit of ${xid} in the WAL`);
    assert.ok(!ends.aborts.has(xid), `${xid} was rolled back by the WAL`);
    assert.equal(ends.prepared.get(xid), hazards.gid, `the name of ${xid}`);
    // Triggers of other tests take some.
    const took = hazards.names.length > 0 && ends.takers.has(xid);
    assert.ok(!took, `${xid} (${hazards.names.join(', ')}) took ids from a sequence`);
  }
}

/**
 * Transactions that wrote one row were committed in the order of their LSNs in the ledger. So were those that wrote a
 * table and those that truncated or altered it.
 */
function requireOrder(
  committed: readonly RecordedTransaction[],
  inOrder: readonly DecodedTransaction[],
): void {
  const byXid = new Map(committed.map((transaction) => [transaction.xid, transaction]));
  /** LSNs: the last of each row, the highest of each table, and that of its last change. */
  const ofRow = new Map<string, bigint>();
  const highest = new Map<string, bigint>();
  const changed = new Map<string, bigint>();
  for (const { xid, changes } of inOrder) {
    const { lsn: text = null, hazards } = byXid.get(xid) ?? {};
    if (text === null) continue;
    const lsn = lsnOf(text);
    const requireAfter = (before: ReadonlyMap<string, bigint>, name: string) =>
      assert.ok((before.get(name) ?? 0n) < lsn, `${xid} of ${text} after a later one of ${name}`);
    const { truncated = [], ddl = [] } = hazards ?? {};
    const alone = new Set([...truncated, ...ddl.map(({ table }) => table)]);
    const rows = new Set(changes.filter((change) => !hasNoKey(tableOf(change))).map(rowOf));
    const tables = new Set([...changes.map(tableOf), ...alone]);
    for (const row of rows) {
      requireAfter(ofRow, row);
      ofRow.set(row, lsn);
    }
    for (const table of tables) {
      requireAfter(alone.has(table) ? highest : changed, table);
      if (alone.has(table)) changed.set(table, lsn);
      if (lsn > (highest.get(table) ?? 0n)) highest.set(table, lsn);
    }
  }
}

/** Every inserted and updated row has the columns that its table was given by then, and no others. */
function requireAddedColumns(
  committed: readonly RecordedTransaction[],
  inOrder: readonly DecodedTransaction[],
): void {
  const byXid = new Map(committed.map((transaction) => [transaction.xid, transaction]));
  const current = new Map<string, string>();
  for (const { xid, added } of inOrder) {
    for (const { table, columns } of byXid.get(xid)?.hazards.ddl ?? []) {
      if (columns !== undefined) current.set(table, JSON.stringify(columns));
    }
    for (const [table, seen] of added) {
      assert.deepEqual([...seen], [current.get(table) ?? '{}'], `columns of ${table} in ${xid}`);
    }
  }
}

/** Each message that does not depend on its transaction is the ledger's, and each one of a committed transaction is there. */
function requireLooseMessages(
  { committed, aborted }: Pick<LedgerContents, 'committed' | 'aborted'>,
  seen: ReadonlySet<string>,
): void {
  const due = new Set(committed.flatMap(looseMessagesOf));
  const possible = new Set([...due, ...aborted.flatMap(looseMessagesOf)]);
  assert.deepEqual(
    [...due].filter((content) => !seen.has(content)),
    [],
    'missing messages',
  );
  assert.deepEqual(
    [...seen].filter((content) => !possible.has(content)),
    [],
    'unknown messages',
  );
}

function looseMessagesOf({ hazards }: RecordedTransaction): string[] {
  const { messages = [] } = hazards;
  return messages.flatMap(({ content, transactional }) => (transactional ? [] : [content]));
}

function tableOf(change: string): string {
  return CHANGE.exec(change)![1]!;
}

/** A change without its operation. */
function rowOf(change: string): string {
  return change.replace(CHANGE, '$1 ');
}

function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
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
