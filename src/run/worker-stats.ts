import type { HazardName } from '../hazards/hazards.js';
import { Histogram, merge } from '../lib/histogram.js';
import {
  type Backend,
  type EnteredPending,
  type Fate,
  MOST_PENDING,
  type Pending,
} from '../postgres/pending.js';
import { OPERATIONS, type Operation, type WrittenRows } from '../schema/changes.js';
import type { EventType } from '../schema/event.js';
import type { Schema } from '../schema/schema.js';
import type { TableName } from '../schema/table.js';
import * as layout from './stats-layout.js';

export type { Counter } from './stats-layout.js';

/** From due and from sent until answered. */
export interface Latencies {
  readonly response: Histogram;
  readonly service: Histogram;
}

/** The effects of a transaction beside the load. */
export interface HazardEffects {
  readonly names: readonly HazardName[];
  /** Rows that it added to each table, or took from it, if below 0. */
  readonly growth: ReadonlyMap<TableName, number>;
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
  readonly #layout: layout.StatsLayout;
  readonly #numbers: Float64Array;
  /** By the index of their first histogram. */
  readonly #latencies: Latencies[] = [];

  constructor(schema: Schema, buffer?: SharedArrayBuffer) {
    this.#layout = layout.layoutOf(schema);
    this.buffer = buffer ?? new SharedArrayBuffer(this.#layout.bytes);
    this.#numbers = new Float64Array(this.buffer, 0, this.#layout.numbers);
    this.response = this.#histogram(0);
    this.service = this.#histogram(1);
    this.lag = this.#histogram(2);
    this.late = this.#histogram(3);
  }

  /** Latencies of these events: each that of its batch. */
  latencyOf(type: EventType, operation: Operation): Latencies {
    const first = this.#layout.histogramsOf(type, operation);
    this.#latencies[first] ??= {
      response: this.#histogram(first),
      service: this.#histogram(first + 1),
    };
    return this.#latencies[first];
  }

  #histogram(index: number): Histogram {
    return new Histogram(this.buffer, this.#layout.histogramAt(index));
  }

  get(counter: layout.Counter): number {
    return this.#at(layout.COUNTER_AT[counter]);
  }

