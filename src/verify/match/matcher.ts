import type { TableName } from '../../schemas/hospital/tables.js';
import type { KeylessEvent, RowEvent } from '../../sources/source.js';
import { countRows, type Expected, listsOf } from '../ledger/expected.js';
import { LedgerFeed } from '../ledger/feed.js';
import type { Publishing } from '../ledger/publishing.js';
import { DerivedRows } from '../rows/derived-rows.js';
import { type LeftRows, TICK } from '../rows/expected-rows.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { ServerEffects } from '../rows/server-effects.js';
import { SnapshotRows } from '../rows/snapshot-rows.js';
import type { KeyState } from '../rows/tracker.js';
import { Accounting } from '../verdict/accounting.js';
import { noEvents, noTransactions } from '../verdict/counts.js';
import { exampleOf, exampleOfEvent, exampleOfTransaction } from '../verdict/examples.js';
import { type Detail, Findings, type Violation } from '../verdict/findings.js';
import { BoundedSet } from './bounded-set.js';
import { Origins } from './origins.js';
import { TransactionProgress } from './progress.js';
import { ReplayWindow } from './replay-window.js';
import { placeOf, StreamState } from './stream-state.js';
import { UnidentifiedTransactions } from './unidentified.js';

/** Transactions of the ledger that may wait for their events at a time; of more, the oldest are given up. */
const MOST_PENDING = 100_000;
/** Transactions that are remembered to be rolled back, given up, or complete. */
const REMEMBERED = 1 << 16;
/** Of the first ones that come it is remembered that they came, in case a snapshot is behind them. */
const EARLY = 1 << 16;

/** Events of other writers that are remembered: the ledger may turn out to know better. */
const STRANGERS = 1 << 14;

/** What else is told of what arrives. */
export interface MatcherListener {
  /**
   * A change that came for the first time, or that is not the run's. Returns in what it contradicts those
   * before it of the same row; null: in nothing.
   */
  readonly onChange: (event: RowEvent, contents: RowFingerprint, own: boolean) => Detail | null;
  /** A change of a transaction of the run that the ledger does not have: what it contradicts, or repeats. */
  readonly onUnsent: (event: RowEvent, contents: RowFingerprint) => Contradiction | null;
  /** Of several connectors, this one is the run's; from now on nothing is told of others. */
  readonly onSettled: (origin: string) => void;
}

/** How an event fits those before it of the same row. `repeats`: an update to what the row held already. */
export type Contradiction = Detail | 'repeats';

export interface MatcherOptions {
  /** Folder of the ledger. */
  readonly ledger: string;
  readonly streams: number;
  /** As of `Source`. */
  readonly topics?: readonly string[];
  /** Events of all streams that are remembered, so that replays are recognized. */
  readonly tapeEvents: number;
  /** Bytes for the rows of a snapshot. */
  readonly snapshotBytes: number;
  /** An LSN: what was committed before is not expected. */
  readonly from: number;
  /** What precedes the source is left out of the verdict. */
  readonly partial: boolean;
  readonly judging: Judging;
  readonly listener: MatcherListener;
}

/** What the database had to do with what came, as far as a ledger tells: more once its run is over. */
export interface Judging {
  readonly effects: ServerEffects;
  readonly publishing: Publishing;
}

/** How a stream ended. */
export interface Ending {
  readonly judging: Judging;
  /** The source is known to have given out all that was committed: nothing is on its way. */
  readonly whole: boolean;
  /** Somebody asked to end before that. */
  readonly interrupted: boolean;
  /** Events came of tables of the run's names in other schemas, and the ledger does not say which is the run's. */
  readonly schemaUnknown: boolean;
}

/**
 * Holds events against the ledger, in the order in which they come: each transaction's rows are ticked off,
 * what comes again must be a replay, what is left in the end is excused, missing or doubted.
 */
