import { HISTOGRAM_BYTES, Histogram } from '../lib/histogram.js';
import {
  type Backend,
  type EnteredPending,
  type Fate,
  MOST_PENDING,
  type Pending,
} from '../postgres/pending.js';
import { OPERATIONS, type Operation, type WrittenRows } from '../schemas/hospital/changes.js';
import { EVENT_TYPES, type EventType } from '../schemas/hospital/events/index.js';
import { TABLE_NAMES, type TableName } from '../schemas/hospital/tables.js';

const COUNTERS = [
  /** Events of batches that are over: committed or rejected. */
  'attempted',
  'committed',
  'rolledBack',
  'retries',
  'reconnects',
  /** Commits without an answer whose fate could not be found out. */
  'unknown',
  /** Commits without an answer that were settled afterwards. */
  'settled',
  /** Events that were due and not sent, since the server had not kept up. */
  'shed',
] as const;
export type Counter = (typeof COUNTERS)[number];
/** Those that the outcome of a transaction may change. */
const SETTLED_COUNTERS = ['committed', 'rolledBack', 'unknown', 'attempted', 'settled'] as const;

const CELLS = TABLE_NAMES.length * OPERATIONS.length;
/** Different SQLSTATEs that rows of one worker are rejected with; more of them share the last. */
const REJECTION_SLOTS = 16;

/**
 * One pending transaction: xid (0 when not known), witness (table, operation, id), events, its number in the
 * ledger (0 without one), rows.
 */
const ENTRY_XID = 0;
const ENTRY_WITNESS = 1;
const ENTRY_EVENTS = 4;
const ENTRY_NUMBER = 5;
const ENTRY_ROWS = 6;
const ENTRY = ENTRY_ROWS + CELLS;

/** Which pending transactions there are: numbered on and on, and where the next will be entered. */
const FIRST_PENDING = COUNTERS.length;
const END_PENDING = FIRST_PENDING + 1;
/** The connection that they run on: process id, and when it began, in microseconds since 1970. */
const BACKEND = END_PENDING + 1;
/** How many connections the worker has had, over all its lives. */
const CONNECTIONS = BACKEND + 2;
/** Events that have fallen due, as far as the worker has looked. */
const DUE = CONNECTIONS + 1;
/** 1 while the backlog of a lost connection is not worked off. */
const LOST = DUE + 1;
/** 1 once the main thread cancels what the worker's server process waits for. */
const MAY_GIVE_UP = LOST + 1;
/** The outcome that the first pending transaction is being counted as, 0 when none is. */
const SETTLING = MAY_GIVE_UP + 1;
/** What the counters, the rows and the first pending one will be, when that is done. */
const THEN_COUNTERS = SETTLING + 1;
const THEN_ROWS = THEN_COUNTERS + COUNTERS.length;
const THEN_FIRST = THEN_ROWS + CELLS;
const ROWS = THEN_FIRST + 1;
const REJECTED = ROWS + CELLS;
const PENDING = REJECTED + 2 * REJECTION_SLOTS;
const NUMBERS = PENDING + MOST_PENDING * ENTRY;

/** Histograms over all event types, and two for each of their operations. */
const OVERALL_HISTOGRAMS = 4;
const HISTOGRAMS = OVERALL_HISTOGRAMS + 2 * EVENT_TYPES.length * OPERATIONS.length;
const BYTES = NUMBERS * 8 + HISTOGRAMS * HISTOGRAM_BYTES;

function cell(table: TableName, operation: Operation): number {
  return TABLE_NAMES.indexOf(table) * OPERATIONS.length + OPERATIONS.indexOf(operation);
}

/** From due and from sent until answered. */
export interface Latencies {
  readonly response: Histogram;
  readonly service: Histogram;
}

/**
 * What one worker has done, in shared memory: the worker is the only writer, and the main thread
 * reads it at any time, also after the thread died. A transaction is entered *before* COMMIT is
 * sent (`intend`) and counted when its answer is there (`settle`), in the order of sending, so that
 * neither a lost connection nor a lost thread can make the counts differ from the database.
 */
