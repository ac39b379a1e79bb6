import { monotonicMs } from '../lib/clock.js';
import type { TableName } from '../schemas/hospital/tables.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  RowColumns,
  RowEvent,
  Sink,
  Unstated,
} from '../sources/source.js';
import type { Matcher } from './match/matcher.js';
import { contentsOf, type RowFingerprint } from './rows/fingerprint.js';

/** Items that may wait before a source is to hold back: some hundred transactions. */
const HIGH_WATER = 20_000;
const LOW_WATER = HIGH_WATER / 2;
/** Before the ledger is asked again what it did not have: the answer to a COMMIT is entered within that. */
const RETRY_MS = 5;

type Item =
  | { readonly kind: 'row'; readonly event: RowEvent; readonly contents: RowFingerprint }
  | { readonly kind: 'keyless'; readonly event: KeylessEvent }
  | { readonly kind: 'truncate'; readonly table: TableName; stream: number; place: number }
  | { readonly kind: 'position'; readonly lsn: number }
  | { readonly kind: 'idle' };

/** Malformed inputs whose reasons are kept. */
const MALFORMED_KEPT = 10;

/**
 * Where a source's events wait for the ledger: an event may be here before what its transaction is called
 * is entered. Keeps the order, and holds the source back meanwhile.
 */
export class Inbox implements Sink {
  readonly #matcher: Matcher;
  readonly #version: number;
  readonly #onMalformed: (problem: Malformed) => void;
  readonly ignoredCounts: Partial<Record<Ignored, number>> = {};
  readonly malformedExamples: Malformed[] = [];
  /** Left out by events that counted as the run's. */
  readonly untoldFacts = new Set<Unstated>();
  /** Items from `#next` on wait. */
  #items: Item[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiters: (() => void)[] = [];
  #idle = false;
  #position = 0;
  /** Rows of others that may have some of the run's behind them. */
  #older = 0;
  #moved = 0;
  #movedAt = monotonicMs();
  /** Microseconds since 1970, by the server's clock; Infinity: it goes on. */
  #runOver = Number.POSITIVE_INFINITY;
  #rows = 0;
  #malformed = 0;

  /**
   * @param version of the ledger
   * @param onMalformed told of each input that is no event
   */
  constructor(matcher: Matcher, version: number, onMalformed: (problem: Malformed) => void) {
    this.#matcher = matcher;
    this.#version = version;
    this.#onMalformed = onMalformed;
  }

  /** Changes that arrived. */
  get rows(): number {
    return this.#rows;
  }

  /** Inputs that were no events. */
  get malformedCount(): number {
    return this.#malformed;
  }

  /** Changes that wait for the ledger. */
  get waiting(): number {
    return this.#items.length - this.#next;
  }

  /** Whether the source had nothing more when it was last asked, and all it had is taken. */
  get isIdle(): boolean {
    return this.#idle && this.waiting === 0;
  }

  /** Everything committed before this LSN was taken. */
  get reached(): number {
    return this.#position;
  }

  /** The run is over: whatever others committed from now on has none of its changes behind it. */
  noteRunOver(at: number): void {
    this.#runOver = at;
    this.#movedAt = monotonicMs();
  }

  /**
   * Milliseconds since it was noticed, by a call of this, that a change of the run had come, or one of others from
   * before its end: while a topic's past is read, the run's changes are yet to come. Heartbeats and what others do
   * now go on for ever.
   */
  quietMs(): number {
    const now = monotonicMs();
    const { delivered, replayed, unjudged, snapshot } = this.#matcher.events;
    const moved = delivered + replayed + unjudged + snapshot + this.#older;
    if (moved !== this.#moved) this.#movedAt = now;
    this.#moved = moved;
    return now - this.#movedAt;
  }

  row(event: RowEvent, columns: RowColumns | null): void {
    this.#arrive(event.committedAt);
    this.#rows++;
    const contents = contentsOf(event, columns, this.#version);
    if (this.waiting > 0 || !this.#matcher.take(event, contents)) {
      this.#put({ kind: 'row', event, contents });
    }
  }

  deleteWithoutKey(event: KeylessEvent): void {
    this.#arrive(event.committedAt);
    this.#rows++;
    if (this.waiting > 0 || !this.#matcher.takeKeyless(event)) {
      this.#put({ kind: 'keyless', event });
    }
  }

  truncate(table: TableName, stream: number, place: number): void {
    this.#arrive(null);
    this.#put({ kind: 'truncate', table, stream, place });
    this.drain();
  }

  unstated(what: Unstated): void {
    this.untoldFacts.add(what);
  }

  ignored(kind: Ignored, committedAt: number | null): void {
    this.#arrive(committedAt);
    this.ignoredCounts[kind] = (this.ignoredCounts[kind] ?? 0) + 1;
    if (kind.startsWith('other_')) this.#matcher.others = true;
  }

  malformed(problem: Malformed): void {
    this.#malformed++;
    if (this.malformedExamples.length < MALFORMED_KEPT) this.malformedExamples.push(problem);
    this.#onMalformed(problem);
  }

  progress(lsn: number): void {
    this.#put({ kind: 'position', lsn });
    this.drain();
  }

  idle(): void {
    this.#put({ kind: 'idle' });
    this.drain();
  }

  async ready(): Promise<void> {
    if (this.waiting < HIGH_WATER) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Takes what waits, as far as the ledger has it. */
  drain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#next < this.#items.length && this.#take(this.#items[this.#next]!)) this.#next++;
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
    } else {
      this.#later();
    }
    if (this.waiting > LOW_WATER) return;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Nothing is tried again. */
  close(): void {
    clearTimeout(this.#timer);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #arrive(committedAt: number | null): void {
    this.#idle = false;
    if (committedAt !== null && committedAt < this.#runOver) this.#older++;
  }

  #put(item: Item): void {
    this.#items.push(item);
    this.#later();
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.drain(), RETRY_MS);
  }

  #take(item: Item): boolean {
    switch (item.kind) {
      case 'row':
        return this.#matcher.take(item.event, item.contents);
      case 'keyless':
        return this.#matcher.takeKeyless(item.event);
      case 'truncate':
        this.#matcher.truncate(item.table, item.stream, item.place);
        return true;
      case 'position':
        this.#position = Math.max(this.#position, item.lsn);
        return true;
      case 'idle':
        this.#idle = true;
        return true;
    }
  }
}
