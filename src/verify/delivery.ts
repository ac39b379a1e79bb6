import type { RowEvent } from '../intake/event.js';
import { Digest } from '../ledger/digest.js';
import type { Expected } from './expected.js';
import { ExpectedRows } from './expected-rows.js';

/** What a stream has of a transaction. */
export interface Part {
  lastLsn: number;
  lastOrder: number;
  /** The stream has gone on to another transaction. */
  left: boolean;
}

/** A transaction that is expected, and what has come of it. */
export class Delivery {
  readonly expected: Expected;
  readonly #parts = new Map<number, Part>();
  /** Null before the first one came: most of what waits has nothing of it yet. */
  #rows: ExpectedRows | null = null;
  readonly #digest = new Digest();
  /** Some contents can't be told: an event left something out. */
  #blind = false;
  #delivered = 0;

  constructor(expected: Expected) {
    this.expected = expected;
  }

  /** Events that came, without those that came again. */
  get delivered(): number {
    return this.#delivered;
  }

  get complete(): boolean {
    return this.#rows !== null && this.#rows.left === 0;
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

  /** Ticks a row off; false where it is not among those that are yet to come. */
  deliver(event: RowEvent): boolean {
    this.#rows ??= new ExpectedRows(this.expected);
    if (typeof event.key !== 'number') return false;
    if (!this.#rows.take(event.table, event.operation, event.key)) return false;
    this.#delivered++;
    return true;
  }

  /** Adds what an event says of a row; null: not all that was written. */
  fold(hash: number | null): void {
    if (hash === null) this.#blind = true;
    else this.#digest.addHash(hash);
  }

  /** Whether all rows together say what was written; null where that can't be told. */
  get faithful(): boolean | null {
    // The digest is of all rows that were sent, also of those that something on the server let fall.
    if (this.#blind || Object.keys(this.expected.dropped).length > 0) return null;
    return this.#digest.text === this.expected.digest;
  }

  /** Rows that did not come. */
  get missing(): ExpectedRows {
    return this.#rows ?? new ExpectedRows(this.expected);
  }
}
