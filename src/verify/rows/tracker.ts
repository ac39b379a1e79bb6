import type { TableName } from '../../schemas/hospital/tables.js';
import type { RowEvent } from '../../sources/source.js';
import type { Detail } from '../verdict/findings.js';
import type { RowFingerprint } from './fingerprint.js';
import { FIRST_WORD, KeyTable, NOWHERE } from './key-table.js';

/** What the events of a row came to. */
export interface KeyState {
  readonly table: TableName;
  readonly key: number;
  readonly present: boolean;
  /** Of the transaction that wrote it last. */
  readonly xid: number;
  /** Hash of all that was said of it (`RowFingerprint.row`); null where something was left out. */
  readonly row: number | null;
  /** `row` has the columns that the server sets. */
  readonly server: boolean;
  /** Its timestamps were told to the millisecond. */
  readonly coarse: boolean;
}

const PRESENT = 1;
const GONE = 2;
/** With PRESENT, of its last event: it left out some of the table's own columns. */
const UNTOLD = 4;
/** The same: told times to the millisecond. */
const COARSE = 8;
/** The same: told all own columns that no update sets. */
const FIXED_TOLD = 16;
/** The same: told the columns that the server sets. */
const SERVER_TOLD = 32;
/** The same: was of a snapshot, which may be ahead of the changes behind it. */
const OF_SNAPSHOT = 64;

/** What is kept of a row: who wrote it last, and what the last event said. */
const XID = FIRST_WORD;
const ROW = FIRST_WORD + 1;
const STABLE = FIRST_WORD + 2;
const WORDS = 3;

/**
 * What the events say of each row, in the order in which they come: whether it is there, and what it holds.
 */
export class RowTracker {
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
  fold(event: RowEvent, contents: RowFingerprint): Detail | null {
    const { operation } = event;
    const table = this.#table;
    const at = table.claim(event.table, event.key);
    if (at === NOWHERE) return null;
    const before = table.state(at);
    // What the changes themselves came to is not made good by a snapshot that says otherwise.
    if (operation === 'snapshot' && before !== 0 && (before & OF_SNAPSHOT) === 0) return null;
    const { words } = table;
    const state = operation === 'delete' ? GONE : presentBy(event, contents);
    const { stable } = contents;
    const moved =
      operation === 'update' && isComparable(before, state) && (stable ?? 0) !== words[at + STABLE];
    table.setState(at, state);
    words[at + XID] = event.xid ?? 0;
    words[at + ROW] = contents.row ?? 0;
    if (operation !== 'delete') words[at + STABLE] = stable ?? 0;
    if (operation === 'insert' && (before & (PRESENT | OF_SNAPSHOT)) === PRESENT)
      return 'exists_already';
    if (operation !== 'insert' && operation !== 'snapshot' && before === GONE)
      return 'does_not_exist';
    return moved ? 'column_changed' : null;
  }

  /** Whether the last event of a row said just what this one says. */
  holds({ table, key }: RowEvent, { row, server }: RowFingerprint): boolean {
    const at = this.#table.find(table, key);
    if (at === NOWHERE || row === null || !server) return false;
    const told = PRESENT | UNTOLD | SERVER_TOLD;
    const isAlike = (this.#table.state(at) & told) === (PRESENT | SERVER_TOLD);
    return isAlike && this.#table.words[at + ROW] === row;
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
        server: (state & SERVER_TOLD) !== 0,
        coarse: (state & COARSE) !== 0,
      };
    }
  }
}

/** The state of a row that an event says is there. */
function presentBy(
  { operation }: RowEvent,
  { row, stable, server, coarse }: RowFingerprint,
): number {
  return (
    PRESENT |
    (row === null ? UNTOLD : 0) |
    (coarse ? COARSE : 0) |
    (stable === null ? 0 : FIXED_TOLD) |
    (server ? SERVER_TOLD : 0) |
    (operation === 'snapshot' ? OF_SNAPSHOT : 0)
  );
}

/** Whether two events told alike of what no update sets. */
function isComparable(before: number, now: number): boolean {
  const told = PRESENT | COARSE | FIXED_TOLD | SERVER_TOLD;
  return (before & told) === (now & told) && (now & FIXED_TOLD) !== 0;
}
