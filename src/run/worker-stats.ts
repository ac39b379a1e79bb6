import { OPERATIONS, type Operation, type WrittenRows } from '../legacy/changes.js';
import { EVENT_TYPES, type EventType } from '../legacy/events/index.js';
import { TABLE_NAMES, type TableName } from '../legacy/tables.js';
import { HISTOGRAM_BYTES, Histogram, merge } from '../lib/histogram.js';
import {
  type Backend,
  type EnteredPending,
  type Fate,
  MOST_PENDING,
  type Pending,
} from '../postgres/pending.js';
import * as layout from './stats-layout.js';

export type { Counter } from './stats-layout.js';

/** From due and from sent until answered. */
export interface Latencies {
  readonly response: Histogram;
  readonly service: Histogram;
}

/**
 * The statistics of one worker, in shared memory: the worker is the only writer, and the main thread reads them at
 * any time, also after the thread died. A transaction is entered *before* its COMMIT is sent (`intend`) and counted
 * once the COMMIT is answered (`settle`), in the order of sending, so that neither a lost connection nor a lost
 * thread can make the counts differ from the database.
 */
export class WorkerStats {
  readonly buffer: SharedArrayBuffer;
  /** From when a batch was due until its COMMIT was acknowledged. */
  readonly response: Histogram;
  /** From when a batch was sent until its COMMIT was acknowledged. */
  readonly service: Histogram;
  /** From when a batch was due until it was sent: how late the generator itself was. */
  readonly lag: Histogram;
  /** The part of that lag during which the worker was idle. */
  readonly late: Histogram;
  readonly #numbers: Float64Array;
  readonly #latencies: Latencies[] = [];

  constructor(buffer = new SharedArrayBuffer(layout.BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer, 0, layout.NUMBERS);
    this.response = this.#histogram(0);
    this.service = this.#histogram(1);
    this.lag = this.#histogram(2);
    this.late = this.#histogram(3);
  }

