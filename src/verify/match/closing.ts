import type { Tables } from '../../schema/tables.js';
import type { StreamHazards } from '../hazards/stream-hazards.js';
import { countChanges, type Expected } from '../ledger/expected.js';
import type { RunDatabase } from '../rows/server-effects.js';
import type { Results } from '../verdict/accounting.js';
import {
  type Detail,
  exampleOf,
  exampleOfTransaction,
  type TableEvent,
} from '../verdict/findings.js';
import type { Partition } from './partition.js';
import type { LeftChanges, TransactionProgress } from './progress.js';
import type { ExpectedTransactions } from './transactions.js';

/** How a stream ended. */
export interface Ending {
  /** The source has delivered everything up to the end of the WAL. */
  readonly whole: boolean;
  /** The operator asked to end before that. */
  readonly interrupted: boolean;
  /** All events were of tables in other schemas, and the ledger does not record the run's schema. */
  readonly schemaUnknown: boolean;
}

const NOT_ENDED: Ending = { whole: false, interrupted: false, schemaUnknown: false };

export interface ClosingParts {
  readonly tables: Tables;
  readonly database: RunDatabase;
  readonly partitions: readonly Partition[];
  readonly transactions: ExpectedTransactions;
  readonly results: Results;
  /** Null: the run has none. */
  readonly hazards: StreamHazards | null;
  /** Changes that precede the source are left out of the verdict. */
  readonly partial: boolean;
}

/** Accounts for the changes of a transaction when no more of its events are expected. */
export class Closing {
  /** Whether the source has other tables, whose events count in `total_order`, too. */
  otherTables = false;
  readonly #tables: Tables;
  #database: RunDatabase;
  readonly #partitions: readonly Partition[];
  readonly #transactions: ExpectedTransactions;
  readonly #results: Results;
  readonly #hazards: StreamHazards | null;
  readonly #partial: boolean;
  /** Null: more events may arrive. */
  #ending: Ending | null = null;

  constructor(parts: ClosingParts) {
    const { tables, database, partitions, transactions, results, hazards, partial } = parts;
    this.#tables = tables;
    this.#database = database;
    this.#partitions = partitions;
    this.#transactions = transactions;
    this.#results = results;
    this.#hazards = hazards;
    this.#partial = partial;
  }

  /** The stream has ended. `database`: with the facts of the run's end. */
  end(ending: Ending, database: RunDatabase): void {
    this.#ending = ending;
    this.#database = database;
  }

  /**
   * Closes a transaction of which every row has arrived.
   *
   * @param last its last event; null: a change without a key, which has no order to check
   */
  complete(partition: Partition, transaction: TransactionProgress, last: TableEvent | null): void {
    const { expected, unidentified, delivered, derived } = transaction;
    const { accounting, transactions, ofServer } = this.#results;
    this.#transactions.noteComplete(expected);
    for (const other of this.#partitions) {
      if (other.current === transaction) other.current = null;
    }
    this.#accountArrived(transaction);
    if (expected.fate === 'committed') transactions.delivered++;
    else transactions.unknown_delivered++;
    if (unidentified > 0) accounting.doubt('replica_identity', unidentified);
    const { lastOrder } = transaction.part(partition.number) ?? { lastOrder: 0 };
    const alone = this.#partitions.length === 1 && !this.otherTables && unidentified === 0;
    if (last !== null && alone && lastOrder > delivered + derived) {
      this.#results.note('reordered', 'order_gap', last, expected, ofServer.unlessAdded);
    }
  }

  /** Closes a transaction of which not all rows have arrived: given up for later ones, or at the end of the stream. */
  close(transaction: TransactionProgress): void {
    const { expected, delivered } = transaction;
    const { transactions, accounting } = this.#results;
    if (expected.fate === 'open') {
      this.#closeUnknown(transaction);
      return;
    }
    if (delivered === 0 && this.#transactions.precedes(expected)) {
      if (this.#transactions.precedesSource(expected)) this.#closePreceding(transaction);
      else transactions.before_snapshot++;
      return;
    }
    if (delivered > 0) this.#accountArrived(transaction);
    if (this.#transactions.mayPrecede(expected)) {
      transactions.not_arrived++;
      accounting.doubt('unplaced', transaction.left);
      return;
    }
    // Before the end, a transaction is given up because later ones have arrived.
    const overdue = this.#ending === null || this.#isOverdue(transaction);
    let missing = false;
    for (const rest of transaction.rest) {
      missing = this.#accountAbsent(transaction, rest, overdue) || missing;
    }
    if (missing) transactions.missing++;
    else transactions.not_arrived++;
  }

  /** The ledger does not say whether it was committed. If an event arrived, it was, as a whole. */
  #closeUnknown(transaction: TransactionProgress): void {
    const { transactions, accounting } = this.#results;
    transactions.unknown_absent++;
    accounting.suspect('unknown_transactions', countChanges(transaction.expected));
    if (transaction.delivered === 0) return;
    for (const rest of transaction.rest) {
      this.#noteMissing(transaction.expected, rest, 'row_missing', rest.count);
    }
  }

