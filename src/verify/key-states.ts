import { mix } from '../hospital/mix.js';
import { TABLE_NAMES, type TableName } from '../hospital/tables.js';
import type { RowEvent } from '../intake/event.js';
import type { Contents } from './contents.js';
import type { Detail } from './findings.js';

/** What the events of a row came to. */
export interface KeyState {
  readonly table: TableName;
  readonly key: number;
  readonly present: boolean;
  /** Of the transaction that wrote it last. */
  readonly xid: number;
  /** Hash of all that was said of it (`Contents.row`); null where something was left out. */
  readonly row: number | null;
}

const PRESENT = 1;
const GONE = 2;
/** With PRESENT: its last event left something out. */
const UNTOLD = 4;

/** Bytes of a slot: key, xid, two hashes, state. */
const SLOT_BYTES = 21;
const FIRST_SLOTS = 1 << 12;
/** Of the slots, those that may be taken: beyond, every search is long. */
const LOAD = 0.7;
const WORDS = 2 ** 32;
const EMPTY = -1;

/**
 * What the events say of each row, in the order in which they come: whether it is there, and what it holds.
 * Rows are sampled by a hash of their key where there are more than memory has room for: a row is followed
 * from its first event to its last, or not at all.
 */
export class KeyStates {
  readonly #mostSlots: number;
  /** Keys are followed whose hash is below this. */
  #threshold: number;
  #slots = FIRST_SLOTS;
  #taken = 0;
  #keys = new Float64Array(FIRST_SLOTS).fill(EMPTY);
  #xids = new Uint32Array(FIRST_SLOTS);
  #rows = new Int32Array(FIRST_SLOTS);
  #stable = new Int32Array(FIRST_SLOTS);
  #states = new Uint8Array(FIRST_SLOTS);

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   */
  constructor(bytes: number, sample: number) {
    // While it grows the old slots are still there.
    this.#mostSlots = 2 ** Math.floor(Math.log2(Math.max(bytes / SLOT_BYTES / 1.5, FIRST_SLOTS)));
    this.#threshold = sample * WORDS;
  }

  /** The share of keys that were followed from the beginning to the end. */
  get sample(): number {
    return this.#threshold / WORDS;
  }

  /** Rows that are followed. */
  get size(): number {
    return this.#taken;
  }

  /** Adds what an event says; what is wrong with it, if anything. */
  fold(event: RowEvent, { row, stable, whole }: Contents): Detail | null {
    const { operation, table, key } = event;
    if (typeof key !== 'number' || key < 0 || key >= WORDS * 16) return null;
    const code = codeOf(table, key);
    if (hashOf(code) >= this.#threshold) return null;
    if (this.#taken >= this.#slots * LOAD && !this.#makeRoom(code)) return null;
    const slot = this.#find(code);
    const before = this.#states[slot]!;
    if (before === 0) {
      this.#keys[slot] = code;
      this.#taken++;
    }
    const moved =
      operation === 'update' && before === PRESENT && whole && stable !== this.#stable[slot];
    this.#states[slot] = operation === 'delete' ? GONE : whole ? PRESENT : PRESENT | UNTOLD;
    this.#xids[slot] = event.xid ?? 0;
    this.#rows[slot] = row;
    if (operation !== 'delete') this.#stable[slot] = stable;
    if (operation === 'insert' && (before & PRESENT) !== 0) return 'exists_already';
    if (operation !== 'insert' && operation !== 'snapshot' && before === GONE)
      return 'does_not_exist';
    return moved ? 'column_changed' : null;
  }

  /** Whether a row is followed, and events said it was there or gone. */
  knows(table: TableName, key: number): boolean | null {
    const code = codeOf(table, key);
    if (hashOf(code) >= this.#threshold) return null;
    return this.#states[this.#find(code)] !== 0;
  }

  *[Symbol.iterator](): Generator<KeyState> {
    for (let slot = 0; slot < this.#slots; slot++) {
      const code = this.#keys[slot]!;
      if (code === EMPTY) continue;
      const state = this.#states[slot]!;
      yield {
        table: TABLE_NAMES[code % TABLE_NAMES.length]!,
        key: Math.floor(code / TABLE_NAMES.length),
        present: (state & PRESENT) !== 0,
        xid: this.#xids[slot]!,
        row: (state & UNTOLD) === 0 ? this.#rows[slot]! : null,
      };
    }
  }

  /** Grows, or follows half as many keys; whether this key is still followed. */
  #makeRoom(code: number): boolean {
    if (this.#slots < this.#mostSlots) this.#rebuild(this.#slots * 2);
    while (this.#taken >= this.#slots * LOAD) {
      this.#threshold /= 2;
      this.#rebuild(this.#slots);
    }
    return hashOf(code) < this.#threshold;
  }

  #rebuild(slots: number): void {
    const { keys, xids, rows, stable, states } = {
      keys: this.#keys,
      xids: this.#xids,
      rows: this.#rows,
      stable: this.#stable,
      states: this.#states,
    };
    this.#slots = slots;
    this.#taken = 0;
    this.#keys = new Float64Array(slots).fill(EMPTY);
    this.#xids = new Uint32Array(slots);
    this.#rows = new Int32Array(slots);
    this.#stable = new Int32Array(slots);
    this.#states = new Uint8Array(slots);
    for (let old = 0; old < keys.length; old++) {
      const code = keys[old]!;
      if (code === EMPTY || hashOf(code) >= this.#threshold) continue;
      const slot = this.#find(code);
      this.#keys[slot] = code;
      this.#xids[slot] = xids[old]!;
      this.#rows[slot] = rows[old]!;
      this.#stable[slot] = stable[old]!;
      this.#states[slot] = states[old]!;
      this.#taken++;
    }
  }

  /** The slot of a key, or the one that it would take. */
  #find(code: number): number {
    const mask = this.#slots - 1;
    // Other bits than those that the sample is drawn by.
    let slot = mix(hashOf(code)) & mask;
    while (this.#keys[slot] !== EMPTY && this.#keys[slot] !== code) slot = (slot + 1) & mask;
    return slot;
  }
}

const TABLE_CODES = new Map(TABLE_NAMES.map((table, i) => [table, i]));

function codeOf(table: TableName, key: number): number {
  return key * TABLE_NAMES.length + (TABLE_CODES.get(table) ?? 0);
}

/** 32 bits, not negative. */
function hashOf(code: number): number {
  return mix((code | 0) ^ mix((code / WORDS) | 0)) >>> 0;
}