export class WorkerStats {
  readonly buffer: SharedArrayBuffer;
  /** From when a batch was due until its COMMIT was acknowledged. */
  readonly response: Histogram;
  /** From when a batch was sent until its COMMIT was acknowledged. */
  readonly service: Histogram;
  /** From when a batch was due until it was sent: how late the generator itself was. */
  readonly lag: Histogram;
  /** The part of that during which the worker had nothing else to do. */
  readonly late: Histogram;
  readonly #numbers: Float64Array;
  readonly #latencies: Latencies[] = [];

  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer, 0, NUMBERS);
    this.response = this.#histogram(0);
    this.service = this.#histogram(1);
    this.lag = this.#histogram(2);
    this.late = this.#histogram(3);
  }

  /** Latencies of the batches that held such events, each counted once an event. */
  latencyOf(type: EventType, operation: Operation): Latencies {
    const kind = EVENT_TYPES.indexOf(type) * OPERATIONS.length + OPERATIONS.indexOf(operation);
    const first = OVERALL_HISTOGRAMS + 2 * kind;
    this.#latencies[kind] ??= {
      response: this.#histogram(first),
      service: this.#histogram(first + 1),
    };
    return this.#latencies[kind];
  }

  #histogram(index: number): Histogram {
    return new Histogram(this.buffer, NUMBERS * 8 + index * HISTOGRAM_BYTES);
  }

  get(counter: Counter): number {
    return this.#at(COUNTERS.indexOf(counter));
  }

  count(counter: Counter, by = 1): void {
    this.#add(COUNTERS.indexOf(counter), by);
  }

  /** The server process of the worker's connection, as of its last connect; null before the first. */
  get backend(): Backend | null {
    const pid = this.#at(BACKEND);
    if (pid === 0) return null;
    const startedMicros = this.#at(BACKEND + 1);
    // A pooled one is kept with its sign turned.
    return pid > 0 ? { pid, startedMicros } : { pid: -pid, startedMicros, pooled: true };
  }

  /** A new connection. What was pending on the one before must be settled. */
  set backend(backend: Backend) {
    const pid = backend.pooled === true ? -backend.pid : backend.pid;
    this.#numbers.set([pid, backend.startedMicros], BACKEND);
    this.#add(CONNECTIONS, 1);
  }

  /** Connections that the worker has had so far, over all its lives. */
  get connections(): number {
    return this.#at(CONNECTIONS);
  }

  /** Events that have fallen due so far. The cycle has no schedule beyond the worker's next batch. */
  get due(): number {
    return this.#at(DUE);
  }

  set due(events: number) {
    this.#numbers[DUE] = events;
  }

  /** The connection was lost, and its backlog is not worked off yet. */
  get lost(): boolean {
    return this.#at(LOST) === 1;
  }

  set lost(lost: boolean) {
    this.#numbers[LOST] = lost ? 1 : 0;
  }

  /**
   * Whether a statement that was cancelled is to be given up: the run is to end, and what it waited for may last.
   * The one word that the main thread writes.
   */
  get mayGiveUp(): boolean {
    return this.#at(MAY_GIVE_UP) === 1;
  }

  set mayGiveUp(may: boolean) {
    this.#numbers[MAY_GIVE_UP] = may ? 1 : 0;
  }

  /** The first transaction whose COMMIT was sent without an answer yet, or null. */
  get pending(): EnteredPending | null {
    if (this.#at(FIRST_PENDING) === this.#at(END_PENDING)) return null;
    const entry = this.#entry(this.#at(FIRST_PENDING));
    const table = TABLE_NAMES[this.#at(entry + ENTRY_WITNESS)];
    const operation = OPERATIONS[this.#at(entry + ENTRY_WITNESS + 1)];
    if (table === undefined || operation === undefined) return null;
    const xid = this.#at(entry + ENTRY_XID);
    const id = this.#at(entry + ENTRY_WITNESS + 2);
    const number = this.#at(entry + ENTRY_NUMBER);
    return { xid: xid === 0 ? null : String(xid), witness: { table, operation, id }, number };
  }

  /** Enters a transaction before its COMMIT: what it wrote, and how many events it stands for. */
  intend(
    { xid, witness }: Pending,
    rows: readonly WrittenRows[],
    events: number,
    number = 0,
  ): void {
    const end = this.#at(END_PENDING);
    if (end - this.#at(FIRST_PENDING) >= MOST_PENDING) throw new Error('too much is pending');
    const entry = this.#entry(end);
    this.#numbers.fill(0, entry, entry + ENTRY);
    this.#numbers[entry + ENTRY_XID] = Number(xid ?? 0);
    this.#numbers[entry + ENTRY_WITNESS] = TABLE_NAMES.indexOf(witness.table);
    this.#numbers[entry + ENTRY_WITNESS + 1] = OPERATIONS.indexOf(witness.operation);
    this.#numbers[entry + ENTRY_WITNESS + 2] = witness.id;
    this.#numbers[entry + ENTRY_EVENTS] = events;
    this.#numbers[entry + ENTRY_NUMBER] = number;
    for (const { table, operation, count } of rows) {
      this.#add(entry + ENTRY_ROWS + cell(table, operation), count);
    }
    // Last: a transaction counts as pending only when all of it stands there.
    this.#numbers[END_PENDING] = end + 1;
  }

  /** Takes rows off what the first pending transaction wrote: the server did not let them in. */
  reduce({ table, operation, count }: WrittenRows): void {
    const entry = this.#entry(this.#at(FIRST_PENDING));
    this.#add(entry + ENTRY_EVENTS, -count);
    this.#add(entry + ENTRY_ROWS + cell(table, operation), -count);
  }

  /**
   * Counts the first pending transaction as what became of it. `asked`: the server had to be asked,
   * since no answer to COMMIT came.
   */
  settle(outcome: Fate, asked = false): void {
    this.finishSettling();
    const first = this.#at(FIRST_PENDING);
    const entry = this.#entry(first);
    const events = this.#at(entry + ENTRY_EVENTS);
    const committed = outcome === 'committed';
    // The sums that will hold, not what is added to them: a thread may end in the middle, and the
    // one that comes after it finishes to the same.
    this.#foresee('committed', committed ? 1 : 0);
    this.#foresee('rolledBack', outcome === 'aborted' ? 1 : 0);
    this.#foresee('unknown', outcome === 'unknown' ? 1 : 0);
    this.#foresee('attempted', outcome === 'aborted' ? 0 : events);
    this.#foresee('settled', asked && outcome !== 'unknown' ? 1 : 0);
    for (let i = 0; i < CELLS; i++) {
      const rows = committed ? this.#at(entry + ENTRY_ROWS + i) : 0;
      this.#numbers[THEN_ROWS + i] = this.#at(ROWS + i) + rows;
    }
    this.#numbers[THEN_FIRST] = first + 1;
    this.#numbers[SETTLING] = 1;
    this.finishSettling();
  }

  /** Goes on with what a thread that ended left half counted. */
  finishSettling(): void {
    if (this.#at(SETTLING) === 0) return;
    for (const counter of SETTLED_COUNTERS) this.#fulfil(counter);
    this.#numbers.copyWithin(ROWS, THEN_ROWS, THEN_ROWS + CELLS);
    this.#numbers[FIRST_PENDING] = this.#at(THEN_FIRST);
    this.#numbers[SETTLING] = 0;
  }

  /** Forgets what is pending: the server answered that it is not committed. */
  withdraw(): void {
    this.#numbers[FIRST_PENDING] = this.#at(END_PENDING);
  }

  /** Counts one rejected row under its SQLSTATE (five letters or digits). */
  reject(sqlstate: string): void {
    const code = Number.parseInt(sqlstate, 36);
    let slot = 0;
    while (slot < REJECTION_SLOTS - 1) {
      const taken = this.#at(REJECTED + 2 * slot);
      if (taken === 0 || taken === code) break;
      slot++;
    }
    this.#numbers[REJECTED + 2 * slot] = code;
    this.#add(REJECTED + 2 * slot + 1, 1);
  }

  /** Committed rows of one table and operation. */
  rows(table: TableName, operation: Operation): number {
    return this.#at(ROWS + cell(table, operation));
  }

  /** All committed events. */
  get events(): number {
    let events = 0;
    for (let i = 0; i < CELLS; i++) events += this.#at(ROWS + i);
    return events;
  }

  /** Rejected rows by SQLSTATE. */
  rejected(): Record<string, number> {
    const rejected: Record<string, number> = {};
    for (let slot = 0; slot < REJECTION_SLOTS; slot++) {
      const code = this.#at(REJECTED + 2 * slot);
      if (code === 0) continue;
      const sqlstate = code.toString(36).toUpperCase().padStart(5, '0');
      rejected[sqlstate] = this.#at(REJECTED + 2 * slot + 1);
    }
    return rejected;
  }

  #entry(number: number): number {
    return PENDING + (number % MOST_PENDING) * ENTRY;
  }

  #foresee(counter: Counter, by: number): void {
    this.#numbers[THEN_COUNTERS + COUNTERS.indexOf(counter)] = this.get(counter) + by;
  }

  #fulfil(counter: Counter): void {
    const index = COUNTERS.indexOf(counter);
    this.#numbers[index] = this.#at(THEN_COUNTERS + index);
  }

  #at(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  #add(index: number, by: number): void {
    this.#numbers[index] = this.#at(index) + by;
  }
}

/** Rejected rows over all SQLSTATEs. */
export function rejectedTotal(rejected: Readonly<Record<string, number>>): number {
  return Object.values(rejected).reduce((sum, count) => sum + count, 0);
}
