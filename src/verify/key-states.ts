import type { TableName } from '../hospital/tables.js';
import type { RowEvent } from '../intake/event.js';
import type { Contents } from './contents.js';
import type { Detail } from './findings.js';
import { FIRST_WORD, KeyTable, NOWHERE } from './key-table.js';

/** What the events of a row came to. */
export interface KeyState {
  readonly table: TableName;
  readonly key: number;
  readonly present: boolean;
  /** Of the transaction that wrote it last. */
  readonly xid: number;
  /** Hash of all that was said of it (`Contents.row`); null where something was left out. */
  readonly row: number | null;
  /** Its timestamps were told to the millisecond. */
  readonly coarse: boolean;
}

const PRESENT = 1;
const GONE = 2;
/** With PRESENT: its last event left something out. */
const UNTOLD = 4;
/** With PRESENT: its last event told times to the millisecond. */
const COARSE = 8;

/** What is kept of a row: who wrote it last (0: a snapshot has it), and what the last event said. */
const XID = FIRST_WORD;
const ROW = FIRST_WORD + 1;
const STABLE = FIRST_WORD + 2;
const WORDS = 3;

/**
 * What the events say of each row, in the order in which they come: whether it is there, and what it holds.
 */
export class KeyStates {
  readonly #table: KeyTable;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   */
  constructor(bytes: number, sample: number) {
    this.#table = new KeyTable(bytes, sample, WORDS);
  }

  /** The share of keys that were followed from the beginning to the end. */
  get sample(): number {
    return this.#table.sample;
  }

  /** Rows that are followed. */
  get size(): number {
    return this.#table.size;
  }

  /** Adds what an event says; what is wrong with it, if anything. */
  fold(event: RowEvent, { row, stable, whole, coarse }: Contents): Detail | null {
    const { operation } = event;
    const table = this.#table;
    const at = table.claim(event.table, event.key);
    if (at === NOWHERE) return null;
    const before = table.state(at);
    const { words } = table;
    const told = PRESENT | (whole ? 0 : UNTOLD) | (coarse ? COARSE : 0);
    // Only what both tell alike can be compared.
    const moved =
      operation === 'update' && whole && before === told && stable !== words[at + STABLE];
    // A snapshot that was taken while the stream stood still is ahead of the changes that follow it.
    const inserted = (before & PRESENT) !== 0 && words[at + XID] !== 0;
    table.setState(at, operation === 'delete' ? GONE : told);
    words[at + XID] = event.xid ?? 0;
    words[at + ROW] = row;
    if (operation !== 'delete') words[at + STABLE] = stable;
    if (operation === 'insert' && inserted) return 'exists_already';
    if (operation !== 'insert' && operation !== 'snapshot' && before === GONE)
      return 'does_not_exist';
    return moved ? 'column_changed' : null;
  }

  /** Whether the last event of a row said just what this one says. */
  holds({ table, key }: RowEvent, { row, whole }: Contents): boolean {
    const at = this.#table.find(table, key);
    if (at === NOWHERE || !whole) return false;
    const state = this.#table.state(at);
    return (state & PRESENT) !== 0 && (state & UNTOLD) === 0 && this.#table.words[at + ROW] === row;
  }

  /** Forgets all rows: what was said of them was another server's. */
  clear(): void {
    this.#table.clear();
  }

  *[Symbol.iterator](): Generator<KeyState> {
    for (const { table, key, at } of this.#table.entries()) {
      const { words } = this.#table;
      const state = this.#table.state(at);
      yield {
        table,
        key,
        present: (state & PRESENT) !== 0,
        xid: words[at + XID]! >>> 0,
        row: (state & UNTOLD) === 0 ? words[at + ROW]! : null,
        coarse: (state & COARSE) !== 0,
      };
    }
  }
}
