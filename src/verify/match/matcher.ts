import type { Tables } from '../../schema/tables.js';
import type { KeylessEvent, RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import type { LedgerFeed } from '../ledger/feed.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { ServerEffects } from '../rows/server-effects.js';
import type { Results } from '../verdict/accounting.js';
import type { TableEvent } from '../verdict/findings.js';
import type { Connectors } from './connectors.js';
import type { ForeignEvents } from './foreign.js';
import { lsnOf, Partition, ReplayWindow } from './partition.js';
import { ROW_MATCH, type TransactionProgress } from './progress.js';
import type { ExpectedTransactions } from './transactions.js';

/** The smallest replay window, in events. */
const LEAST_WINDOW = 1 << 10;

/** How an event matches the ledger. */
export const MATCH = {
  /** Nothing is left to check: a replay, or a violation that is noted already. */
  settled: 0,
  /** A row that the transaction was to bring; its contents compare as in `ROW_MATCH`. */
  faithful: ROW_MATCH.faithful,
  altered: ROW_MATCH.altered,
  incomplete: ROW_MATCH.incomplete,
  /** A delete whose row is unknown: counted against the transaction's deletes of the table. */
  keyless: 4,
  /** The transaction is the run's, and lacks this change. */
  unsent: 5,
  /** The transaction is another writer's. */
  foreign: 6,
} as const;
export type Match = (typeof MATCH)[keyof typeof MATCH];

export interface MatcherParts {
  readonly tables: Tables;
  /** Of the source; and the topic of each partition, as of `Source`. */
  readonly partitions: number;
  readonly topics: readonly string[] | undefined;
  /** Events that the replay windows of all partitions may hold. */
  readonly windowEvents: number;
  readonly effects: ServerEffects;
  readonly feed: LedgerFeed;
  readonly transactions: ExpectedTransactions;
  readonly connectors: Connectors;
  readonly foreign: ForeignEvents;
  readonly results: Results;
}

/** Finds the transaction of each event, and checks order and repetition. */
export class Matcher {
  readonly partitions: readonly Partition[];
  readonly #effects: ServerEffects;
  readonly #feed: LedgerFeed;
  readonly #transactions: ExpectedTransactions;
  readonly #connectors: Connectors;
  readonly #results: Results;
  readonly #foreign: ForeignEvents;

  constructor(parts: MatcherParts) {
    const { tables, partitions, topics, windowEvents } = parts;
    this.#effects = parts.effects;
    this.#feed = parts.feed;
    this.#transactions = parts.transactions;
    this.#connectors = parts.connectors;
    this.#foreign = parts.foreign;
    this.#results = parts.results;
    const size = 2 ** Math.floor(Math.log2(Math.max(windowEvents / partitions, LEAST_WINDOW)));
    this.partitions = Array.from(
      { length: partitions },
      (_, number) =>
        new Partition(number, topics?.[number] ?? String(number), new ReplayWindow(tables, size)),
    );
  }

  /** The partition of an event; notes its table. */
  partitionOf({ partition: number, table }: Pick<RowEvent, 'partition' | 'table'>): Partition {
    const partition = this.partitions[number];
    if (partition === undefined) throw new Error(`no partition ${number}`);
    partition.noteTable(table);
    return partition;
  }

  /**
   * The transaction of an event. Reads the ledger on as far as needed.
   *
   * - null: no transaction of the run waits for it.
   * - replayed: the event is a repeated one, and counted.
   * - waiting: the ledger may record the xid later: the event must be offered again.
   * - held: it may belong to a transaction without an xid: the next events of its transaction decide.
   *
   * @param contents of the row: a hash, as of `ReplayWindow`
   */
  find(
    partition: Partition,
    event: TableEvent,
    contents: number,
  ): TransactionProgress | 'replayed' | 'waiting' | 'held' | null {
    const { xid } = event;
    if (xid === null) return null;
    const known = this.lookUp(partition, xid);
    if (known !== undefined) return known;
    if (partition.foreignXid === xid) return null;
    const lsn = event.lsn ?? Number.POSITIVE_INFINITY;
    this.#feed.readTo(lsn, false, xid);
    const read = this.lookUp(partition, xid);
    if (read !== undefined) return read;
    if (this.#isReplay(partition, event, contents)) return 'replayed';
    this.#feed.readTo(lsn, true, xid);
    const found = this.lookUp(partition, xid) ?? this.#transactions.identify(xid, event);
    if (found !== undefined) return found;
    if (this.#feed.absence(xid, lsn) === 'waiting') return 'waiting';
    if (this.#transactions.mayIdentify(event)) return 'held';
    partition.foreignXid = xid;
    return null;
  }

  /** The transaction of a change without a key; null and waiting: as of `find`. */
  findKeyless(partition: Partition, event: KeylessEvent): TransactionProgress | 'waiting' | null {
    const { xid } = event;
    const lsn = event.lsn ?? Number.POSITIVE_INFINITY;
    this.#feed.readTo(lsn, true, xid);
    if (xid === null) return null;
    const known = this.lookUp(partition, xid);
    if (known !== undefined) return known;
    return this.#feed.absence(xid, lsn) === 'waiting' ? 'waiting' : null;
  }

  /** A transaction that was read and is not complete. */
  lookUp(partition: Partition, xid: number): TransactionProgress | undefined {
    if (partition.current?.expected.xid === xid) return partition.current;
    return this.#transactions.lookUp(xid);
  }

  /** Matches an event with the rows of its transaction. */
  matchExpected(
    partition: Partition,
    transaction: TransactionProgress,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): Match {
    const { expected } = transaction;
    if (expected.hazards !== null && this.#isSettled(partition, transaction, event, fingerprint)) {
      return MATCH.settled;
    }
    const match = transaction.deliver(event, fingerprint);
    if (match === ROW_MATCH.none) {
      return this.#matchSurplus(partition, transaction, event, fingerprint);
    }
    if (match === ROW_MATCH.faithful) this.#settleConnector(event.origin);
    if (match !== ROW_MATCH.altered) this.#transactions.noteFirst(expected);
    this.#takeDelivered(partition, transaction, event, fingerprint.stated);
    if (fingerprint.projected !== null) this.#results.countProjections(fingerprint.projected.by);
    return match;
  }

  /**
   * Matches a TRUNCATE. False: nothing is left to check.
   *
   * @param transaction null: none that waits
   */
  matchTruncate(
    partition: Partition,
    transaction: TransactionProgress | null,
    event: TableEvent,
  ): boolean {
    const { xid, table } = event;
    const results = this.#results;
    if (transaction?.deliverTruncate(table) === true) {
      this.#transactions.noteFirst(transaction.expected);
      this.#takeDelivered(partition, transaction, event, 0);
      return true;
    }
    if (this.#isReplay(partition, event, 0)) return false;
    if (this.#transactions.isRolledBack(event)) results.note('phantom', 'rolled_back', event);
    else if (xid !== null && this.#transactions.isGivenUp(xid)) {
      results.note('reordered', 'given_up', event);
    } else if (partition.replayWindow.mayHaveForgotten(event)) results.events.unjudged++;
    else if (transaction === null && !(xid !== null && this.#transactions.isComplete(xid))) {
      this.#foreign.addTruncate(event);
    } else results.note('phantom', 'truncated', event, transaction?.expected);
    return false;
  }

  /** Takes a change that its transaction expects. */
  #takeDelivered(
    partition: Partition,
    transaction: TransactionProgress,
    event: TableEvent,
    contents: number,
  ): void {
    const { expected } = transaction;
    const repeated = partition.endReplay();
    if (repeated !== null) this.#results.note('duplicated', 'replay_skips', repeated);
    this.#checkOrder(partition, transaction, event);
    partition.replayWindow.append(event, contents);
    this.#results.events.delivered++;
    this.#transactions.noteArrival(expected, event.table);
  }

  /**
   * Whether an event of a transaction with hazards is not one of its open changes, though it looks like one: a repeated one of
   * a change that the transaction makes several times, or a row that was rolled back to a savepoint.
   */
  #isSettled(
    partition: Partition,
    transaction: TransactionProgress,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): boolean {
    const { expected, rows } = transaction;
    // Only the LSN shows which of several equal changes it is.
    if (event.lsn !== null && transaction.mayRepeat(event)) {
      if (this.#isReplay(partition, event, fingerprint.stated)) return true;
    }
    if (expected.hazards?.undone === undefined || !this.#transactions.isUndone(event)) return false;
    const match = rows.peek(event.table, event.operation, event.key, fingerprint);
    if (match !== ROW_MATCH.none && match !== ROW_MATCH.altered) return false;
    this.#results.note('phantom', 'rolled_back_savepoint', event, expected);
    return true;
  }

  /** Matches an event that no waiting transaction expects. */
  matchUnexpected(partition: Partition, event: RowEvent, fingerprint: RowFingerprint): Match {
    const { xid, table, operation, key } = event;
    const results = this.#results;
    const transactions = this.#transactions;
    if (this.#isReplay(partition, event, fingerprint.stated)) return MATCH.settled;
    if (transactions.isRolledBack(event)) {
      results.note('phantom', 'rolled_back', event);
    } else if (transactions.isUndone(event)) {
      results.note('phantom', 'rolled_back_savepoint', event);
    } else if (xid !== null && transactions.isGivenUp(xid)) {
      results.note('reordered', 'given_up', event);
    } else if (partition.replayWindow.mayHaveForgotten(event)) {
      results.events.unjudged++;
    } else if (xid !== null && transactions.isComplete(xid)) {
      this.#noteUnsent(partition, null, event, fingerprint);
      return MATCH.unsent;
    } else if (operation === 'insert' && this.#feed.isLeased(table, key)) {
      results.note('phantom', 'never_sent', event);
    } else {
      results.events.foreign++;
      this.#foreign.add(event);
      partition.interrupted = true;
      this.#noteBegin(partition, event, null);
      return MATCH.foreign;
    }
    return MATCH.settled;
  }

  /** Counts an event of another connector than the run's; it may read the run's database, too. */
  noteForeignConnector(event: RowEvent, fingerprint: RowFingerprint): void {
    const { xid, table, operation, key } = event;
    const results = this.#results;
    results.otherServers++;
    const transaction = xid === null ? undefined : this.#transactions.lookUpWaiting(xid);
    const whole = transaction?.completed(event, fingerprint) ?? fingerprint;
    const match = transaction?.rows.peek(table, operation, key, whole);
    if (match === ROW_MATCH.faithful) results.rivals++;
    const isCopy =
      match === ROW_MATCH.faithful ||
      this.partitions[event.partition]?.replayWindow.find(event, fingerprint.stated)?.same;
    if (isCopy === true) results.copies++;
  }

  /** Matches an event whose row its transaction no longer, or never, expects. */
  #matchSurplus(
    partition: Partition,
    transaction: TransactionProgress,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): Match {
    const { table, operation } = event;
    if (this.#isReplay(partition, event, fingerprint.stated)) return MATCH.settled;
    if (partition.replayWindow.mayHaveForgotten(event)) {
      this.#results.events.unjudged++;
      return MATCH.settled;
    }
    // Without the key in the replica identity, the connector made the event's key up.
    if (operation === 'delete' && !this.#effects.hasKey(table)) return MATCH.keyless;
    this.#noteUnsent(partition, transaction, event, fingerprint);
    return MATCH.unsent;
  }

  /** Notes an event that the ledger lacks, in a transaction of the run. `transaction`: null if complete. */
  #noteUnsent(
    partition: Partition,
    transaction: TransactionProgress | null,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): void {
    if (transaction !== null) transaction.derived++;
    partition.replayWindow.append(event, fingerprint.stated);
    const { unlessAdded } = this.#results.ofServer;
    this.#results.note('phantom', 'row_not_sent', event, transaction?.expected, unlessAdded);
  }

  /** Whether an event is a repeated one; counts it if so. */
  #isReplay(partition: Partition, event: TableEvent, contents: number): boolean {
    const seen = partition.replayWindow.find(event, contents);
    if (seen === null) return false;
    const { events } = this.#results;
    const step = partition.replay(event, seen);
    if (step === 'rewind') events.rewinds++;
    if (step === 'skip') this.#results.note('duplicated', 'replay_skips', event);
    else if (!seen.same) this.#results.note('altered', 'replay_differs', event);
    else events.replayed++;
    return true;
  }

  #checkOrder(partition: Partition, transaction: TransactionProgress, event: TableEvent): void {
    const { expected } = transaction;
    const results = this.#results;
    let part = transaction.part(partition.number);
    if (partition.current !== transaction || part === undefined) {
      const before = partition.current?.part(partition.number);
      if (before !== undefined) before.left = true;
      partition.current = transaction;
      if (part === undefined) {
        part = transaction.begin(partition.number);
        // An event with a wrong xid may have been foreign before the ledger was read as far as that transaction.
        partition.foreignXid = null;
        if (partition.isPast(expected) || partition.isBelowWatermark(event)) {
          results.note('reordered', 'transaction_late', event, expected);
        }
        this.#noteBegin(partition, event, expected);
      } else if (part.left) {
        part.left = false;
        results.note('reordered', 'transaction_torn', event, expected);
      }
    } else if (partition.interrupted) {
      results.note('reordered', 'transaction_torn', event, expected);
    }
    partition.interrupted = false;
    const { lsn, order } = event;
    if (lsn !== null && lsn < part.lastLsn) {
      results.note('reordered', 'lsn_falls', event, expected);
    } else if (order !== null && order <= part.lastOrder) {
      results.note('reordered', 'order_falls', event, expected);
    } else if (partition.isOutside(event, expected)) {
      results.note('reordered', 'lsn_outside', event, expected);
    }
    part.lastLsn = Math.max(part.lastLsn, lsn ?? 0);
    part.lastOrder = Math.max(part.lastOrder, order ?? 0);
    partition.noteArrival(expected);
  }

  /** Notes the beginning of a transaction: a snapshot after it is not the one that the stream begins with. */
  #noteBegin(partition: Partition, event: TableEvent, expected: Expected | null): void {
    const connector = this.#connectors.of(event.origin);
    connector.snapshot.noteChange();
    partition.noteBegin(event, expected);
    const lsn = lsnOf(event, expected);
    connector.firstChange = Math.min(connector.firstChange ?? lsn, lsn);
  }

  /** A connector has delivered a change exactly as the ledger has it: it is the run's. */
  #settleConnector(origin: string | null): void {
    if (!this.#connectors.isUnsettled(origin)) return;
    this.#connectors.settle(origin);
    this.#results.settleConnector(origin);
    this.#transactions.setSnapshot(this.#connectors.own.snapshot.lsn);
  }
}
