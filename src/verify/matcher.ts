import type { TableName } from '../hospital/tables.js';
import type { KeylessEvent, RowEvent } from '../intake/event.js';
import type { Contents } from './contents.js';
import { noEvents, noTransactions } from './counts.js';
import { Delivery } from './delivery.js';
import { exampleOf, exampleOfEvent, exampleOfTransaction } from './examples.js';
import { countRows, type Expected } from './expected.js';
import { type Detail, Findings, type Violation } from './findings.js';
import type { KeyState } from './key-states.js';
import { LedgerFeed } from './ledger-feed.js';
import { Nameless } from './nameless.js';
import { Recent } from './recent.js';
import { SnapshotCheck } from './snapshot-check.js';
import { StreamState } from './stream-state.js';
import { Tape } from './tape.js';

/** Transactions of the ledger that may wait for their events at a time; of more, the oldest are given up. */
const MOST_PENDING = 100_000;
/** Transactions that are remembered to be rolled back, given up, or complete. */
const REMEMBERED = 1 << 16;

/** What else is told of what arrives. */
export interface MatcherListener {
  /** A change that came for the first time, or that is not the run's. */
  readonly onChange: (event: RowEvent, contents: Contents, own: boolean) => void;
  /** Whether any event told of a row; null: it is not followed. */
  readonly isKnown: (table: TableName, key: number) => boolean | null;
}

/**
 * Holds events against the ledger, in the order in which they come: each transaction's rows are ticked off,
 * what comes again must be a replay, what is left in the end did not come.
 */
export class Matcher {
  readonly findings = new Findings();
  readonly transactions = noTransactions();
  readonly events = noEvents();
  /** Lines of the ledger that are not what was written. */
  ledgerProblems = 0;
  readonly feed: LedgerFeed;
  readonly #streams: readonly StreamState[];
  readonly #listener: MatcherListener;
  /** By xid, those that events may yet come of, in the order of the ledger. */
  readonly #pending = new Map<number, Delivery>();
  /** Of these, those that were committed before the stream began, or about then. */
  readonly #before = new Map<number, Delivery>();
  readonly #nameless = new Nameless();
  readonly #aborted = new Recent(REMEMBERED);
  readonly #complete = new Recent(REMEMBERED);
  readonly #givenUp = new Recent(REMEMBERED);
  /** What was committed before this LSN need not come. */
  #from: number;
  #snapshotLsn = Number.NEGATIVE_INFINITY;
  readonly #snapshot: SnapshotCheck;
  /** Whether the source has other tables, whose events are numbered with ours. */
  others = false;
  /** No more events will come: what is read of the ledger now did not arrive. */
  #closing: { readonly whole: boolean } | null = null;