  count(counter: layout.Counter, by = 1): void {
    this.#add(layout.COUNTER_AT[counter], by);
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
    const first = this.#at(layout.FIRST_PENDING);
    const entry = this.#layout.entryOf(first);
    const table = this.#layout.tables.at(this.#at(entry + layout.ENTRY_WITNESS));
    const operation = OPERATIONS[this.#at(entry + layout.ENTRY_WITNESS + 1)];
    if (operation === undefined) return null;
    const xid = this.#at(entry + layout.ENTRY_XID);
    const keyed = this.#at(entry + layout.ENTRY_WITNESS + 2);
    const key = table.keyKind === 'id' ? keyed : this.#keyText(first, keyed);
    const number = this.#at(entry + layout.ENTRY_NUMBER);
    const lsn = [0, 1].map((half) => this.#at(entry + layout.ENTRY_LSN + half));
    const prepared = layout.PREPARED_ENDS[this.#at(entry + layout.ENTRY_PREPARED)] ?? null;
    return {
      xid: xid === 0 ? null : String(xid),
      witness: { table: table.name, operation, key },
      lsn: lsn.every((half) => half === 0) ? null : lsn.map(hex).join('/'),
      number,
      ...(prepared === null ? {} : { prepared }),
    };
  }

  /**
   * Enters a transaction before its COMMIT, with its rows and events. `number`: in the ledger; 0 without one. `hazards`:
   * null if they had no part in it.
   */
  intend(
    { xid, witness, lsn, prepared }: Pending,
    rows: readonly WrittenRows[],
    events: number,
    number = 0,
    hazards: HazardEffects | null = null,
  ): void {
    const end = this.#at(layout.END_PENDING);
    if (end - this.#at(layout.FIRST_PENDING) >= MOST_PENDING)
      throw new Error('too much is pending');
    const entry = this.#layout.entryOf(end);
    this.#numbers.fill(0, entry, entry + this.#layout.entry);
    this.#numbers[entry + layout.ENTRY_XID] = Number(xid ?? 0);
    this.#numbers[entry + layout.ENTRY_WITNESS] = this.#layout.tables.get(witness.table).code;
    this.#numbers[entry + layout.ENTRY_WITNESS + 1] = OPERATIONS.indexOf(witness.operation);
    const { key } = witness;
    this.#numbers[entry + layout.ENTRY_WITNESS + 2] =
      typeof key === 'number' ? key : this.#enterKeyText(end, key);
    this.#numbers[entry + layout.ENTRY_EVENTS] = events;
    this.#numbers[entry + layout.ENTRY_NUMBER] = number;
    if (lsn != null) {
      const halves = lsn.split('/').map((half) => Number.parseInt(half, 16));
      this.#numbers.set(halves, entry + layout.ENTRY_LSN);
    }
    this.#numbers[entry + layout.ENTRY_PREPARED] = layout.PREPARED_ENDS.indexOf(prepared ?? null);
    for (const { table, operation, count } of rows) {
      this.#add(entry + layout.ENTRY_ROWS + this.#layout.cell(table, operation), count);
    }
    this.#numbers[entry + layout.ENTRY_COUNTED] =
      hazards === null ? this.#layout.cells : this.#layout.counts;
    if (hazards !== null) this.#enterHazards(entry + layout.ENTRY_ROWS, hazards);
    // Last: a transaction counts as pending only when all of it is there.
    this.#numbers[layout.END_PENDING] = end + 1;
  }

  #enterHazards(counts: number, { names, growth }: HazardEffects): void {
    for (const name of names) this.#add(counts + this.#layout.hazard(name), 1);
    for (const [table, rows] of growth) this.#add(counts + this.#layout.growth(table), rows);
  }

  /** Takes rows off the first pending transaction: the server dropped them. */
  reduce({ table, operation, count }: WrittenRows): void {
    const entry = this.#layout.entryOf(this.#at(layout.FIRST_PENDING));
    this.#add(entry + layout.ENTRY_EVENTS, -count);
    this.#add(entry + layout.ENTRY_ROWS + this.#layout.cell(table, operation), -count);
  }

  /**
   * Counts the first pending transaction by its outcome. `asked`: COMMIT got no answer, and the server was asked for
   * the outcome.
   */
  settle(outcome: Fate, asked = false): void {
    this.finishSettling();
    const first = this.#at(layout.FIRST_PENDING);
    const entry = this.#layout.entryOf(first);
    const events = this.#at(entry + layout.ENTRY_EVENTS);
    const committed = outcome === 'committed';
    // The new sums, not the additions: a thread may end in the middle, and its successor finishes to the same.
    this.#prepareCounter('committed', committed ? 1 : 0);
    const onPurpose = layout.PREPARED_ENDS[this.#at(entry + layout.ENTRY_PREPARED)] === 'rollback';
    this.#prepareCounter('rolledBack', outcome === 'aborted' && !onPurpose ? 1 : 0);
    this.#prepareCounter('unknown', outcome === 'unknown' ? 1 : 0);
    this.#prepareCounter('attempted', outcome === 'aborted' ? 0 : events);
    this.#prepareCounter('settled', asked && outcome !== 'unknown' ? 1 : 0);
    const counted = this.#at(entry + layout.ENTRY_COUNTED);
    for (let i = 0; i < counted; i++) {
      const rows = committed ? this.#at(entry + layout.ENTRY_ROWS + i) : 0;
      this.#numbers[this.#layout.thenRows + i] = this.#at(this.#layout.rows + i) + rows;
    }
    this.#numbers[this.#layout.thenFirst] = first + 1;
    this.#numbers[layout.SETTLING] = counted;
    this.finishSettling();
  }

  /** Counts to the end the transaction that an ended thread left half counted. */
  finishSettling(): void {
    const counted = this.#at(layout.SETTLING);
    if (counted === 0) return;
    const { rows, thenRows, thenFirst } = this.#layout;
    for (const counter of layout.SETTLED_COUNTERS) this.#setCounter(counter);
    this.#numbers.copyWithin(rows, thenRows, thenRows + counted);
    this.#numbers[layout.FIRST_PENDING] = this.#at(thenFirst);
    this.#numbers[layout.SETTLING] = 0;
  }

  /** Forgets the first `count` pending transactions: the server answered that they are not committed. */
  withdraw(count: number): void {
    const first = this.#at(layout.FIRST_PENDING) + count;
    this.#numbers[layout.FIRST_PENDING] = Math.min(first, this.#at(layout.END_PENDING));
  }

  /** Counts one rejected row under its SQLSTATE (five letters or digits). */
  reject(sqlstate: string): void {
    const code = Number.parseInt(sqlstate, 36);
    let slot = 0;
    while (slot < layout.REJECTION_SLOTS - 1) {
      const taken = this.#at(this.#layout.rejected + 2 * slot);
      if (taken === 0 || taken === code) break;
      slot++;
    }
    this.#numbers[this.#layout.rejected + 2 * slot] = code;
    this.#add(this.#layout.rejected + 2 * slot + 1, 1);
  }

  /** Committed rows of one table and operation. */
  rows(table: TableName, operation: Operation): number {
    return this.#at(this.#layout.rows + this.#layout.cell(table, operation));
  }

  /** Rows that hazards added to a table, less those that they deleted: committed ones. */
  growth(table: TableName): number {
    return this.#at(this.#layout.rows + this.#layout.growth(table));
  }

  /** How often a hazard happened. */
  hazard(name: HazardName): number {
    return this.#at(this.#layout.rows + this.#layout.hazard(name));
  }

  /** Counts a hazard that is no part of a committed transaction. */
  countHazard(name: HazardName): void {
    this.#add(this.#layout.rows + this.#layout.hazard(name), 1);
  }

  /** All committed events. */
  get events(): number {
    let events = 0;
    for (let i = 0; i < this.#layout.cells; i++) events += this.#at(this.#layout.rows + i);
    return events;
  }

  /** Rejected rows by SQLSTATE. */
  rejected(): Record<string, number> {
    const rejected: Record<string, number> = {};
    for (let slot = 0; slot < layout.REJECTION_SLOTS; slot++) {
      const code = this.#at(this.#layout.rejected + 2 * slot);
      if (code === 0) continue;
      const sqlstate = code.toString(36).toUpperCase().padStart(5, '0');
      rejected[sqlstate] = this.#at(this.#layout.rejected + 2 * slot + 1);
    }
    return rejected;
  }

  #keyText(ordinal: number, length: number): string {
    const bytes = this.#layout.textOf(this.buffer, ordinal);
    return Buffer.from(bytes.subarray(0, length)).toString();
  }

  /** Returns the length of the text, in bytes. */
  #enterKeyText(ordinal: number, key: string): number {
    const bytes = Buffer.from(key);
    this.#layout.textOf(this.buffer, ordinal).set(bytes);
    return bytes.length;
  }

  #prepareCounter(counter: layout.Counter, by: number): void {
    this.#numbers[layout.THEN_COUNTERS + layout.COUNTER_AT[counter]] = this.get(counter) + by;
  }

  #setCounter(counter: layout.Counter): void {
    const index = layout.COUNTER_AT[counter];
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

/** How often each of these hazards happened. */
export function sumHazards<Name extends HazardName>(
  names: readonly Name[],
  workerStats: readonly WorkerStats[],
): Record<Name, number> {
  const sum = (name: Name) => workerStats.reduce((total, stats) => total + stats.hazard(name), 0);
  return Object.fromEntries(names.map((name) => [name, sum(name)])) as Record<Name, number>;
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

function hex(half: number): string {
  return half.toString(16).toUpperCase();
}