export class Matcher {
  readonly findings = new Findings();
  readonly accounting = new Accounting();
  readonly transactions = noTransactions();
  readonly events = noEvents();
  /** Rows that the server may have written by itself, within transactions of the run. */
  readonly derived = new DerivedRows();
  readonly feed: LedgerFeed;
  readonly #options: MatcherOptions;
  readonly #streams: readonly StreamState[];
  /** By xid, those that events may yet come of, in the order of the ledger. */
  readonly #pending = new Map<number, TransactionProgress>();
  /** Of these, those that were committed before the stream began, or about then. */
  readonly #before = new Map<number, TransactionProgress>();
  readonly #nameless = new UnidentifiedTransactions();
  /** For each nameless one, an LSN that its worker had passed before. */
  readonly #floors = new Map<Expected, number>();
  /** By worker, the LSN of the last transaction that was read. */
  readonly #latest = new Map<number, number>();
  readonly #aborted = new BoundedSet(REMEMBERED);
  readonly #complete = new BoundedSet(REMEMBERED);
  readonly #givenUp = new BoundedSet(REMEMBERED);
  /** What came of the connector that is taken for the run's, and of each other one until the run's is known. */
  #side: Side;
  readonly #sides = new Map<string, Side>();
  /** Events that were taken for other writers', by xid: their LSNs say that the ledger is not read that far. */
  readonly #strangers = new Map<number, RowEvent[]>();
  #strangersLeft = STRANGERS;
  /** Transactions from before the snapshot that came all the same. */
  readonly #cameEarly = new Set<number>();
  readonly #origins = new Origins();
  /** What is wrong with events of connectors before one was known to be the run's. */
  #parked: { readonly origin: string; readonly note: () => void }[] = [];
  /** Connectors that events came of before one was known to be the run's. */
  readonly #unsettled = new Set<string>();
  /** The first transaction of the run that came: those that were committed after it have to come, too. */
  #firstOwn: Expected | null = null;
  /** Tables that changes of the run came of. */
  readonly #cameOf = new Set<TableName>();
  #ledgerProblems = 0;
  /** Whether the source has other tables, whose events are numbered with ours. */
  others = false;
  /** Events of servers that are not the run's. */
  otherServers = 0;
  /** Rows that do not hold what was written, by whether their times are told to the millisecond only. */
  readonly #altered = { exact: new Findings(), coarse: new Findings() };
  /** Columns that no update sets, and that changed. */
  readonly #moved = new Findings();
  /** What is wrong unless the server adds rows by itself. */
  readonly #unlessAdded = new Findings();
  /** What is wrong even if it does; where it does not, `#unlessAdded` has the same events. */
  readonly #evenIfAdded = new Findings();
  #judging: Judging;
  /** No more events will come: what is read of the ledger now did not arrive. */
  #ending: Ending | null = null;