  /** It was committed before the source began. */
  #closePreceding({ left }: TransactionProgress): void {
    const { transactions, accounting } = this.#results;
    transactions.before_source++;
    if (this.#partial) accounting.waived += left;
    else accounting.doubt('before_source', left);
  }

  /** Accounts for the events that arrived. */
  #accountArrived(transaction: TransactionProgress): void {
    const { expected, delivered, faithful, complete } = transaction;
    const { accounting, findings } = this.#results;
    if (expected.fate !== 'committed') {
      accounting.suspect('unknown_transactions', delivered);
      return;
    }
    if (complete && faithful === null) {
      accounting.doubt('contents_not_told', delivered);
      return;
    }
    if (complete && faithful === false) {
      findings.add(exampleOfTransaction(this.#tables, 'altered', 'contents', expected));
    }
    let doubted = 0;
    for (const [reason, events] of transaction.doubts ?? []) {
      accounting.doubt(reason, events);
      doubted += events;
    }
    accounting.delivered += delivered - doubted;
  }

  /** Accounts for changes that did not arrive: excused, doubted or missing. True: missing. */
  #accountAbsent(transaction: TransactionProgress, rest: LeftChanges, overdue: boolean): boolean {
    const { table, operation } = rest;
    const { accounting, rivals } = this.#results;
    const { effects, publishing } = this.#database;
    const unidentified = operation === 'truncate' ? 0 : transaction.keylessOf(table, operation);
    accounting.doubt('replica_identity', unidentified);
    const count = rest.count - unidentified;
    if (count === 0) return false;
    const recorded = this.#hazards?.publishedAt(transaction, table, publishing) ?? null;
    const published =
      recorded ?? (operation === 'truncate' ? 'yes' : publishing.of(table, operation));
    const isLater = published === 'later' && !this.#transactions.hasArrived(table);
    if (published === 'unpublished' || isLater) {
      accounting.excused += count;
      return false;
    }
    const doubt = (reason: Parameters<typeof accounting.doubt>[0]) => {
      accounting.doubt(reason, count);
      return false;
    };
    if (published === 'changed' || effects.repartitioned(table)) return doubt('database_changed');
    const { whole, interrupted, schemaUnknown } = this.#ending ?? NOT_ENDED;
    if (rivals > 0) return doubt('several_servers');
    if (schemaUnknown) return doubt('schema_unknown');
    if (!(overdue || whole)) return doubt(interrupted ? 'interrupted' : 'ended_early');
    accounting.missing += count;
    const detail = overdue ? 'transaction_missing' : 'transaction_absent';
    const { expected, delivered } = transaction;
    this.#noteMissing(expected, rest, delivered > 0 ? 'row_missing' : detail, count);
    return true;
  }

  /** Whether every partition of the topics that carry a transaction's tables is past it. */
  #isOverdue(transaction: TransactionProgress): boolean {
    const { expected, delivered } = transaction;
    const tables = [...Object.keys(expected.rows), ...(expected.hazards?.truncated ?? [])];
    const partitions = this.#partitions;
    const topics = new Set(
      partitions
        .filter((partition) => tables.some((table) => partition.has(table)))
        .map(({ topic }) => topic),
    );
    const carrying =
      partitions.length === 1 ? partitions : partitions.filter(({ topic }) => topics.has(topic));
    return (
      carrying.length > 0 &&
      carrying.every(
        (partition) =>
          partition.isPast(expected) || (delivered > 0 && partition.current !== transaction),
      )
    );
  }

  #noteMissing(
    expected: Expected,
    { table, operation, firstKey }: LeftChanges,
    detail: Detail,
    count: number,
  ): void {
    const row = { table, operation, key: firstKey };
    this.#results.findings.add(exampleOf('missing', detail, row, expected), count);
  }
}
