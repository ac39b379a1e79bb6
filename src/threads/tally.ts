import { TABLE_NAMES, type TableName } from '../hospital/tables.js';
import { HISTOGRAM_BYTES, Histogram } from './histogram.js';

export const OPERATIONS = ['insert', 'update', 'delete'] as const;
export type Operation = (typeof OPERATIONS)[number];

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
] as const;
export type Counter = (typeof COUNTERS)[number];

const CELLS = TABLE_NAMES.length * OPERATIONS.length;
/** Different SQLSTATEs that rows of one worker are rejected with; more of them share the last. */
const REJECTION_SLOTS = 16;

const PENDING_XID = COUNTERS.length;
const PENDING_EVENTS = PENDING_XID + 1;
const PENDING = PENDING_EVENTS + 1;
const ROWS = PENDING + CELLS;
const REJECTED = ROWS + CELLS;
const NUMBERS = REJECTED + 2 * REJECTION_SLOTS;

export type RowCounts = Record<TableName, Record<Operation, number>>;

/** Zero for every table and operation. */
export function noRows(): RowCounts {
  return Object.fromEntries(
    TABLE_NAMES.map((table) => [table, { insert: 0, update: 0, delete: 0 }]),
  ) as RowCounts;
}

function cell(table: TableName, operation: Operation): number {
  return TABLE_NAMES.indexOf(table) * OPERATIONS.length + OPERATIONS.indexOf(operation);
}

/**
 * What one worker has done, in shared memory: the worker is the only writer, and the main thread
 * reads it at any time, also after the thread died. A transaction is entered *before* COMMIT is
 * sent (`intend`) and counted when its answer is there (`settle`), so that neither a lost connection
 * nor a lost thread can make the counts differ from the database.
 */
export class Tally {
  readonly buffer: SharedArrayBuffer;
  /** From when a batch was due until its COMMIT was acknowledged. */
  readonly response: Histogram;
  /** From when a batch was sent until its COMMIT was acknowledged. */
  readonly service: Histogram;
  readonly #numbers: Float64Array;

  constructor(buffer = new SharedArrayBuffer(NUMBERS * 8 + 2 * HISTOGRAM_BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer, 0, NUMBERS);
    this.response = new Histogram(buffer, NUMBERS * 8);
    this.service = new Histogram(buffer, NUMBERS * 8 + HISTOGRAM_BYTES);
  }

  get(counter: Counter): number {
    return this.#at(COUNTERS.indexOf(counter));
  }

  count(counter: Counter, by = 1): void {
    this.#add(COUNTERS.indexOf(counter), by);
  }

  /** The transaction whose COMMIT was sent without an answer yet, or null. */
  get pendingXid(): string | null {
    const xid = this.#at(PENDING_XID);
    return xid === 0 ? null : String(xid);
  }

  /** Enters a transaction before its COMMIT: what it wrote, and how many events it stands for. */
  intend(xid: string, rows: RowCounts, events: number): void {
    for (const table of TABLE_NAMES) {
      for (const operation of OPERATIONS) {
        this.#numbers[PENDING + cell(table, operation)] = rows[table][operation];
      }
    }
    this.#numbers[PENDING_EVENTS] = events;
    // Last: a transaction counts as pending only when all of it stands there.
    this.#numbers[PENDING_XID] = Number(xid);
  }

  /** Counts the pending transaction as what became of it. */
  settle(outcome: 'committed' | 'aborted' | 'unknown'): void {
    if (outcome === 'committed') {
      this.count('committed');
      this.count('attempted', this.#at(PENDING_EVENTS));
      for (let i = 0; i < CELLS; i++) this.#add(ROWS + i, this.#at(PENDING + i));
    } else if (outcome === 'aborted') {
      this.count('rolledBack');
    } else {
      this.count('unknown');
      this.count('attempted', this.#at(PENDING_EVENTS));
    }
    this.#numbers[PENDING_XID] = 0;
  }

  /** Forgets the pending transaction: the server answered that it is not committed. */
  withdraw(): void {
    this.#numbers[PENDING_XID] = 0;
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

  #at(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  #add(index: number, by: number): void {
    this.#numbers[index] = this.#at(index) + by;
  }
}
