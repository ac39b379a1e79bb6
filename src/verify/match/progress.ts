import { Digest } from '../../ledger/digest.js';
import type { TableName } from '../../schemas/hospital/tables.js';
import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import { ExpectedRows, TICK, type Tick } from '../rows/expected-rows.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { Doubt } from '../verdict/accounting.js';

/** What a stream has of a transaction. */
export interface Part {
  lastLsn: number;
  lastOrder: number;
  /** The stream has gone on to another transaction. */
  left: boolean;
}

/** A transaction that is expected, and what has come of it. */
export class TransactionProgress {
  readonly expected: Expected;
  readonly #parts = new Map<number, Part>();
  /** Null before the first one came: most of what waits has nothing of it yet. */
  #rows: ExpectedRows | null = null;
  readonly #digest: Digest | null;
  /** Of a ledger of version 1: an event left something out, so the digest can't be compared. */
  #blind = false;
  /** Deletes that came without telling of which row, by table; null: none did. */
  #keyless: Map<TableName, number> | null = null;
  #delivered = 0;
  /** Null: none. Most transactions have none of either, and many wait at a time. */
  #doubts: Map<Doubt, number> | null = null;
  /** Events of the transaction that the ledger does not have: the server's own. */
  derived = 0;

  constructor(expected: Expected) {
    this.expected = expected;
    this.#digest = expected.prints === null ? new Digest() : null;
  }

  /** Events that came, without those that came again. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Nothing more is to come. */
  get complete(): boolean {
    return this.#rows !== null && this.#rows.left === this.unidentified;
  }

  /** Deletes that came and do not tell their row, of those that are yet to come. */
  get unidentified(): number {
    if (this.#keyless === null) return 0;
    let count = 0;
    for (const [table, came] of this.#keyless) {
      count += Math.min(came, this.rows.leftOf(table, 'delete'));
    }
    return count;
  }

  /** That of a stream; undefined where it has none. */
  part(stream: number): Part | undefined {
    return this.#parts.get(stream);
  }

  begin(stream: number): Part {
    const part = { lastLsn: 0, lastOrder: 0, left: false };
    this.#parts.set(stream, part);
    return part;
  }

  /** Ticks a row off. */
  deliver({ table, operation, key }: RowEvent, contents: RowFingerprint): Tick {
    const tick = this.rows.take(table, operation, key, contents);
    if (tick === TICK.none) return tick;
    this.#delivered++;
    if (this.#digest === null) return tick;
    if (contents.written === null) this.#blind = true;
    else this.#digest.addHash(contents.written);
    return tick;
  }

  /** One of the events that came can't be judged. */
  doubt(reason: Doubt): void {
    this.#doubts ??= new Map();
    this.#doubts.set(reason, (this.#doubts.get(reason) ?? 0) + 1);
  }

  /** Events that came and can't be judged; null: none. */
  get doubts(): ReadonlyMap<Doubt, number> | null {
    return this.#doubts;
  }

  /** A row was deleted, and the event does not tell which. False: none of this table can be. */
  deliverKeyless(table: TableName): boolean {
    const came = this.#keyless?.get(table) ?? 0;
    if (came >= this.rows.leftOf(table, 'delete')) return false;
    this.#keyless ??= new Map();
    this.#keyless.set(table, came + 1);
    return true;
  }

  /** By table, deletes that came and do not tell their row. */
  keylessOf(table: TableName): number {
    return Math.min(this.#keyless?.get(table) ?? 0, this.rows.leftOf(table, 'delete'));
  }

  /**
   * Of a ledger of version 1: whether all rows together say what was written; null where that can't be told. In
   * later versions each row was compared by itself.
   */
  get faithful(): boolean | null {
    if (this.#digest === null) return true;
    // The digest is of all rows that were sent, also of those that something on the server let fall.
    if (this.#blind || Object.keys(this.expected.dropped).length > 0) return null;
    return this.#digest.text === this.expected.digest;
  }

  get rows(): ExpectedRows {
    this.#rows ??= new ExpectedRows(this.expected);
    return this.#rows;
  }
}
