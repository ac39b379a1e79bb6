import type { HazardName } from '../../hazards/hazards.js';
import { type HazardTimes, listHazards } from '../../hazards/times.js';
import { happenedIn } from '../../ledger/hazard-totals.js';
import type { Table, TableName } from '../../schema/table.js';
import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import type { LedgerFeed } from '../ledger/feed.js';
import type { Published, Publishing } from '../ledger/publishing.js';
import { MATCH, type Match } from '../match/matcher.js';
import type { TransactionProgress } from '../match/progress.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { Results } from '../verdict/accounting.js';
import type { TableEvent } from '../verdict/findings.js';
import { wrongColumns } from './added-columns.js';
import { HotRows, type SharedKeys } from './hot-rows.js';
import { Messages } from './messages.js';
import { locksTable, type Span, TableHistory } from './table-history.js';

const NEVER = Number.NEGATIVE_INFINITY;

/** Truncates of tables that a run committed, and those of them that arrived. */
export interface TruncateCounts {
  committed: number;
  delivered: number;
}

/** Judges what the hazards of a run do to its stream, besides the rows that they write. */
export class StreamHazards {
  readonly messages: Messages;
  readonly truncates: TruncateCounts = { committed: 0, delivered: 0 };
  /** Tables whose rows are not followed from a truncate on: the source has several partitions. */
  readonly unfollowed = new Set<TableName>();
  /** Changes of a table that arrived while it was in no publication of the source. */
  unpublishedArrived = 0;
  readonly #results: Results;
  readonly #feed: LedgerFeed;
  readonly #shared: () => SharedKeys;
  readonly #happened = new Map<HazardName, number>();
  #history = new TableHistory();
  /** After `reread`: transactions without an LSN, by file and number. */
  readonly #spans = new Map<string, Span>();
  #hot: HotRows | null = null;
  /** By partition and table: the LSN of the last change of the table as a whole that an event of it followed. */
  readonly #passed = new Map<string, number>();
  #lastReady: Expected | null = null;
  #lastTable: TableName | null = null;

  /** @param shared read when the first transaction needs it: the run has begun by then */
  constructor(results: Results, feed: LedgerFeed, shared: () => SharedKeys) {
    this.#results = results;
    this.#feed = feed;
    this.#shared = shared;
    this.messages = new Messages(results);
  }

