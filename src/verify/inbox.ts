import type { Tables } from '../schema/tables.js';
import type { IntakeOptions } from '../sources/intake.js';
import type { QueuedLineTaker } from '../sources/ndjson/line-taker.js';
import type { Scope } from '../sources/scope.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  MessageEvent,
  RowColumns,
  RowEvent,
  TruncateEvent,
  Unstated,
} from '../sources/source.js';
import type { PrintedSink } from './intake/event-block.js';
import { IntakeThread } from './intake/thread.js';
import { EventPrinter, type RowFingerprint } from './rows/fingerprint.js';

/** Events that may wait before the source is held back: some hundred transactions. */
const HIGH_WATER = 20_000;
const LOW_WATER = HIGH_WATER / 2;
/** Milliseconds until the ledger is read again: about as long as a COMMIT takes, whose answer brings the xid. */
const RETRY_MS = 5;
/** Malformed inputs that are kept as examples. */
const MALFORMED_KEPT = 10;

/** Receives the inbox's events in order. False: the ledger does not have the transaction yet; offer the event again. */
export interface EventJudge {
  row(event: RowEvent, fingerprint: RowFingerprint): boolean;
  changeWithoutKey(event: KeylessEvent): boolean;
  truncate(event: TruncateEvent): boolean;
  message(event: MessageEvent): boolean;
  /** The source has events of other tables. */
  noteOtherTables(): void;
}

type Item =
  | { readonly kind: 'row'; readonly event: RowEvent; readonly fingerprint: RowFingerprint }
  | { readonly kind: 'keyless'; readonly event: KeylessEvent }
  | { readonly kind: 'truncate'; readonly event: TruncateEvent }
  | { readonly kind: 'message'; readonly event: MessageEvent }
  | { readonly kind: 'position'; readonly lsn: number }
  | { readonly kind: 'idle' };

/**
 * The queue between a source and the judge: an event can arrive before the ledger has recorded its transaction's xid.
 * Keeps the order, and holds the source back while too many events wait.
 */
export class Inbox implements PrintedSink {
  readonly #judge: EventJudge;
  readonly #version: number;
  #thread: IntakeThread | null = null;
  readonly #printer: EventPrinter;
  readonly #onMalformed: (problem: Malformed) => void;
  readonly ignoredCounts: Partial<Record<Ignored, number>> = {};
  readonly malformedExamples: Malformed[] = [];
  /** The parts of a row's place that events of the run left out. */
  readonly unstatedFacts = new Set<Unstated>();
  /** Items from `#next` on wait. */
  #items: Item[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiters: (() => void)[] = [];
  #idle = false;
  #position = 0;
  #precedingEnd = 0;
  /** Microseconds since 1970, by the server's clock. Infinity: the run is under way. */
  #runEnd = Number.POSITIVE_INFINITY;
  #rows = 0;
  #malformed = 0;

  /** @param version of the ledger, from 1 */
  constructor(
    tables: Tables,
    judge: EventJudge,
    version: number,
    onMalformed: (problem: Malformed) => void,
  ) {
    this.#printer = new EventPrinter(tables, version);
    this.#judge = judge;
    this.#version = version;
    this.#onMalformed = onMalformed;
  }

  /** Changes that arrived. */
  get rows(): number {
    return this.#rows;
  }

  get malformedCount(): number {
    return this.#malformed;
  }

  /** Events that wait for the ledger. */
  get waiting(): number {
    return this.#items.length - this.#next;
  }

  /** True while the thread that decodes lines is loading and has some to decode. */
  get isStarting(): boolean {
    return this.#thread?.isStarting === true;
  }

  /** Whether the source last reported that it has nothing more, and everything was taken since. */
  get isIdle(): boolean {
    return this.#idle && this.waiting === 0;
  }

  /** An LSN: everything committed before it was taken. */
  get reached(): number {
    return this.#position;
  }

  /** Events, of any writer, that were committed before the run's end: changes of the run may follow them. */
  get precedingEnd(): number {
    return this.#precedingEnd;
  }

  /** @param at microseconds since 1970, by the server's clock */
  noteRunEnd(at: number): void {
    this.#runEnd = at;
  }

  row(event: RowEvent, columns: RowColumns | null): void {
    this.printed(event, this.#printer.print(event, columns));
  }

  decodeApart(scope: Scope, options: IntakeOptions): QueuedLineTaker {
    this.#thread = new IntakeThread(this, scope, options, this.#version);
    return this.#thread;
  }

  printed(event: RowEvent, fingerprint: RowFingerprint): void {
    this.#arrive(event.committedAt);
    this.#rows++;
    if (this.waiting > 0 || !this.#judge.row(event, fingerprint)) {
      this.#put({ kind: 'row', event, fingerprint });
    }
  }

  changeWithoutKey(event: KeylessEvent): void {
    this.#arrive(event.committedAt);
    this.#rows++;
    if (this.waiting > 0 || !this.#judge.changeWithoutKey(event)) {
      this.#put({ kind: 'keyless', event });
    }
  }

  truncate(event: TruncateEvent): void {
    this.#arrive(event.committedAt);
    if (this.waiting > 0 || !this.#judge.truncate(event)) this.#put({ kind: 'truncate', event });
  }

  message(event: MessageEvent): void {
    this.#arrive(event.committedAt);
    if (this.waiting > 0 || !this.#judge.message(event)) this.#put({ kind: 'message', event });
  }

  unstated(fact: Unstated): void {
    this.unstatedFacts.add(fact);
  }

  ignored(kind: Ignored, committedAt: number | null): void {
    this.#arrive(committedAt);
    this.ignoredCounts[kind] = (this.ignoredCounts[kind] ?? 0) + 1;
    if (kind.startsWith('other_')) this.#judge.noteOtherTables();
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

  /** Hands on the waiting items, until one has to wait for the ledger. */
  drain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#next < this.#items.length && this.#handOn(this.#items[this.#next]!)) this.#next++;
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
    } else {
      this.#retryLater();
    }
    if (this.waiting > LOW_WATER) return;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Ends the retries. */
  close(): void {
    clearTimeout(this.#timer);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #arrive(committedAt: number | null): void {
    this.#idle = false;
    if (committedAt !== null && committedAt < this.#runEnd) this.#precedingEnd++;
  }

  #put(item: Item): void {
    this.#items.push(item);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => this.drain(), RETRY_MS);
  }

  /** False: the item has to wait. */
  #handOn(item: Item): boolean {
    switch (item.kind) {
      case 'row':
        return this.#judge.row(item.event, item.fingerprint);
      case 'keyless':
        return this.#judge.changeWithoutKey(item.event);
      case 'truncate':
        return this.#judge.truncate(item.event);
      case 'message':
        return this.#judge.message(item.event);
      case 'position':
        this.#position = Math.max(this.#position, item.lsn);
        return true;
      case 'idle':
        this.#idle = true;
        return true;
    }
  }
}