  /** Latencies of these events: each that of its batch. */
  latencyOf(type: EventType, operation: Operation): Latencies {
    const kind = EVENT_TYPES.indexOf(type) * OPERATIONS.length + OPERATIONS.indexOf(operation);
    const first = layout.OVERALL_HISTOGRAMS + 2 * kind;
    this.#latencies[kind] ??= {
      response: this.#histogram(first),
      service: this.#histogram(first + 1),
    };
    return this.#latencies[kind];
  }

  #histogram(index: number): Histogram {
    return new Histogram(this.buffer, layout.NUMBERS * 8 + index * HISTOGRAM_BYTES);
  }

  get(counter: layout.Counter): number {
    return this.#at(layout.COUNTERS.indexOf(counter));
  }

  count(counter: layout.Counter, by = 1): void {
    this.#add(layout.COUNTERS.indexOf(counter), by);
  }

  /** The server process of the worker's connection, as of its last connect; null before the first. */
  get backend(): Backend | null {
    const pid = this.#at(layout.BACKEND);
    if (pid === 0) return null;
    const startedMicros = this.#at(layout.BACKEND + 1);
    // The process of a pooler is kept as a negative number.
    return pid > 0 ? { pid, startedMicros } : { pid: -pid, startedMicros, pooled: true };
  }

  /** A new connection. Transactions that were pending on the one before must be settled. */
  set backend(backend: Backend) {
    const pid = backend.pooled === true ? -backend.pid : backend.pid;
    this.#numbers.set([pid, backend.startedMicros], layout.BACKEND);
    this.#add(layout.CONNECTIONS, 1);
  }

  /** Connections that the worker has had so far, threads that died included. */
  get connections(): number {
    return this.#at(layout.CONNECTIONS);
  }

  /** Events that have been due so far. The cycle has no schedule beyond the worker's next batch. */
  get due(): number {
    return this.#at(layout.DUE);
  }

  set due(events: number) {
    this.#numbers[layout.DUE] = events;
  }

  /** The connection was lost, and its backlog is not worked off yet. */
  get lost(): boolean {
    return this.#at(layout.LOST) === 1;
  }

  set lost(lost: boolean) {
    this.#numbers[layout.LOST] = lost ? 1 : 0;
  }

  /**
   * Whether a cancelled statement is to be given up, not repeated: the run is to end, and its wait may last. The only
   * number that the main thread writes while the thread lives.
   */
  get mayGiveUp(): boolean {
    return this.#at(layout.MAY_GIVE_UP) === 1;
  }

  set mayGiveUp(may: boolean) {
    this.#numbers[layout.MAY_GIVE_UP] = may ? 1 : 0;
  }

  /** The first transaction whose COMMIT was sent without an answer yet, or null. */
  get pending(): EnteredPending | null {
    if (this.#at(layout.FIRST_PENDING) === this.#at(layout.END_PENDING)) return null;
    const entry = this.#entry(this.#at(layout.FIRST_PENDING));
    const table = TABLE_NAMES[this.#at(entry + layout.ENTRY_WITNESS)];
    const operation = OPERATIONS[this.#at(entry + layout.ENTRY_WITNESS + 1)];
    if (table === undefined || operation === undefined) return null;
    const xid = this.#at(entry + layout.ENTRY_XID);
    const id = this.#at(entry + layout.ENTRY_WITNESS + 2);
    const number = this.#at(entry + layout.ENTRY_NUMBER);
    return { xid: xid === 0 ? null : String(xid), witness: { table, operation, id }, number };
  }

  /** Enters a transaction before its COMMIT, with its rows and events. `number`: in the ledger; 0 without one. */
  intend(
    { xid, witness }: Pending,
    rows: readonly WrittenRows[],
    events: number,
    number = 0,
  ): void {
    const end = this.#at(layout.END_PENDING);
    if (end - this.#at(layout.FIRST_PENDING) >= MOST_PENDING)
      throw new Error('too much is pending');
    const entry = this.#entry(end);
    this.#numbers.fill(0, entry, entry + layout.ENTRY);
    this.#numbers[entry + layout.ENTRY_XID] = Number(xid ?? 0);
    this.#numbers[entry + layout.ENTRY_WITNESS] = TABLE_NAMES.indexOf(witness.table);
    this.#numbers[entry + layout.ENTRY_WITNESS + 1] = OPERATIONS.indexOf(witness.operation);
    this.#numbers[entry + layout.ENTRY_WITNESS + 2] = witness.id;
    this.#numbers[entry + layout.ENTRY_EVENTS] = events;
    this.#numbers[entry + layout.ENTRY_NUMBER] = number;
    for (const { table, operation, count } of rows) {
      this.#add(entry + layout.ENTRY_ROWS + layout.cell(table, operation), count);
    }
    // Last: a transaction counts as pending only when all of it is there.
    this.#numbers[layout.END_PENDING] = end + 1;
  }

  /** Takes rows off the first pending transaction: the server dropped them. */
  reduce({ table, operation, count }: WrittenRows): void {
    const entry = this.#entry(this.#at(layout.FIRST_PENDING));
    this.#add(entry + layout.ENTRY_EVENTS, -count);
    this.#add(entry + layout.ENTRY_ROWS + layout.cell(table, operation), -count);
  }

  /**
   * Counts the first pending transaction by its outcome. `asked`: COMMIT got no answer, and the server was asked for
   * the outcome.
   */
  settle(outcome: Fate, asked = false): void {
    this.finishSettling();
    const first = this.#at(layout.FIRST_PENDING);
    const entry = this.#entry(first);
    const events = this.#at(entry + layout.ENTRY_EVENTS);
    const committed = outcome === 'committed';
    // The new sums, not the additions: a thread may end in the middle, and its successor finishes to the same.
    this.#prepareCounter('committed', committed ? 1 : 0);
    this.#prepareCounter('rolledBack', outcome === 'aborted' ? 1 : 0);
    this.#prepareCounter('unknown', outcome === 'unknown' ? 1 : 0);
    this.#prepareCounter('attempted', outcome === 'aborted' ? 0 : events);
    this.#prepareCounter('settled', asked && outcome !== 'unknown' ? 1 : 0);
    for (let i = 0; i < layout.CELLS; i++) {
      const rows = committed ? this.#at(entry + layout.ENTRY_ROWS + i) : 0;
      this.#numbers[layout.THEN_ROWS + i] = this.#at(layout.ROWS + i) + rows;
    }
    this.#numbers[layout.THEN_FIRST] = first + 1;
    this.#numbers[layout.SETTLING] = 1;
    this.finishSettling();
  }

  /** Counts to the end the transaction that an ended thread left half counted. */
  finishSettling(): void {
    if (this.#at(layout.SETTLING) === 0) return;
    for (const counter of layout.SETTLED_COUNTERS) this.#setCounter(counter);
    this.#numbers.copyWithin(layout.ROWS, layout.THEN_ROWS, layout.THEN_ROWS + layout.CELLS);
    this.#numbers[layout.FIRST_PENDING] = this.#at(layout.THEN_FIRST);
    this.#numbers[layout.SETTLING] = 0;
  }

  /** Forgets all pending transactions: the server answered that they are not committed. */
  withdraw(): void {
    this.#numbers[layout.FIRST_PENDING] = this.#at(layout.END_PENDING);
  }

  /** Counts one rejected row under its SQLSTATE (five letters or digits). */
  reject(sqlstate: string): void {
    const code = Number.parseInt(sqlstate, 36);
    let slot = 0;
    while (slot < layout.REJECTION_SLOTS - 1) {
      const taken = this.#at(layout.REJECTED + 2 * slot);
      if (taken === 0 || taken === code) break;
      slot++;
    }
    this.#numbers[layout.REJECTED + 2 * slot] = code;
    this.#add(layout.REJECTED + 2 * slot + 1, 1);
  }

  /** Committed rows of one table and operation. */
  rows(table: TableName, operation: Operation): number {
    return this.#at(layout.ROWS + layout.cell(table, operation));
  }

  /** All committed events. */
  get events(): number {
    let events = 0;
    for (let i = 0; i < layout.CELLS; i++) events += this.#at(layout.ROWS + i);
    return events;
  }

  /** Rejected rows by SQLSTATE. */
  rejected(): Record<string, number> {
    const rejected: Record<string, number> = {};
    for (let slot = 0; slot < layout.REJECTION_SLOTS; slot++) {
      const code = this.#at(layout.REJECTED + 2 * slot);
      if (code === 0) continue;
      const sqlstate = code.toString(36).toUpperCase().padStart(5, '0');
      rejected[sqlstate] = this.#at(layout.REJECTED + 2 * slot + 1);
    }
    return rejected;
  }

  #entry(number: number): number {
    return layout.PENDING + (number % MOST_PENDING) * layout.ENTRY;
  }

  #prepareCounter(counter: layout.Counter, by: number): void {
    this.#numbers[layout.THEN_COUNTERS + layout.COUNTERS.indexOf(counter)] = this.get(counter) + by;
  }

  #setCounter(counter: layout.Counter): void {
    const index = layout.COUNTERS.indexOf(counter);
    this.#numbers[index] = this.#at(layout.THEN_COUNTERS + index);
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

/** The sums of a run's workers. */
export interface SummedStats {
  /** Committed events. */
  readonly events: number;
  readonly rejected: number;
  readonly shed: number;
  readonly reconnects: number;
  readonly response: Histogram;
  readonly service: Histogram;
}

export function sumUp(workerStats: readonly WorkerStats[]): SummedStats {
  const sum = (pick: (stats: WorkerStats) => number) =>
    workerStats.reduce((total, stats) => total + pick(stats), 0);
  return {
    events: sum((stats) => stats.events),
    rejected: sum((stats) => rejectedTotal(stats.rejected())),
    shed: sum((stats) => stats.get('shed')),
    reconnects: sum((stats) => stats.get('reconnects')),
    response: merge(workerStats.map((stats) => stats.response)),
    service: merge(workerStats.map((stats) => stats.service)),
  };
}
