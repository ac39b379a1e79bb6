import type { KeysOf } from '../../ledger/format.js';
import { decodeKeys } from '../../ledger/keys.js';
import type { TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { countRows, type Expected, followsInWorker } from '../ledger/expected.js';
import type { TableEvent } from '../verdict/findings.js';
import { ExpectedRows, TransactionProgress } from './progress.js';

/** Transactions that may wait for their events at a time; above that, the oldest are given up. */
const MOST_WAITING = 100_000;
/** Transactions remembered as given up, and as complete: 0.5 to 1 MB of each. */
const REMEMBERED = 1 << 16;
/** Rows remembered as rolled back, some 8 MB with their transactions, each of which takes as much as these rows. */
const ROLLED_BACK_ROWS = 1 << 18;
const ROWS_PER_TRANSACTION = 16;
/** Before a snapshot is known, the first transactions to arrive are remembered: a later snapshot may precede them. */
const MOST_EARLY = 1 << 16;

/** The transactions of the ledger, from the moment they are read until their events have arrived. */
export class ExpectedTransactions {
  readonly #tables: Tables;
  /** An LSN: the source delivers transactions committed from there on. */
  readonly #from: number;
  /** An LSN: the snapshot stands for transactions committed before it. -Infinity: there is no snapshot. */
  #snapshotLsn = Number.NEGATIVE_INFINITY;
  /** By xid, in the ledger's order: transactions that must arrive. */
  readonly #waiting = new Map<number, TransactionProgress>();
  /** The same, of transactions committed before the source or the snapshot began: they need not arrive. */
  readonly #preceding = new Map<number, TransactionProgress>();
  /** Transactions without an xid: their COMMIT got no answer. An event of a row that they inserted identifies them. */
  readonly #unidentified = new Map<Expected, ExpectedRows>();
  /** For each transaction without an LSN, one that its worker had passed before. */
  readonly #floors = new Map<Expected, number>();
  /** By worker, the highest LSN that was read. */
  readonly #lastLsns = new Map<number, number>();
  readonly #rolledBack: RolledBackRows;
  /** Rows of committed transactions that were rolled back to a savepoint. Null: there were none so far. */
  #undone: RolledBackRows | null = null;
  readonly #complete = new BoundedSet(REMEMBERED);
  readonly #givenUp = new BoundedSet(REMEMBERED);
  /** Xids of preceding transactions that arrived all the same. */
  readonly #arrivedEarly = new Set<number>();
  /** The run's first transaction to arrive: those committed after it must arrive, too. */
  #first: Expected | null = null;
  readonly #arrivedTables = new Set<TableName>();
  /** Of the last event to arrive: the sets have them already. Null: look again. */
  #lastArrived: Expected | null = null;
  #lastTable: TableName | null = null;
  #ended = false;

  constructor(tables: Tables, from: number) {
    this.#tables = tables;
    this.#from = from;
    this.#rolledBack = new RolledBackRows(tables);
  }

  /**
   * Whether a committed transaction waits for its events.
   *
   * @param needs whether the rest of one must arrive
   */
  awaitsCommitted(needs: (transaction: TransactionProgress) => boolean = () => true): boolean {
    for (const transaction of this.#waiting.values()) {
      if (transaction.expected.fate === 'committed' && needs(transaction)) return true;
    }
    for (const { fate } of this.#unidentified.keys()) if (fate === 'committed') return true;
    return false;
  }

  /** Whether a change of the run in this table has arrived. */
  hasArrived(table: TableName): boolean {
    return this.#arrivedTables.has(table);
  }

  /** Adds a transaction of the ledger. Returns one that no longer waits: the oldest of too many; at the end, this one. */
  add(expected: Expected): TransactionProgress | null {
    const { fate, xid, lsn, worker, hazards } = expected;
    if (fate === 'aborted') {
      if (xid !== null) this.#rolledBack.add(xid, expected.rows, hazards?.truncated);
      return null;
    }
    if (hazards?.undone !== undefined && xid !== null) {
      this.#undone ??= new RolledBackRows(this.#tables);
      this.#undone.add(xid, hazards.undone);
    }
    const floor = this.#lastLsns.get(worker) ?? Number.NEGATIVE_INFINITY;
    if (lsn !== null) this.#lastLsns.set(worker, Math.max(floor, lsn));
    else this.#floors.set(expected, floor);
    if (this.#ended) return new TransactionProgress(this.#tables, expected);
    if (xid === null) {
      this.#unidentified.set(expected, new ExpectedRows(this.#tables, expected));
      return null;
    }
    const transactions = this.precedes(expected) ? this.#preceding : this.#waiting;
    transactions.set(xid, new TransactionProgress(this.#tables, expected));
    return transactions.size > MOST_WAITING ? this.#giveUpOldest(transactions) : null;
  }

  lookUp(xid: number): TransactionProgress | undefined {
    return this.#waiting.get(xid) ?? this.#preceding.get(xid);
  }

  /** The same, among transactions that must arrive. */
  lookUpWaiting(xid: number): TransactionProgress | undefined {
    return this.#waiting.get(xid);
  }

  /** Finds the transaction without an xid that inserted the event's row, and gives it the event's xid. */
  identify(xid: number, event: TableEvent): TransactionProgress | undefined {
    const { table, operation, key } = event;
    // Only inserts: the run leased the id, so no other transaction can have inserted it. A transaction without a
    // recorded xid has ids only.
    if (operation !== 'insert' || typeof key !== 'number') return undefined;
    // Rolled back on purpose, it was written again with the same ids.
    if (this.#unidentified.size > 0 && this.isRolledBack(event)) return undefined;
    for (const [expected, rows] of this.#unidentified) {
      if (!rows.has(table, operation, key)) continue;
      this.#unidentified.delete(expected);
      const transaction = new TransactionProgress(this.#tables, { ...expected, xid });
      this.#waiting.set(xid, transaction);
      return transaction;
    }
    return undefined;
  }

  /** Whether an event may belong to a transaction without an xid: an insert that follows it would identify it. */
  mayIdentify({ table, operation, key }: TableEvent): boolean {
    if (operation === 'insert' || operation === 'truncate' || typeof key !== 'number') return false;
    for (const rows of this.#unidentified.values())
      if (rows.has(table, operation, key)) return true;
    return false;
  }

  /** Whether the event's change is one that was rolled back with its whole transaction. */
  isRolledBack(event: TableEvent): boolean {
    return this.#rolledBack.has(event);
  }

  /** Whether the event's row is one that was rolled back to a savepoint of its transaction. */
  isUndone(event: TableEvent): boolean {
    return this.#undone?.has(event) === true;
  }

  isComplete(xid: number): boolean {
    return this.#complete.has(xid);
  }

  isGivenUp(xid: number): boolean {
    return this.#givenUp.has(xid);
  }

  /** Notes that a new event of a transaction has arrived. */
  noteArrival(expected: Expected, table: TableName): void {
    if (table !== this.#lastTable) this.#arrivedTables.add(table);
    this.#lastTable = table;
    if (expected === this.#lastArrived) return;
    this.#lastArrived = expected;
    const isEarly =
      this.#snapshotLsn > Number.NEGATIVE_INFINITY
        ? this.precedes(expected)
        : this.#arrivedEarly.size < MOST_EARLY;
    if (isEarly) this.#arrivedEarly.add(expected.xid ?? Number.NaN);
  }

  /** Notes the run's first transaction to arrive. */
  noteFirst(expected: Expected): void {
    if (this.#first !== null) return;
    this.#first = expected;
    this.#divide();
  }

  /** @param lsn of the snapshot, as of `SnapshotRows.lsn` */
  setSnapshot(lsn: number): void {
    if (lsn === this.#snapshotLsn) return;
    this.#snapshotLsn = lsn;
    this.#divide();
  }

  /** Every event of a transaction has arrived. */
  noteComplete({ xid }: Expected): void {
    if (xid === null) return;
    this.#waiting.delete(xid);
    this.#preceding.delete(xid);
    this.#complete.add(xid);
  }

  /** Ends the waiting. Returns the transactions that still wait. */
  end(): readonly TransactionProgress[] {
    this.#ended = true;
    const rest = [...this.#preceding.values(), ...this.#waiting.values()];
    for (const expected of this.#unidentified.keys())
      rest.push(new TransactionProgress(this.#tables, expected));
    this.#preceding.clear();
    this.#waiting.clear();
    this.#unidentified.clear();
    return rest;
  }

  /** Whether a transaction need not arrive: it was committed before the source or the snapshot began. */
  precedes(expected: Expected): boolean {
    const { lsn } = expected;
    if (lsn === null || lsn >= Math.max(this.#from, this.#snapshotLsn)) return false;
    return !this.#followsFirst(expected);
  }

  /** Whether it was committed before the source began. */
  precedesSource({ lsn }: Expected): boolean {
    return (lsn ?? 0) < this.#from;
  }

  /** Whether a transaction without an LSN may have been committed before the source or the snapshot began. */
  mayPrecede(expected: Expected): boolean {
    if (expected.lsn !== null || this.#followsFirst(expected)) return false;
    const floor = this.#floors.get(expected) ?? Number.POSITIVE_INFINITY;
    return floor < Math.max(this.#from, this.#snapshotLsn);
  }

  /** Whether the snapshot stands for a transaction: committed before it, and no event of it arrived. */
  isInSnapshot(expected: Expected): boolean {
    const { fate, xid, lsn } = expected;
    if (fate !== 'committed' || lsn === null || lsn < this.#from) return false;
    if (lsn >= this.#snapshotLsn || this.#followsFirst(expected)) return false;
    return xid === null || !this.#arrivedEarly.has(xid);
  }

  /** Whether it was committed after one that arrived: the stream had begun by then. */
  #followsFirst(expected: Expected): boolean {
    const first = this.#first;
    if (first === null) return false;
    return followsInWorker(expected, first) || expected.sentAt > first.answeredAt;
  }

  /** Forgets the oldest transaction but for its xid. */
  #giveUpOldest(transactions: Map<number, TransactionProgress>): TransactionProgress | null {
    // Until an event of the run arrives, a snapshot may still stand for it.
    if (transactions === this.#preceding && this.#first === null) return null;
    for (const [xid, transaction] of transactions) {
      transactions.delete(xid);
      this.#givenUp.add(xid);
      return transaction;
    }
    return null;
  }

  /** Divides anew which transactions must arrive: the stream's beginning has become known, or is another one. */
  #divide(): void {
    this.#lastArrived = null;
    for (const [xid, transaction] of this.#waiting) {
      if (!this.precedes(transaction.expected) || transaction.delivered > 0) continue;
      this.#waiting.delete(xid);
      this.#preceding.set(xid, transaction);
    }
    for (const [xid, transaction] of this.#preceding) {
      if (this.precedes(transaction.expected)) continue;
      this.#preceding.delete(xid);
      this.#waiting.set(xid, transaction);
    }
  }
}

/**
 * The rows of transactions that were rolled back. An xid alone proves nothing: a server that crashed gives those that
 * its WAL does not have out again, to anybody.
 */
class RolledBackRows {
  readonly #tables: Tables;
  /** By xid, the oldest first. */
  readonly #changes = new Map<number, RolledBack[]>();
  #size = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  add(xid: number, rows: KeysOf, truncated: readonly TableName[] = []): void {
    const others = this.#changes.get(xid) ?? [];
    this.#changes.set(xid, [...others, { rows, truncated }]);
    this.#size += sizeOf(rows);
    for (const [oldest, changes] of this.#changes) {
      if (this.#size <= ROLLED_BACK_ROWS) break;
      this.#changes.delete(oldest);
      for (const change of changes) this.#size -= sizeOf(change.rows);
    }
  }

  has({ xid, table, operation, key }: TableEvent): boolean {
    const changes = xid === null ? undefined : this.#changes.get(xid);
    if (changes === undefined) return false;
    if (operation === 'truncate') return changes.some(({ truncated }) => truncated.includes(table));
    return changes.some(({ rows }) => {
      const list = operation === 'snapshot' ? undefined : rows[table]?.[operation];
      return list !== undefined && decodeKeys(this.#tables.get(table), list).includes(key ?? '');
    });
  }
}

/** The changes of a transaction that were rolled back. */
interface RolledBack {
  readonly rows: KeysOf;
  readonly truncated: readonly TableName[];
}

function sizeOf(rows: KeysOf): number {
  return ROWS_PER_TRANSACTION + countRows({ rows, dropped: {} });
}

/** Remembers the last `most` numbers that were added, and up to as many older ones. */
export class BoundedSet {
  readonly #most: number;
  #young = new Set<number>();
  #old = new Set<number>();

  constructor(most: number) {
    this.#most = most;
  }

  add(value: number): void {
    this.#young.add(value);
    if (this.#young.size < this.#most) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  has(value: number): boolean {
    return this.#young.has(value) || this.#old.has(value);
  }
}