  /**
   * @param tapeEvents events of all streams that are remembered, so that replays are recognized
   * @param from an LSN: what was committed before is not expected
   */
  constructor(options: {
    readonly ledger: string;
    readonly streams: number;
    /** As of `Source`. */
    readonly topics?: readonly string[];
    readonly tapeEvents: number;
    readonly from: number;
    readonly listener: MatcherListener;
  }) {
    this.#from = options.from;
    this.#listener = options.listener;
    this.#snapshot = new SnapshotCheck(options.listener.isKnown);
    const each = 2 ** Math.floor(Math.log2(Math.max(options.tapeEvents / options.streams, 1024)));
    this.#streams = Array.from(
      { length: options.streams },
      (_, number) =>
        new StreamState(number, options.topics?.[number] ?? String(number), new Tape(each)),
    );
    this.feed = new LedgerFeed(
      options.ledger,
      (transaction) => this.#expect(transaction),
      () => {
        this.ledgerProblems++;
      },
    );
  }

  /** Whether anything that was committed did not come yet. Reads the ledger on until it finds something. */
  hasMore(): boolean {
    while (!this.#awaits && this.feed.readOn());
    return this.#awaits;
  }

  /** An event contradicts what came before of its row. */
  noteInconsistent(detail: Detail, event: RowEvent): void {
    this.#note('inconsistent', detail, event);
  }

  /** Takes an event; false: the ledger does not have its transaction yet, and it has to be shown again. */
  take(event: RowEvent, contents: Contents): boolean {
    const stream = this.#streamOf(event);
    stream.noteTable(event.table);
    if (event.operation === 'snapshot') {
      this.#takeSnapshot(event, contents);
      return true;
    }
    if (stream.held.length > 0 && stream.held[0]?.event.xid !== event.xid) this.#release(stream);
    const found = this.#find(stream, event, contents);
    if (found === 'waiting') return false;
    if (found === 'held') stream.held.push({ event, contents });
    else if (found !== null) {
      this.#release(stream);
      this.#deliver(stream, found, event, contents);
    }
    return true;
  }

  /** Takes a delete that does not tell its row; answers as `take` does. */
  takeKeyless(_event: KeylessEvent): boolean {
    this.events.foreign++;
    return true;
  }

  /** What was held is of a transaction that has its name now, or another writer's. */
  #release(stream: StreamState): void {
    if (stream.held.length === 0) return;
    const held = stream.held;
    stream.held = [];
    for (const { event, contents } of held) {
      const delivery = this.#lookUp(stream, event.xid ?? Number.NaN);
      if (delivery === undefined) this.#turnAway(stream, event, contents);
      else this.#deliver(stream, delivery, event, contents);
    }
  }

  /** A table was emptied, which no run does. */
  truncate(table: TableName, stream: number, place: number): void {
    this.findings.add(exampleOf('phantom', 'truncated', { table, place, stream }));
  }

  /**
   * No more events will come: counts what did not. The run must be over.
   *
   * @param whole the source is known to have given out all that was committed: nothing is on its way
   */
  finish(whole: boolean): void {
    for (const stream of this.#streams) this.#release(stream);
    this.#closing = { whole };
    for (const delivery of this.#before.values()) this.#close(delivery);
    for (const delivery of this.#pending.values()) this.#close(delivery);
    for (const expected of this.#nameless) this.#close(new Delivery(expected));
    this.#before.clear();
    this.#pending.clear();
    while (this.feed.readOn());
    for (const { table, key, expected } of this.#snapshot.missing) {
      const row = { table, key, operation: 'insert' } as const;
      this.findings.add(exampleOf('missing', 'not_in_snapshot', row, expected));
    }
  }

  get #awaits(): boolean {
    for (const { expected } of this.#pending.values()) {
      if (expected.fate === 'committed') return true;
    }
    return [...this.#nameless].some(({ fate }) => fate === 'committed');
  }

  /** The table does not hold what the last event of a row said. */
  noteFinalState({ table, key, xid, present }: KeyState): void {
    const operation = present ? null : 'delete';
    this.findings.add(exampleOf('inconsistent', 'final_state', { table, operation, key, xid }));
  }

  #streamOf({ stream }: RowEvent): StreamState {
    const state = this.#streams[stream];
    if (state === undefined) throw new Error(`an event of stream ${stream}, which there is not`);
    return state;
  }

  /** A transaction of the ledger was read. */
  #expect(expected: Expected): void {
    const { fate, xid, lsn } = expected;
    if (fate === 'aborted') {
      if (xid !== null) this.#aborted.add(xid);
      return;
    }
    if (fate === 'committed') {
      this.transactions.expected++;
      this.events.expected += countRows(expected);
    }
    const delivery = new Delivery(expected);
    if (this.#closing !== null) this.#close(delivery);
    else if (xid === null) this.#nameless.add(expected);
    else {
      const waiting = lsn !== null && lsn < this.#from ? this.#before : this.#pending;
      waiting.set(xid, delivery);
      if (waiting.size > MOST_PENDING) this.#giveUp(waiting);
    }
  }

  /** The oldest one did not come, and is forgotten but for its id. */
  #giveUp(waiting: Map<number, Delivery>): void {
    for (const [xid, delivery] of waiting) {
      waiting.delete(xid);
      this.#givenUp.add(xid);
      if (waiting === this.#before) this.transactions.before_start++;
      else this.#miss(delivery);
      return;
    }
  }

  /**
   * The transaction of an event; null: it was dealt with; waiting: the ledger can't tell it yet; held: the next
   * events of its transaction will tell.
   */
  #find(
    stream: StreamState,
    event: RowEvent,
    contents: Contents,
  ): Delivery | 'waiting' | 'held' | null {
    const { xid } = event;
    if (xid === null) return this.#turnAway(stream, event, contents);
    const known = this.#lookUp(stream, xid);
    if (known !== undefined) return known;
    if (stream.stranger === xid) return this.#turnAway(stream, event, contents);
    const lsn = event.lsn ?? Number.POSITIVE_INFINITY;
    this.feed.readTo(lsn);
    const read = this.#lookUp(stream, xid);
    if (read !== undefined) return read;
    if (this.#isReplay(stream, event, contents)) return null;
    this.feed.readTo(lsn, true);
    const found = this.#lookUp(stream, xid) ?? this.#name(xid, event);
    if (found !== undefined) return found;
    if (this.feed.absence(xid, lsn) === 'waiting') return 'waiting';
    if (this.#nameless.mayHave(event)) return 'held';
    stream.stranger = xid;
    return this.#turnAway(stream, event, contents);
  }

  #lookUp(stream: StreamState, xid: number): Delivery | undefined {
    if (stream.current?.expected.xid === xid) return stream.current;
    return this.#pending.get(xid) ?? this.#before.get(xid);
  }

  /** A nameless transaction that has this row: the event tells its id, and that it was committed. */
  #name(xid: number, event: RowEvent): Delivery | undefined {
    const expected = this.#nameless.claim(event);
    if (expected === undefined) return undefined;
    const delivery = new Delivery({ ...expected, xid });
    this.#pending.set(xid, delivery);
    return delivery;
  }

  /** An event that is of none of the transactions that wait for any. */
  #turnAway(stream: StreamState, event: RowEvent, contents: Contents): null {
    const { xid, table, operation, key } = event;
    if (this.#isReplay(stream, event, contents)) return null;
    if (xid !== null && this.#aborted.has(xid)) {
      this.#note('phantom', 'rolled_back', event);
    } else if (xid !== null && this.#givenUp.has(xid)) {
      this.#note('reordered', 'given_up', event);
    } else if (isForgotten(stream, event)) {
      this.events.unjudged++;
    } else if (xid !== null && this.#complete.has(xid)) {
      this.#note('phantom', 'row_not_sent', event);
    } else if (operation === 'insert' && this.feed.isLeased(table, key)) {
      this.#note('phantom', 'never_sent', event);
    } else {
      this.events.foreign++;
      stream.interrupted = true;
      this.#listener.onChange(event, contents, false);
    }
    return null;
  }

  /** Deals with an event that came before. */
  #isReplay(stream: StreamState, event: RowEvent, contents: Contents): boolean {
    const seen = stream.tape.find(event, contents.row);
    if (seen === null) return false;
    const step = stream.replay(seen);
    if (step === 'rewind') this.events.rewinds++;
    if (step === 'skip') this.#note('duplicated', 'replay_skips', event);
    else if (!seen.same) this.#note('altered', 'replay_differs', event);
    else this.events.replayed++;
    return true;
  }

  #deliver(stream: StreamState, delivery: Delivery, event: RowEvent, contents: Contents): void {
    const { expected } = delivery;
    if (!delivery.deliver(event)) {
      if (this.#isReplay(stream, event, contents)) return;
      if (isForgotten(stream, event)) this.events.unjudged++;
      else this.#note('phantom', 'row_not_sent', event, expected);
      return;
    }
    // Nothing new may come before a replay has caught up.
    if (stream.endReplay()) this.#note('duplicated', 'replay_skips', event, expected);
    this.#checkOrder(stream, delivery, event);
    stream.tape.append(event, contents.row);
    delivery.fold(contents.written);
    this.events.delivered++;
    this.#listener.onChange(event, contents, true);
    if (delivery.complete) this.#finishDelivery(stream, delivery, event);
  }

  #checkOrder(stream: StreamState, delivery: Delivery, event: RowEvent): void {
    const { expected } = delivery;
    let part = delivery.part(stream.number);
    if (stream.current !== delivery || part === undefined) {
      const left = stream.current?.part(stream.number);
      if (left !== undefined) left.left = true;
      stream.current = delivery;
      if (part === undefined) {
        part = delivery.begin(stream.number);
        if (stream.isPast(expected) || stream.isBehind(event)) {
          this.#note('reordered', 'transaction_late', event, expected);
        }
        stream.pass(event, expected);
      } else if (part.left) {
        part.left = false;
        this.#note('reordered', 'transaction_torn', event, expected);
      }
    } else if (stream.interrupted) {
      this.#note('reordered', 'transaction_torn', event, expected);
    }
    stream.interrupted = false;
    const { lsn, order } = event;
    if (lsn !== null && lsn < part.lastLsn) this.#note('reordered', 'lsn_falls', event, expected);
    else if (order !== null && order <= part.lastOrder) {
      this.#note('reordered', 'order_falls', event, expected);
    } else if (stream.isOutside(event, expected)) {
      this.#note('reordered', 'lsn_outside', event, expected);
    }
    part.lastLsn = Math.max(part.lastLsn, lsn ?? 0);
    part.lastOrder = Math.max(part.lastOrder, order ?? 0);
    stream.passWhole(expected);
  }

  #finishDelivery(stream: StreamState, delivery: Delivery, event: RowEvent): void {
    const { expected } = delivery;
    if (expected.xid !== null) {
      this.#pending.delete(expected.xid);
      this.#before.delete(expected.xid);
      this.#complete.add(expected.xid);
    }
    for (const { current, number } of this.#streams) {
      if (current === delivery) this.#streams[number]!.current = null;
    }
    if (expected.fate === 'committed') this.transactions.delivered++;
    else this.transactions.unknown_delivered++;
    const { lastOrder } = delivery.part(stream.number) ?? { lastOrder: 0 };
    if (this.#streams.length === 1 && !this.others && lastOrder > delivery.delivered) {
      this.#note('reordered', 'order_gap', event, expected);
    }
    const faithful = delivery.faithful;
    if (faithful === null) this.transactions.unchecked++;
    if (faithful === false) {
      this.findings.add(exampleOfTransaction('altered', 'contents', delivery));
    }
  }

  /** A row of a snapshot excuses what was committed before the snapshot was taken. */
  #takeSnapshot(event: RowEvent, contents: Contents): void {
    this.events.snapshot++;
    this.#snapshot.covers(event.table);
    this.#listener.onChange(event, contents, false);
    const { lsn } = event;
    if (lsn === null || lsn <= this.#snapshotLsn) return;
    this.#snapshotLsn = lsn;
    this.#from = Math.max(this.#from, lsn);
    for (const [xid, delivery] of this.#pending) {
      if ((delivery.expected.lsn ?? this.#from) >= this.#from || delivery.delivered > 0) continue;
      this.#pending.delete(xid);
      this.#before.set(xid, delivery);
    }
  }

  /** What has not come is judged. */
  #close(delivery: Delivery): void {
    const { expected } = delivery;
    if (expected.fate === 'open') {
      // Whatever became of it, it did so as a whole.
      if (delivery.delivered > 0) this.#noteMissing(delivery);
      this.transactions.unknown_absent++;
      return;
    }
    const before = expected.lsn !== null && expected.lsn < this.#from;
    if (before && delivery.delivered === 0) {
      this.transactions.before_start++;
      if ((expected.lsn ?? 0) < this.#snapshotLsn) this.#snapshot.excuse(expected);
    } else if (this.#closing?.whole === true || this.#isOverdue(delivery)) this.#miss(delivery);
    else {
      this.transactions.not_arrived++;
      this.events.not_arrived += delivery.missing.left;
    }
  }

  /** Whether what did not come should have, before what came since. */
  #isOverdue(delivery: Delivery): boolean {
    const { expected } = delivery;
    const tables = Object.keys(expected.rows) as TableName[];
    const topics = new Set(
      this.#streams
        .filter((stream) => tables.some((table) => stream.has(table)))
        .map(({ topic }) => topic),
    );
    const own =
      this.#streams.length === 1
        ? this.#streams
        : this.#streams.filter(({ topic }) => topics.has(topic));
    return (
      own.length > 0 &&
      own.every(
        (stream) =>
          stream.isPast(expected) || (delivery.delivered > 0 && stream.current !== delivery),
      )
    );
  }

  #miss(delivery: Delivery): void {
    this.transactions.missing++;
    this.#noteMissing(delivery);
  }

  #noteMissing(delivery: Delivery): void {
    const detail = delivery.delivered === 0 ? 'transaction_missing' : 'row_missing';
    this.findings.add(exampleOfTransaction('missing', detail, delivery), delivery.missing.left);
  }

  #note(violation: Violation, detail: Detail, event: RowEvent, expected?: Expected): void {
    this.findings.add(exampleOfEvent(violation, detail, event, expected));
  }
}

/** Whether an event may have been delivered, and not be remembered. */
function isForgotten({ tape }: StreamState, { lsn }: RowEvent): boolean {
  return (lsn ?? 0) <= tape.forgotten;
}