  constructor(options: MatcherOptions) {
    this.#options = options;
    this.#judging = options.judging;
    this.#side = this.#newSide();
    const each = 2 ** Math.floor(Math.log2(Math.max(options.tapeEvents / options.streams, 1024)));
    this.#streams = Array.from(
      { length: options.streams },
      (_, number) =>
        new StreamState(number, options.topics?.[number] ?? String(number), new ReplayWindow(each)),
    );
    this.feed = new LedgerFeed(
      options.ledger,
      (transaction) => this.#expect(transaction),
      () => this.noteLedgerProblem(),
    );
  }

  /** Whether anything that was committed did not come yet. Reads the ledger on until it finds something. */
  hasMore(): boolean {
    while (!this.#awaits && this.feed.readOn());
    return this.#awaits;
  }

  /** Takes an event; false: the ledger does not have its transaction yet, and it has to be shown again. */
  take(event: RowEvent, contents: RowFingerprint): boolean {
    const { origin } = event;
    const belonging = this.#origins.of(origin);
    if (belonging === 'foreign') {
      this.#passOver(event, contents);
      return true;
    }
    if (belonging === 'unknown' && origin !== null) this.#unsettled.add(origin);
    const stream = this.#streamOf(event);
    stream.noteTable(event.table);
    if (event.operation === 'snapshot') {
      this.#takeSnapshot(stream, event, contents);
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

  /** Takes the delete of a row that the event does not tell; false: as of `take`. */
  takeKeyless(event: KeylessEvent): boolean {
    if (this.#origins.of(event.origin) === 'foreign') {
      this.otherServers++;
      return true;
    }
    const stream = this.#streamOf(event);
    stream.noteTable(event.table);
    const { xid } = event;
    const lsn = event.lsn ?? Number.POSITIVE_INFINITY;
    this.feed.readTo(lsn, true);
    const delivery = xid === null ? undefined : this.#lookUp(stream, xid);
    if (xid !== null && delivery === undefined && this.feed.absence(xid, lsn) === 'waiting') {
      return false;
    }
    if (delivery === undefined || !delivery.deliverKeyless(event.table)) this.events.foreign++;
    else if (delivery.complete) this.#finishDelivery(stream, delivery, null);
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

  /** Something of the ledger is missing, or not what was written. */
  noteLedgerProblem(): void {
    this.#ledgerProblems++;
  }

  /** A table was emptied, which no run does. */
  truncate(table: TableName, stream: number, place: number): void {
    this.findings.add(exampleOf('phantom', 'truncated', { table, place, stream }));
  }

  /** No more events will come: decides about what did not. The run must be over, unless interrupted. */
  finish(ending: Ending): void {
    for (const stream of this.#streams) this.#release(stream);
    for (const { note } of this.#parked) note();
    this.#parked = [];
    this.#ending = ending;
    this.#judging = ending.judging;
    for (const delivery of [...this.#before.values(), ...this.#pending.values()]) {
      this.#close(delivery);
    }
    for (const expected of this.#nameless) this.#close(new TransactionProgress(expected));
    this.#before.clear();
    this.#pending.clear();
    while (this.feed.readOn());
    for (const event of [...this.#strangers.values()].flat()) {
      const { operation, table, key } = event;
      if (operation !== 'insert' || !this.feed.isLeased(table, key)) continue;
      this.#note('phantom', 'never_sent', event);
    }
    if (this.transactions.before_snapshot > 0) this.#hearSnapshot();
    this.#judgeServer();
    const { accounting } = this;
    if (this.#ledgerProblems > 0) accounting.suspect('ledger_damaged', this.#ledgerProblems);
    if (this.events.unjudged > 0) accounting.suspect('too_far_back', this.events.unjudged);
    if (ending.interrupted) accounting.suspect('interrupted', 0);
  }

  /** The table does not hold what the last event of a row said. */
  noteFinalState({ table, key, xid, present }: KeyState): void {
    const operation = present ? null : 'delete';
    this.findings.add(exampleOf('inconsistent', 'final_state', { table, operation, key, xid }));
  }

  /** Other connectors that read the run's database, too; null: none did. */
  get copies(): { readonly judged: string; readonly events: number } | null {
    const { own, copies } = this.#origins;
    return own === null || copies === 0 ? null : { judged: own, events: copies };
  }

  get #snapshot(): SnapshotRows {
    return this.#side.snapshot;
  }

  #newSide(): Side {
    const { snapshotBytes, streams } = this.#options;
    return { snapshot: new SnapshotRows(snapshotBytes, streams), firstChange: null };
  }

  /** What came of a connector. The first one is taken for the run's; so is what does not tell its name. */
  #sideOf(origin: string | null): Side {
    if (origin === null) return this.#side;
    let side = this.#sides.get(origin);
    if (side === undefined) {
      side = this.#sides.size === 0 ? this.#side : this.#newSide();
      this.#sides.set(origin, side);
    }
    return side;
  }

  get #awaits(): boolean {
    for (const { expected } of this.#pending.values()) {
      if (expected.fate === 'committed') return true;
    }
    return [...this.#nameless].some(({ fate }) => fate === 'committed');
  }

  #streamOf({ partition }: Pick<RowEvent, 'partition'>): StreamState {
    const state = this.#streams[partition];
    if (state === undefined)
      throw new Error(`an event of partition ${partition}, which there is not`);
    return state;
  }

  /** An event of another server: none of the run's, though it may look like it. */
  #passOver(event: RowEvent, contents: RowFingerprint): void {
    const { xid, table, operation, key } = event;
    this.otherServers++;
    const delivery = xid === null ? undefined : this.#pending.get(xid);
    const tick = delivery?.rows.peek(table, operation, key, contents);
    if (tick === TICK.faithful) this.#origins.rivals++;
    const isCopy =
      tick === TICK.faithful || this.#streamOf(event).replayWindow.find(event, contents.all)?.same;
    if (isCopy === true) this.#origins.copies++;
  }

  /** A transaction of the ledger was read. */
  #expect(expected: Expected): void {
    const { fate, xid, lsn, worker } = expected;
    if (this.#strangers.size > 0 && xid !== null) this.#unmask(expected, xid);
    if (fate === 'aborted') {
      if (xid !== null) this.#aborted.add(xid);
      return;
    }
    if (fate === 'committed') {
      this.transactions.expected++;
      this.accounting.committed += countRows(expected);
    }
    const floor = this.#latest.get(worker) ?? Number.NEGATIVE_INFINITY;
    if (lsn !== null) this.#latest.set(worker, Math.max(floor, lsn));
    else this.#floors.set(expected, floor);
    const delivery = new TransactionProgress(expected);
    if (this.#ending !== null) this.#close(delivery);
    else if (xid === null) this.#nameless.add(expected);
    else {
      const waiting = this.#isBefore(expected) ? this.#before : this.#pending;
      waiting.set(xid, delivery);
      if (waiting.size > MOST_PENDING) this.#giveUp(waiting);
    }
  }

  /**
   * Events that came under the name of a transaction long before it was made are none of its own. Of one that was
   * rolled back that can't be known: a server that crashed gives its name out again, at an earlier place.
   */
  #unmask(expected: Expected, xid: number): void {
    if (expected.fate !== 'aborted') {
      for (const event of this.#strangers.get(xid) ?? []) {
        this.#note('phantom', 'row_not_sent', event, expected);
      }
    }
    this.#strangers.delete(xid);
  }

  /** Whether a transaction need not come, having been committed before the source or the snapshot began. */
  #isBefore(expected: Expected): boolean {
    const { lsn } = expected;
    if (lsn === null || lsn >= Math.max(this.#options.from, this.#snapshot.lsn)) return false;
    return !this.#followsFirst(expected);
  }

  /** Whether it was committed after one that came, so that the stream had begun by then. */
  #followsFirst({ worker, sequence, sentAt }: Expected): boolean {
    const first = this.#firstOwn;
    if (first === null) return false;
    return (worker === first.worker && sequence > first.sequence) || sentAt > first.answeredAt;
  }

  /** The oldest one did not come, and is forgotten but for its id. */
  #giveUp(waiting: Map<number, TransactionProgress>): void {
    // How much of it is before the snapshot is not known yet.
    if (waiting === this.#before && this.#firstOwn === null) return;
    for (const [xid, delivery] of waiting) {
      waiting.delete(xid);
      this.#givenUp.add(xid);
      this.#close(delivery, true);
      return;
    }
  }

  /**
   * The transaction of an event; null: it needs nothing more; waiting: the ledger can't tell it yet; held: the
   * next events of its transaction will tell.
   */
  #find(
    stream: StreamState,
    event: RowEvent,
    contents: RowFingerprint,
  ): TransactionProgress | 'waiting' | 'held' | null {
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

  #lookUp(stream: StreamState, xid: number): TransactionProgress | undefined {
    if (stream.current?.expected.xid === xid) return stream.current;
    return this.#pending.get(xid) ?? this.#before.get(xid);
  }

  /** A nameless transaction that has this row: the event tells its id, and that it was committed. */
  #name(xid: number, event: RowEvent): TransactionProgress | undefined {
    const expected = this.#nameless.claim(event);
    if (expected === undefined) return undefined;
    const delivery = new TransactionProgress({ ...expected, xid });
    this.#pending.set(xid, delivery);
    return delivery;
  }

  /** An event that is of none of the transactions that wait for any. */
  #turnAway(stream: StreamState, event: RowEvent, contents: RowFingerprint): null {
    const { xid, table, operation, key } = event;
    if (this.#isReplay(stream, event, contents)) return null;
    if (xid !== null && this.#aborted.has(xid)) {
      this.#note('phantom', 'rolled_back', event);
    } else if (xid !== null && this.#givenUp.has(xid)) {
      this.#note('reordered', 'given_up', event);
    } else if (isForgotten(stream, event)) {
      this.events.unjudged++;
    } else if (xid !== null && this.#complete.has(xid)) {
      this.#takeUnsent(stream, null, event, contents);
    } else if (operation === 'insert' && this.feed.isLeased(table, key)) {
      this.#note('phantom', 'never_sent', event);
    } else {
      this.events.foreign++;
      this.#remember(event);
      stream.interrupted = true;
      this.#pass(stream, event, null);
      this.#options.listener.onChange(event, contents, false);
    }
    return null;
  }

  #remember(event: RowEvent): void {
    const { xid } = event;
    if (xid === null || this.#strangersLeft === 0) return;
    this.#strangersLeft--;
    const events = this.#strangers.get(xid);
    if (events === undefined) this.#strangers.set(xid, [event]);
    else events.push(event);
  }

  /** An event of a transaction of the run that the ledger does not have: made up, or the server's own doing. */
  #takeUnsent(
    stream: StreamState,
    delivery: TransactionProgress | null,
    event: RowEvent,
    contents: RowFingerprint,
  ): void {
    // A row of the run itself that comes once more, and is no replay, is none that the server added.
    if (delivery !== null) delivery.derived++;
    const expected = delivery?.expected;
    stream.replayWindow.append(event, contents.all);
    this.#note('phantom', 'row_not_sent', event, expected, this.#unlessAdded);
    const contradiction = this.#options.listener.onUnsent(event, contents);
    if (contradiction === 'exists_already' || contradiction === 'does_not_exist') {
      this.#note('inconsistent', contradiction, event, expected, this.#evenIfAdded);
    } else {
      this.#onceKnown(event.origin, () => this.derived.add(event, contradiction !== 'repeats'));
    }
  }

  /** Whether an event came before; counts it if so. */
  #isReplay(stream: StreamState, event: RowEvent, contents: RowFingerprint): boolean {
    const seen = stream.replayWindow.find(event, contents.all);
    if (seen === null) return false;
    const step = stream.replay(seen);
    if (step === 'rewind') this.events.rewinds++;
    if (step === 'skip') this.#note('duplicated', 'replay_skips', event);
    else if (!seen.same) this.#note('altered', 'replay_differs', event);
    else this.events.replayed++;
    return true;
  }

  #deliver(
    stream: StreamState,
    delivery: TransactionProgress,
    event: RowEvent,
    contents: RowFingerprint,
  ): void {
    const { expected } = delivery;
    const { table, operation } = event;
    const tick = delivery.deliver(event, contents);
    if (tick === TICK.none) {
      if (this.#isReplay(stream, event, contents)) return;
      if (isForgotten(stream, event)) this.events.unjudged++;
      else if (operation === 'delete' && !this.#judging.effects.tellsId(table)) {
        // What stands for the id was made up by the connector.
        if (!delivery.deliverKeyless(table)) this.events.foreign++;
        else if (delivery.complete) this.#finishDelivery(stream, delivery, null);
      } else this.#takeUnsent(stream, delivery, event, contents);
      return;
    }
    if (tick === TICK.faithful) this.#settle(event.origin);
    if (this.#firstOwn === null && tick !== TICK.altered) this.#begin(expected);
    this.#cameOf.add(table);
    // Nothing new may come before a replay has caught up.
    if (stream.endReplay()) this.#note('duplicated', 'replay_skips', event, expected);
    this.#checkOrder(stream, delivery, event);
    stream.replayWindow.append(event, contents.all);
    if (tick === TICK.altered && expected.fate !== 'committed') {
      this.#note('altered', 'contents', event, expected);
    } else if (tick === TICK.altered) {
      const kept = contents.coarse ? this.#altered.coarse : this.#altered.exact;
      this.#note('altered', 'contents', event, expected, kept);
    } else if (tick === TICK.untold) delivery.doubt('contents_not_told');
    this.events.delivered++;
    this.#noteEarly(expected);
    const detail = this.#options.listener.onChange(event, contents, true);
    if (detail === 'column_changed') {
      const stored = delivery.rows.fixedOf(table, operation, event.key);
      // Otherwise the row is as the server returned it.
      if (stored === null || stored !== contents.fixed) {
        this.#note('inconsistent', detail, event, undefined, this.#moved);
      }
    } else if (detail !== null) this.#note('inconsistent', detail, event);
    if (delivery.complete) this.#finishDelivery(stream, delivery, event);
  }

  /** The first of the run's own has come. */
  #begin(expected: Expected): void {
    this.#firstOwn = expected;
    this.#divide();
  }

  /** What came is not asked of a snapshot, even if it was committed before the snapshot was taken. */
  #noteEarly(expected: Expected): void {
    const { lsn } = this.#snapshot;
    const mayBe =
      lsn > Number.NEGATIVE_INFINITY ? this.#isBefore(expected) : this.#cameEarly.size < EARLY;
    if (mayBe) this.#cameEarly.add(expected.xid ?? Number.NaN);
  }

  /** Of what differs from the ledger, decides what may be the server's own doing. */
  #judgeServer(): void {
    const { effects } = this.#judging;
    const adds = effects.adding.length > 0;
    for (const [precision, findings] of Object.entries(this.#altered)) {
      for (const cause of findings.causes) {
        const { table, events } = cause;
        const hidden = table !== null && effects.hiding(table).length > 0;
        // What the server put there may have more digits than such events have.
        const rounded = precision === 'coarse' && table !== null && effects.rewrites(table);
        if (!(hidden || rounded)) this.findings.merge(cause);
        else {
          this.accounting.delivered -= events;
          this.accounting.doubt('server_changed', events);
        }
      }
    }
    for (const cause of this.#moved.causes) {
      const { table, events } = cause;
      if (adds || (table !== null && effects.hiding(table).length > 0)) {
        this.accounting.suspect('server_changed', events);
      } else this.findings.merge(cause);
    }
    for (const cause of (adds ? this.#evenIfAdded : this.#unlessAdded).causes) {
      this.findings.merge(cause);
    }
    if (!adds) this.derived.forget();
  }

  #checkOrder(stream: StreamState, delivery: TransactionProgress, event: RowEvent): void {
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
        this.#pass(stream, event, expected);
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

  /** A change has come: a snapshot behind it is another one than the stream's first. */
  #pass(stream: StreamState, event: RowEvent, expected: Expected | null): void {
    const side = this.#sideOf(event.origin);
    side.snapshot.noteChange();
    stream.pass(event, expected);
    const place = placeOf(event, expected);
    side.firstChange = Math.min(side.firstChange ?? place, place);
  }

  /** @param event the last one of the transaction; null: it does not tell where it is */
  #finishDelivery(
    stream: StreamState,
    delivery: TransactionProgress,
    event: RowEvent | null,
  ): void {
    const { expected } = delivery;
    if (expected.xid !== null) {
      this.#pending.delete(expected.xid);
      this.#before.delete(expected.xid);
      this.#complete.add(expected.xid);
    }
    for (const { current, number } of this.#streams) {
      if (current === delivery) this.#streams[number]!.current = null;
    }
    this.#account(delivery);
    if (expected.fate === 'committed') this.transactions.delivered++;
    else this.transactions.unknown_delivered++;
    const { unidentified } = delivery;
    if (unidentified > 0) this.accounting.doubt('replica_identity', unidentified);
    const { lastOrder } = delivery.part(stream.number) ?? { lastOrder: 0 };
    const alone = this.#streams.length === 1 && !this.others && unidentified === 0;
    if (event !== null && alone && lastOrder > delivery.delivered + delivery.derived) {
      this.#note('reordered', 'order_gap', event, expected, this.#unlessAdded);
    }
  }

  /** Adds up what came of a transaction. */
  #account(delivery: TransactionProgress): void {
    const { expected, delivered, faithful } = delivery;
    if (expected.fate !== 'committed') {
      this.accounting.suspect('unknown_transactions', delivered);
      return;
    }
    if (delivery.complete && faithful === null) {
      this.accounting.doubt('contents_not_told', delivered);
      return;
    }
    if (delivery.complete && faithful === false) {
      this.findings.add(exampleOfTransaction('altered', 'contents', delivery));
    }
    let doubted = 0;
    for (const [reason, events] of delivery.doubts ?? []) {
      this.accounting.doubt(reason, events);
      doubted += events;
    }
    this.accounting.delivered += delivered - doubted;
  }

  #takeSnapshot(stream: StreamState, event: RowEvent, contents: RowFingerprint): void {
    this.events.snapshot++;
    this.#options.listener.onChange(event, contents, false);
    const side = this.#sideOf(event.origin);
    const { lsn } = this.#snapshot;
    // One that does not tell where it was taken can only be held against its own stream.
    const first = event.lsn === null ? stream.first : side.firstChange;
    if (side.snapshot.take(event, contents, first) && this.#snapshot.lsn !== lsn) this.#divide();
  }

  /** The snapshot is another one: of what waits, other transactions are from before it. */
  #divide(): void {
    for (const [xid, delivery] of this.#pending) {
      if (!this.#isBefore(delivery.expected) || delivery.delivered > 0) continue;
      this.#pending.delete(xid);
      this.#before.set(xid, delivery);
    }
    for (const [xid, delivery] of this.#before) {
      if (this.#isBefore(delivery.expected)) continue;
      this.#before.delete(xid);
      this.#pending.set(xid, delivery);
    }
  }

  /** Decides about a transaction of which not all came. `later`: others that wait came after it. */
  #close(delivery: TransactionProgress, later = false): void {
    const { expected } = delivery;
    if (expected.fate === 'open') {
      this.transactions.unknown_absent++;
      this.accounting.suspect('unknown_transactions', countRows(expected));
      // Whatever became of it, it did so as a whole.
      if (delivery.delivered === 0) return;
      for (const rest of delivery.rows.rest) {
        this.#noteMissing(delivery, rest, 'row_missing', rest.count);
      }
      return;
    }
    if (delivery.delivered === 0 && this.#isBefore(expected)) {
      if ((expected.lsn ?? 0) < this.#options.from) this.#precedes(delivery);
      else this.transactions.before_snapshot++;
      return;
    }
    if (delivery.delivered > 0) this.#account(delivery);
    if (this.#mayPrecede(expected)) {
      this.transactions.not_arrived++;
      this.accounting.doubt('unplaced', delivery.rows.left);
      return;
    }
    const proved = later || this.#isOverdue(delivery);
    let missing = false;
    for (const rest of delivery.rows.rest) {
      missing = this.#leave(delivery, rest, proved) || missing;
    }
    if (missing) this.transactions.missing++;
    else this.transactions.not_arrived++;
  }

  /** It was committed before the source began. */
  #precedes({ rows }: TransactionProgress): void {
    this.transactions.before_source++;
    if (this.#options.partial) this.accounting.waived += rows.left;
    else this.accounting.doubt('before_source', rows.left);
  }

  /** Whether one that nobody knows the place of may have been committed before the source or snapshot began. */
  #mayPrecede(expected: Expected): boolean {
    if (expected.lsn !== null || this.#followsFirst(expected)) return false;
    const floor = this.#floors.get(expected) ?? Number.POSITIVE_INFINITY;
    return floor < Math.max(this.#options.from, this.#snapshot.lsn);
  }

  /** Decides about rows that did not come. Whether they are missing. */
  #leave(delivery: TransactionProgress, rest: LeftRows, proved: boolean): boolean {
    const { table, operation } = rest;
    const { accounting } = this;
    const { effects, publishing } = this.#judging;
    const unidentified = operation === 'delete' ? delivery.keylessOf(table) : 0;
    accounting.doubt('replica_identity', unidentified);
    const count = rest.count - unidentified;
    if (count === 0) return false;
    const published = publishing.of(table, operation);
    if (published === 'later' && !this.#cameOf.has(table)) {
      accounting.excused += count;
      return false;
    }
    if (published === 'changed' || effects.repartitioned(table)) {
      accounting.doubt('database_changed', count);
      return false;
    }
    const { whole, interrupted, schemaUnknown } = this.#ending ?? NOT_ENDED;
    if (this.#origins.rivals > 0) accounting.doubt('several_servers', count);
    else if (schemaUnknown) accounting.doubt('schema_unknown', count);
    else if (proved || whole) {
      accounting.missing += count;
      const detail = proved ? 'transaction_missing' : 'transaction_absent';
      this.#noteMissing(delivery, rest, delivery.delivered > 0 ? 'row_missing' : detail, count);
      return true;
    } else accounting.doubt(interrupted ? 'interrupted' : 'ended_early', count);
    return false;
  }

  #noteMissing(
    { expected }: TransactionProgress,
    { table, operation, forEach }: LeftRows,
    detail: Detail,
    count: number,
  ): void {
    let first: RowEvent['key'] | null = null;
    forEach((key) => {
      first ??= key;
    });
    this.findings.add(
      exampleOf('missing', detail, { table, operation, key: first }, expected),
      count,
    );
  }

  /** Whether what did not come should have, before what came since. */
  #isOverdue(delivery: TransactionProgress): boolean {
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

  /** Holds what was committed before the snapshot against its rows: the ledger is read once more, twice. */
  #hearSnapshot(): void {
    const { accounting } = this;
    const interrupted = this.#ending?.interrupted === true;
    if (!interrupted) {
      this.#rereadBefore((expected) => {
        for (const { table, operation, keys, prints, dropped } of listsOf(expected)) {
          for (const [place, key] of keys.entries()) {
            if (dropped?.has(place) === true) continue;
            const version = { prints, place, sequence: expected.sequence };
            this.#snapshot.compare(table, operation, key, version);
          }
        }
      });
    }
    this.#rereadBefore((expected) => {
      if (interrupted) accounting.doubt('interrupted', countRows(expected));
      else if (expected.prints === null) accounting.doubt('old_ledger', countRows(expected));
      else this.#hearRows(expected);
    });
  }

  #hearRows(expected: Expected): void {
    const { accounting } = this;
    let missing = false;
    for (const { table, operation, keys, dropped } of listsOf(expected)) {
      for (const [place, key] of keys.entries()) {
        if (dropped?.has(place) === true) continue;
        const witness = this.#snapshot.witness(table, key, expected.sequence);
        if (witness === 'excused') accounting.excused++;
        else if (witness === 'forgotten') accounting.doubt('too_far_back', 1);
        else if (witness === 'differs') accounting.doubt('snapshot_differs', 1);
        else if (witness === 'silent' || this.#origins.rivals > 0) {
          accounting.doubt('no_witness', 1);
        } else {
          missing = true;
          accounting.missing++;
          const row = { table, operation, key };
          this.findings.add(exampleOf('missing', 'not_in_snapshot', row, expected));
        }
      }
    }
    if (missing) this.transactions.missing++;
  }

  /** Calls `each` with the transactions that the snapshot has to stand for, in the order of the ledger. */
  #rereadBefore(each: (expected: Expected) => void): void {
    const feed = new LedgerFeed(
      this.#options.ledger,
      (expected) => {
        const { fate, xid, lsn } = expected;
        if (fate !== 'committed' || lsn === null || lsn < this.#options.from) return;
        if (lsn >= this.#snapshot.lsn || this.#followsFirst(expected)) return;
        if (xid !== null && this.#cameEarly.has(xid)) return;
        each(expected);
      },
      () => undefined,
    );
    try {
      if (this.#ending?.interrupted !== true) feed.end();
      while (feed.readOn());
    } finally {
      feed.close();
    }
  }

  /** A connector gave out a change just as the ledger has it: it is the run's. */
  #settle(origin: string | null): void {
    if (origin === null || this.#origins.of(origin) !== 'unknown') return;
    this.#origins.settle(origin);
    for (const { note, origin: of } of this.#parked) if (of === origin) note();
    this.#parked = [];
    this.#options.listener.onSettled(origin);
    if ([...this.#unsettled].every((name) => name === origin)) return;
    this.#side = this.#sideOf(origin);
    this.#sides.clear();
    this.#divide();
  }

  #note(
    violation: Violation,
    detail: Detail,
    event: RowEvent,
    expected?: Expected,
    into = this.findings,
  ): void {
    const example = exampleOfEvent(violation, detail, event, expected);
    this.#onceKnown(event.origin, () => into.add(example));
  }

  /** What is said of a connector counts once it is known to be the run's. */
  #onceKnown(origin: string | null, note: () => void): void {
    if (origin !== null && this.#origins.of(origin) === 'unknown') {
      this.#parked.push({ origin, note });
    } else note();
  }
}

/** What came of one connector. */
interface Side {
  readonly snapshot: SnapshotRows;
  /** Where in the WAL its first change is: snapshots taken later are not the stream's first. Null: none came. */
  firstChange: number | null;
}

const NOT_ENDED = { whole: false, interrupted: false, schemaUnknown: false };

/** Whether an event may have been delivered, and not be remembered. */
function isForgotten({ replayWindow }: StreamState, { lsn }: RowEvent): boolean {
  return (lsn ?? 0) <= replayWindow.forgotten;
}
