import { HAZARDS_SINCE, type LedgerHeader } from '../ledger/format.js';
import type { Tables } from '../schema/tables.js';
import type {
  KeylessEvent,
  Malformed,
  MessageEvent,
  RowEvent,
  TruncateEvent,
} from '../sources/source.js';
import { StreamHazards } from './hazards/stream-hazards.js';
import { type EventJudge, Inbox } from './inbox.js';
import { countChanges, type Expected } from './ledger/expected.js';
import { LedgerFeed } from './ledger/feed.js';
import { Publishing } from './ledger/publishing.js';
import { listen } from './listen.js';
import { Closing, type Ending } from './match/closing.js';
import { Connectors } from './match/connectors.js';
import { ForeignEvents } from './match/foreign.js';
import { MATCH, type Match, Matcher } from './match/matcher.js';
import type { Partition } from './match/partition.js';
import { WINDOW_BYTES_PER_EVENT } from './match/partition.js';
import type { TransactionProgress } from './match/progress.js';
import { ExpectedTransactions } from './match/transactions.js';
import type { DerivedRows } from './rows/derived-rows.js';
import type { RowFingerprint } from './rows/fingerprint.js';
import { type RunDatabase, ServerEffects, settleServerFindings } from './rows/server-effects.js';
import { checkSnapshot } from './rows/snapshot-check.js';
import type { RowTracker } from './rows/tracker.js';
import { RowChecks } from './rows/tracker.js';
import { MalformedInput, type VerificationTask } from './task.js';
import { Results } from './verdict/accounting.js';
import type { TableEvent } from './verdict/findings.js';
import { Latency } from './verdict/latency.js';

/** Shares of the memory: replay windows, followed rows, and rows of a snapshot. */
const WINDOW_SHARE = 0.4;
const ROWS_SHARE = 0.4;
const SNAPSHOT_SHARE = 0.2;

/** A stream that was compared with a ledger. */
export interface Verification {
  readonly tables: Tables;
  readonly results: Results;
  readonly inbox: Inbox;
  readonly derived: DerivedRows;
  readonly tracker: RowTracker;
  readonly latency: Latency;
  readonly database: RunDatabase;
  /** Null: the run has none. */
  readonly hazards: StreamHazards | null;
  readonly partial: boolean;
  /** Of the ledger's first file; null: there is none. */
  readonly header: LedgerHeader | null;
}

/**
 * Compares a source's events with the ledger, until all changes of the run have arrived, or no more arrive. Rejects
 * with the source's failure, or with `MalformedInput`.
 */
export async function verify(task: VerificationTask): Promise<Verification> {
  let refused: Malformed | null = null;
  const verifier = new Verifier(task);
  const inbox = new Inbox(task.tables, verifier, task.version, (problem) => {
    task.onMalformed(problem);
    if (task.skipMalformed || refused !== null) return;
    refused = problem;
    task.source.stop();
  });
  try {
    const whole = await listen(task, inbox, verifier, () => refused !== null);
    if (refused !== null) throw new MalformedInput(refused);
    const elsewhere =
      (inbox.ignoredCounts.other_schema ?? 0) > 0 && verifier.results.events.delivered === 0;
    verifier.finish({
      whole,
      interrupted: task.interrupted.aborted,
      schemaUnknown: elsewhere && task.version === 1 && task.facts() === null,
    });
    return verifier.verification(inbox);
  } finally {
    inbox.close();
    verifier.close();
  }
}

/**
 * Judges one event after the other. `match` finds the event's transaction and checks order and repetition, `rows`
 * checks the contents, and both write to the `verdict`'s results.
 */
export class Verifier implements EventJudge {
  readonly results = new Results();
  readonly #task: VerificationTask;
  readonly #latency: Latency;
  readonly #feed: LedgerFeed;
  readonly #transactions: ExpectedTransactions;
  readonly #connectors: Connectors;
  readonly #foreign: ForeignEvents;
  readonly #matcher: Matcher;
  readonly #checks: RowChecks;
  readonly #closing: Closing;
  /** Null: the run has none. */
  readonly #hazards: StreamHazards | null;
  #database: RunDatabase;
  #ledgerProblems = 0;