  /** Times that each hazard happened, according to the ledger as far as it was read. In the order of HAZARD_NAMES. */
  get happened(): HazardTimes {
    return Object.fromEntries(listHazards(Object.fromEntries(this.#happened)));
  }

  /** Takes a transaction that was read from the ledger. */
  expect(expected: Expected): void {
    const { hazards, fate } = expected;
    this.messages.expect(expected);
    if (hazards === null) return;
    this.#history.add(expected);
    if (fate === 'committed') this.truncates.committed += hazards.truncated?.length ?? 0;
    for (const name of happenedIn(hazards, fate)) {
      this.#happened.set(name, (this.#happened.get(name) ?? 0) + 1);
    }
  }

  /**
   * Whether the ledger is read as far as an event's table needs it. False: an intent without an outcome may have changed
   * the table as a whole before the event.
   */
  isReady(expected: Expected, { table, lsn }: TableEvent): boolean {
    if (expected === this.#lastReady && table === this.#lastTable) return true;
    const at = expected.lsn ?? lsn;
    if (at !== null) {
      this.#feed.readTo(at);
      const isOwn = expected.hazards !== null && locksTable(expected.hazards, table);
      if (!isOwn && this.#feed.mayLock(table, at)) return false;
    }
    this.#lastReady = expected;
    this.#lastTable = table;
    return true;
  }

  /**
   * Checks a change of a row that its transaction expects.
   *
   * @param match how its own columns compare
   */
  check(
    transaction: TransactionProgress,
    table: Table,
    event: RowEvent,
    { added }: RowFingerprint,
    { match, publishing }: { readonly match: Match; readonly publishing: Publishing },
  ): void {
    const { expected } = transaction;
    if (expected.hazards !== null) {
      this.#hot ??= new HotRows(this.#shared());
      if (!this.#hot.take(event, expected))
        this.#results.note('reordered', 'hot_row', event, expected);
    }
    const lsn = expected.lsn ?? event.lsn;
    if (lsn === null || !this.#history.has(table.name)) return;
    this.#pass(event, expected, this.#history.lastChange(table.name, lsn));
    const span = { low: lsn, high: lsn };
    if (this.#publishedIn(table.name, span, publishing) === 'unpublished')
      this.unpublishedArrived++;
    const values = this.#history.columnsAt(table.name, lsn);
    if (added === undefined || values === null || event.operation === 'delete') return;
    for (const { column, detail } of wrongColumns(table, added, values)) {
      const isListed = publishing.omission(table.name, null)?.kind === 'columns';
      if (detail === 'column_lost' && isListed) {
        if (match !== MATCH.incomplete) transaction.doubt('contents_not_told');
        return;
      }
      this.#results.note('altered', detail, { ...event, column }, expected);
    }
  }

  /** Checks a truncate that its transaction expects. */
  checkTruncate(expected: Expected, event: TableEvent): void {
    this.truncates.delivered++;
    const { lsn } = expected;
    if (lsn === null) return;
    // No row that was written after it may have arrived.
    const before = this.#passed.get(passageOf(event)) ?? NEVER;
    if (before >= lsn) this.#results.note('reordered', 'across_table_lock', event, expected);
    else this.#passed.set(passageOf(event), lsn);
  }

  /**
   * Whether changes of a table were published when a transaction was committed. Null: the table was in the same
   * publications all the time.
   */
  publishedAt(transaction: TransactionProgress, table: TableName, publishing: Publishing) {
    return this.#publishedIn(table, this.#spanOf(transaction), publishing);
  }

  /**
   * Whether some of a transaction's changes that have not arrived must arrive: the others are of tables that were not
   * published.
   */
  needsRest(transaction: TransactionProgress, publishing: Publishing): boolean {
    return transaction.rest.some(
      ({ table }) => this.publishedAt(transaction, table, publishing) !== 'unpublished',
    );
  }

  /**
   * Reads the whole ledger for what happened to tables, because a transaction may be judged before another that changed
   * its table was read.
   *
   * @param reread calls `each` with all transactions: those of a worker in their order
   */
  reread(reread: (each: (expected: Expected) => void) => void): void {
    const history = new TableHistory();
    const lasts = new Map<number, number>();
    const unplaced = new Map<number, Expected[]>();
    reread((expected) => {
      const { worker, lsn, fate } = expected;
      history.add(expected);
      if (fate !== 'committed') return;
      if (lsn === null) {
        const span = { low: lasts.get(worker) ?? NEVER, high: Number.POSITIVE_INFINITY };
        this.#spans.set(placeOf(expected), span);
        unplaced.set(worker, [...(unplaced.get(worker) ?? []), expected]);
        return;
      }
      // Doubt is settled before a worker goes on.
      for (const before of unplaced.get(worker) ?? []) {
        const { low } = this.#spans.get(placeOf(before))!;
        this.#spans.set(placeOf(before), { low, high: lsn });
      }
      unplaced.delete(worker);
      lasts.set(worker, Math.max(lasts.get(worker) ?? NEVER, lsn));
    });
    this.#history = history;
  }

  #publishedIn(table: TableName, span: Span, publishing: Publishing): PublishedThen | null {
    const out = this.#history.outOf(table, span);
    if (out === undefined) return null;
    if (out === 'unknown') return 'changed';
    return out === null ? 'yes' : publishing.without(out, table);
  }

  #spanOf(transaction: TransactionProgress): Span {
    const { expected } = transaction;
    const lsn = expected.lsn ?? transaction.lastLsn;
    if (lsn !== null) return { low: lsn, high: lsn };
    const span = this.#spans.get(placeOf(expected));
    return span ?? { low: NEVER, high: Number.POSITIVE_INFINITY };
  }

  /** Notes that an event of a table follows this change of the table as a whole. */
  #pass(event: RowEvent, expected: Expected, change: number): void {
    const passage = passageOf(event);
    const before = this.#passed.get(passage) ?? NEVER;
    if (change < before) this.#results.note('reordered', 'across_table_lock', event, expected);
    else if (change > before) this.#passed.set(passage, change);
  }
}

/** As of `Published`. */
type PublishedThen = Extract<Published, 'yes' | 'changed'> | 'unpublished';

function passageOf({ partition, table }: TableEvent): string {
  return `${partition} ${table}`;
}

function placeOf({ file, intent }: Expected): string {
  return `${file}#${intent}`;
}
