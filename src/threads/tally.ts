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
/** Three numbers: table, operation, id. */
const WITNESS = PENDING_XID + 1;
/** What the counters and the rows will be, each in the order of its own. */
const THEN_COUNTERS = WITNESS + 3;
const THEN_ROWS = THEN_COUNTERS + COUNTERS.length;
const ROWS = THEN_ROWS + CELLS;
const REJECTED = ROWS + CELLS;
const NUMBERS = REJECTED + 2 * REJECTION_SLOTS;

export type RowCounts = Record<TableName, Record<Operation, number>>;

/** Committed rows of one table, written in one way. */
export interface WrittenRows {
  readonly table: TableName;
  readonly operation: Operation;
  readonly count: number;
}

/** Zero for every table and operation. */
export function noRows(): RowCounts {
  return Object.fromEntries(
    TABLE_NAMES.map((table) => [table, { insert: 0, update: 0, delete: 0 }]),
  ) as RowCounts;
}

function cell(table: TableName, operation: Operation): number {
  return TABLE_NAMES.indexOf(table) * OPERATIONS.length + OPERATIONS.indexOf(operation);
}

/** One row that a transaction wrote: by it the transaction is known, whatever else becomes of it. */
export interface Witness {
  readonly table: TableName;
  readonly operation: Operation;
  readonly id: number;
}

/** A transaction whose COMMIT is sent. `xid`: xid8 as text. */
export interface Pending {
  readonly xid: string;
  readonly witness: Witness;
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
  /** From when a batch was due until it was sent: how late the generator itself was. */
  readonly lag: Histogram;
  readonly #numbers: Float64Array;

  constructor(buffer = new SharedArrayBuffer(NUMBERS * 8 + 3 * HISTOGRAM_BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer, 0, NUMBERS);
    this.response = new Histogram(buffer, NUMBERS * 8);
    this.service = new Histogram(buffer, NUMBERS * 8 + HISTOGRAM_BYTES);
    this.lag = new Histogram(buffer, NUMBERS * 8 + 2 * HISTOGRAM_BYTES);
  }

  get(counter: Counter): number {
    return this.#at(COUNTERS.indexOf(counter));
  }

  count(counter: Counter, by = 1): void {
    this.#add(COUNTERS.indexOf(counter), by);
  }

  /** The transaction whose COMMIT was sent without an answer yet, or null. */
  get pending(): Pending | null {
    const xid = this.#at(PENDING_XID);
    const table = TABLE_NAMES[this.#at(WITNESS)];
    const operation = OPERATIONS[this.#at(WITNESS + 1)];
    if (xid === 0 || table === undefined || operation === undefined) return null;
    return { xid: String(xid), witness: { table, operation, id: this.#at(WITNESS + 2) } };
  }

  /** Enters a transaction before its COMMIT: what it wrote, and how many events it stands for. */
  intend({ xid, witness }: Pending, rows: RowCounts, events: number): void {
    this.#numbers.set(
      [TABLE_NAMES.indexOf(witness.table), OPERATIONS.indexOf(witness.operation), witness.id],
      WITNESS,
    );
    // The sums that will hold, not what is added to them: a thread may end amid `settle`, and the
    // one that comes after it settles once more.
    for (const counter of COUNTERS) this.#foresee(counter, counter === 'attempted' ? events : 1);
    for (const table of TABLE_NAMES) {
      for (const operation of OPERATIONS) {
        const i = cell(table, operation);
        this.#numbers[THEN_ROWS + i] = this.#at(ROWS + i) + rows[table][operation];
      }
    }
    // Last: a transaction counts as pending only when all of it stands there.
    this.#numbers[PENDING_XID] = Number(xid);
  }

  /**
   * Counts the pending transaction as what became of it. `asked`: the server had to be asked, since
   * no answer to COMMIT came.
   */
  settle(outcome: 'committed' | 'aborted' | 'unknown', asked = false): void {
    if (outcome === 'committed') {
      this.#fulfil('committed');
      this.#fulfil('attempted');
      this.#numbers.copyWithin(ROWS, THEN_ROWS, THEN_ROWS + CELLS);
    } else if (outcome === 'aborted') {
      this.#fulfil('rolledBack');
    } else {
      this.#fulfil('unknown');
      this.#fulfil('attempted');
    }
    if (asked && outcome !== 'unknown') this.#fulfil('settled');
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