  constructor(task: VerificationTask) {
    const { tables, source, memoryBytes, sample, partial } = task;
    const { results } = this;
    this.#task = task;
    this.#database = databaseOf(task);
    this.#latency = new Latency(task.offset, task.since, task.onPoint);
    this.#feed = new LedgerFeed(
      tables,
      task.ledger,
      (expected) => this.#expect(expected),
      () => {
        this.#ledgerProblems++;
      },
    );
    this.#transactions = new ExpectedTransactions(tables, task.from);
    const memory = {
      rowBytes: memoryBytes * ROWS_SHARE,
      snapshotBytes: memoryBytes * SNAPSHOT_SHARE,
      sample,
    };
    this.#connectors = new Connectors(tables, memory, source.partitions);
    this.#foreign = new ForeignEvents(results);
    const parts = { transactions: this.#transactions, results };
    this.#hazards =
      task.version >= HAZARDS_SINCE ? new StreamHazards(results, this.#feed, task.shared) : null;
    this.#matcher = new Matcher({
      ...parts,
      tables,
      partitions: source.partitions,
      topics: source.topics,
      windowEvents: (memoryBytes * WINDOW_SHARE) / WINDOW_BYTES_PER_EVENT,
      effects: this.#database.effects,
      feed: this.#feed,
      connectors: this.#connectors,
      foreign: this.#foreign,
    });
    this.#checks = new RowChecks(tables, results);
    this.#closing = new Closing({
      ...parts,
      tables,
      partitions: this.#matcher.partitions,
      database: this.#database,
      hazards: this.#hazards,
      partial,
    });
  }

  row(event: RowEvent, fingerprint: RowFingerprint): boolean {
    const matcher = this.#matcher;
    if (this.#connectors.isForeign(event.origin)) {
      matcher.noteForeignConnector(event, fingerprint);
      return true;
    }
    const partition = matcher.partitionOf(event);
    if (event.operation === 'snapshot') {
      this.#takeSnapshotRow(partition, event, fingerprint);
      return true;
    }
    if (partition.held.length > 0 && partition.held[0]?.event.xid !== event.xid) {
      this.#release(partition);
    }
    const found = matcher.find(partition, event, fingerprint.stated);
    if (found === 'waiting' || !this.#isReady(found, event)) return false;
    if (found === 'held') partition.held.push({ event, fingerprint });
    else if (found !== 'replayed') {
      if (found !== null) this.#release(partition);
      this.#judge(partition, found, event, fingerprint);
    }
    return true;
  }

  changeWithoutKey(event: KeylessEvent): boolean {
    if (this.#connectors.isForeign(event.origin)) {
      this.results.otherServers++;
      return true;
    }
    const partition = this.#matcher.partitionOf(event);
    const transaction = this.#matcher.findKeyless(partition, event);
    if (transaction === 'waiting') return false;
    this.#countKeyless(partition, transaction, event);
    return true;
  }

  truncate(truncate: TruncateEvent): boolean {
    if (this.#connectors.isForeign(truncate.origin)) {
      this.results.otherServers++;
      return true;
    }
    const event: TableEvent = { ...truncate, operation: 'truncate', key: null };
    const matcher = this.#matcher;
    const partition = matcher.partitionOf(event);
    const found = matcher.find(partition, event, 0);
    if (found === 'waiting' || !this.#isReady(found, event)) return false;
    this.#release(partition);
    if (found === 'replayed') return true;
    const transaction = found === 'held' ? null : found;
    if (!matcher.matchTruncate(partition, transaction, event) || transaction === null) return true;
    this.#latency.record(event);
    this.#hazards?.checkTruncate(transaction.expected, event);
    this.#empty(event);
    if (transaction.complete) this.#closing.complete(partition, transaction, event);
    return true;
  }

  message(event: MessageEvent): boolean {
    if (!this.#connectors.isForeign(event.origin)) this.#hazards?.messages.take(event);
    return true;
  }

  noteOtherTables(): void {
    this.#closing.otherTables = true;
  }

  /** The run is over: nothing is added to the ledger from now on. */
  noteRunEnd(): void {
    this.#feed.end();
  }

  /** Whether a committed change has not arrived. Reads the ledger on until it finds one. */
  hasMore(): boolean {
    while (!this.#awaitsCommitted() && this.#feed.readOn());
    return this.#awaitsCommitted();
  }

  /** No more events will come: accounts for what has not arrived. The run must be over, unless interrupted. */
  finish(ending: Ending): void {
    const { results } = this;
    const { accounting } = results;
    this.#latency.finish();
    this.#database = databaseOf(this.#task);
    for (const partition of this.#matcher.partitions) this.#release(partition);
    results.settleAll();
    this.#closing.end(ending, this.#database);
    const rest = this.#transactions.end();
    if (rest.length > 0 || !this.#feed.finished) {
      this.#hazards?.reread((each) => this.#reread(ending, each));
    }
    for (const transaction of rest) this.#closing.close(transaction);
    while (this.#feed.readOn());
    this.#foreign.finish(this.#feed);
    this.#hazards?.messages.finish({
      run: this.#feed.header?.run ?? null,
      precedes: (expected) =>
        this.#transactions.precedes(expected) || this.#transactions.mayPrecede(expected),
      isOverdue: (expected) => ending.whole || this.#isPast(expected),
    });
    if (results.transactions.before_snapshot > 0) {
      const { snapshot } = this.#connectors.own;
      checkSnapshot(
        this.#task.tables,
        snapshot,
        (each) =>
          this.#reread(ending, (expected) => {
            if (this.#transactions.isInSnapshot(expected)) each(expected);
          }),
        results,
        ending,
      );
    }
    settleServerFindings(results, this.#database.effects, this.#checks.derived);
    // From version 2 on, every ledger records what the run found in its database.
    if (this.#task.version > 1 && this.#task.facts() === null) this.#ledgerProblems++;
    if (this.#ledgerProblems > 0) accounting.suspect('ledger_damaged', this.#ledgerProblems);
    const { unjudged } = results.events;
    if (unjudged > 0) accounting.suspect('too_far_back', unjudged);
    if (ending.interrupted) accounting.suspect('interrupted', 0);
  }

  verification(inbox: Inbox): Verification {
    return {
      tables: this.#task.tables,
      results: this.results,
      inbox,
      derived: this.#checks.derived,
      tracker: this.#connectors.tracker,
      latency: this.#latency,
      database: this.#database,
      hazards: this.#hazards,
      partial: this.#task.partial,
      header: this.#feed.header,
    };
  }

  close(): void {
    this.#feed.close();
  }

  /** Takes a transaction that was read from the ledger. */
  #expect(expected: Expected): void {
    const { transactions, accounting } = this.results;
    this.#hazards?.expect(expected);
    this.#foreign.check(expected);
    if (expected.fate === 'committed') {
      transactions.expected++;
      accounting.committed += countChanges(expected);
    }
    const unexpected = this.#transactions.add(expected);
    if (unexpected !== null) this.#closing.close(unexpected);
  }

  /** @param found the event's transaction; null: none waits for it */
  #judge(
    partition: Partition,
    found: TransactionProgress | null,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): void {
    if (found === null) {
      const match = this.#matcher.matchUnexpected(partition, event, fingerprint);
      if (match === MATCH.settled) return;
      const { tracker } = this.#connectors.of(event.origin);
      if (match === MATCH.unsent) this.#checks.checkUnsent(tracker, null, event, fingerprint);
      // Foreign rows are followed, but not judged: the event may be a replay.
      else tracker.fold(event, fingerprint);
      return;
    }
    const whole = found.completed(event, fingerprint);
    const match = this.#matcher.matchExpected(partition, found, event, whole);
    if (match === MATCH.settled) return;
    if (match === MATCH.keyless) {
      this.#countKeyless(partition, found, event);
      return;
    }
    const { tracker } = this.#connectors.of(event.origin);
    if (match === MATCH.unsent) {
      this.#checks.checkUnsent(tracker, found, event, whole);
      return;
    }
    this.#latency.record(event);
    this.#checks.checkExpected(tracker, found, event, whole, match);
    if (this.#hazards !== null) this.#checkHazards(this.#hazards, found, event, whole, match);
    if (found.complete) this.#closing.complete(partition, found, event);
  }

  #checkHazards(
    hazards: StreamHazards,
    transaction: TransactionProgress,
    event: RowEvent,
    fingerprint: RowFingerprint,
    match: Match,
  ): void {
    const { publishing } = this.#database;
    const table = this.#task.tables.get(event.table);
    hazards.check(transaction, table, event, fingerprint, { match, publishing });
  }

  /** Whether the ledger is read as far as the hazards of an event's table need it. */
  #isReady(found: ReturnType<Matcher['find']>, event: TableEvent): boolean {
    if (this.#hazards === null || found === null || typeof found === 'string') return true;
    return this.#hazards.isReady(found.expected, event);
  }

  /** The run truncated a table. */
  #empty({ table, origin }: TableEvent): void {
    const { tracker } = this.#connectors.of(origin);
    if (this.#matcher.partitions.length === 1) tracker.truncate(table);
    else {
      // Rows of other partitions may follow that were written before it.
      tracker.unfollow(table);
      this.#hazards?.unfollowed.add(table);
    }
  }

  /** Whether a committed change must arrive, and has not. */
  #awaitsCommitted(): boolean {
    const hazards = this.#hazards;
    if (hazards === null) return this.#transactions.awaitsCommitted();
    const { publishing } = this.#database;
    return this.#transactions.awaitsCommitted((found) => hazards.needsRest(found, publishing));
  }

  /** Whether the only partition is past a transaction: others may carry the messages. */
  #isPast(expected: Expected): boolean {
    const { partitions } = this.#matcher;
    return partitions.length === 1 && partitions[0]!.isPast(expected);
  }

  /** Judges held events: by now their transaction has its xid, or is foreign. */
  #release(partition: Partition): void {
    if (partition.held.length === 0) return;
    const { held } = partition;
    partition.held = [];
    for (const { event, fingerprint } of held) {
      const found = this.#matcher.lookUp(partition, event.xid ?? Number.NaN) ?? null;
      this.#judge(partition, found, event, fingerprint);
    }
  }

  #countKeyless(
    partition: Partition,
    transaction: TransactionProgress | null,
    event: KeylessEvent,
  ): void {
    if (transaction === null || !transaction.deliverKeyless(event)) this.results.events.foreign++;
    else if (transaction.complete) this.#closing.complete(partition, transaction, null);
  }

  #takeSnapshotRow(partition: Partition, event: RowEvent, fingerprint: RowFingerprint): void {
    this.results.events.snapshot++;
    const connector = this.#connectors.of(event.origin);
    connector.tracker.fold(event, fingerprint);
    // Without an LSN, only changes of the same partition can be known to precede the snapshot.
    const first = event.lsn === null ? partition.first : connector.firstChange;
    if (connector.snapshot.take(event, fingerprint, first)) {
      this.#transactions.setSnapshot(this.#connectors.own.snapshot.lsn);
    }
  }

  /** Reads the ledger again. Calls `each` with its transactions, in its order. */
  #reread({ interrupted }: Ending, each: (expected: Expected) => void): void {
    const feed = new LedgerFeed(this.#task.tables, this.#task.ledger, each, () => undefined);
    try {
      if (!interrupted) feed.end();
      while (feed.readOn());
    } finally {
      feed.close();
    }
  }
}

function databaseOf(task: VerificationTask): RunDatabase {
  const facts = task.facts();
  return {
    effects: new ServerEffects(task.tables, facts),
    publishing: new Publishing(facts, task.now, task.publications),
  };
}
