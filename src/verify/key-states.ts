import { highWord, mix } from '../hospital/mix.js';
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

/**
 * Words of 32 bits of a slot, side by side, so that one look into memory brings all of them: the key's low half;
 * its high half, eight bits up, above the state; and what the last event said.
 */
const LOW = 0;
const HIGH_AND_STATE = 1;
const XID = 2;
const ROW = 3;
const STABLE = 4;
const SLOT_WORDS = 5;
const SLOT_BYTES = SLOT_WORDS * 4;
const STATE_BITS = 8;
const STATES = 2 ** STATE_BITS - 1;
const FIRST_SLOTS = 1 << 12;
/** Of the slots, those that may be taken: beyond, every search is long. */
const LOAD = 0.7;
const WORDS = 2 ** 32;
/** Keys above are not followed: with the table they would not fit. */
const MOST_KEY = WORDS * 16;

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
  #words = new Int32Array(FIRST_SLOTS * SLOT_WORDS);

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
    if (typeof key !== 'number' || key < 0 || key >= MOST_KEY) return null;
    const code = codeOf(table, key);
    const hash = hashOf(code);
    if (hash >= this.#threshold) return null;
    if (this.#taken >= this.#slots * LOAD && !this.#makeRoom(hash)) return null;
    const high = highWord(code);
    const at = this.#find(hash, code | 0, high);
    const words = this.#words;
    const before = words[at + HIGH_AND_STATE]! & STATES;
    if (before === 0) {
      words[at + LOW] = code | 0;
      this.#taken++;
    }
    const moved =
      operation === 'update' && before === PRESENT && whole && stable !== words[at + STABLE];
    const state = operation === 'delete' ? GONE : whole ? PRESENT : PRESENT | UNTOLD;
    words[at + HIGH_AND_STATE] = (high << STATE_BITS) | state;
    words[at + XID] = event.xid ?? 0;
    words[at + ROW] = row;
    if (operation !== 'delete') words[at + STABLE] = stable;
    if (operation === 'insert' && (before & PRESENT) !== 0) return 'exists_already';
    if (operation !== 'insert' && operation !== 'snapshot' && before === GONE)
      return 'does_not_exist';
    return moved ? 'column_changed' : null;
  }

  /** Whether a row is followed, and events said it was there or gone. */
  knows(table: TableName, key: number): boolean | null {
    const code = codeOf(table, key);
    const hash = hashOf(code);
    if (hash >= this.#threshold) return null;
    const at = this.#find(hash, code | 0, highWord(code));
    return this.#words[at + HIGH_AND_STATE] !== 0;
  }

  *[Symbol.iterator](): Generator<KeyState> {
    for (let slot = 0; slot < this.#slots; slot++) {
      const words = this.#words;
      const at = slot * SLOT_WORDS;
      const highAndState = words[at + HIGH_AND_STATE]!;
      if (highAndState === 0) continue;
      const code = (highAndState >>> STATE_BITS) * WORDS + (words[at + LOW]! >>> 0);
      yield {
        table: TABLE_NAMES[code % TABLE_NAMES.length]!,
        key: Math.floor(code / TABLE_NAMES.length),
        present: (highAndState & PRESENT) !== 0,
        xid: words[at + XID]! >>> 0,
        row: (highAndState & UNTOLD) === 0 ? words[at + ROW]! : null,
      };
    }
  }

  /** Grows, or follows half as many keys; whether one of this hash is still followed. */
  #makeRoom(hash: number): boolean {
    if (this.#slots < this.#mostSlots) this.#rebuild(this.#slots * 2);
    while (this.#taken >= this.#slots * LOAD) {
      this.#threshold /= 2;
      this.#rebuild(this.#slots);
    }
    return hash < this.#threshold;
  }

  #rebuild(slots: number): void {
    const old = this.#words;
    this.#slots = slots;
    this.#taken = 0;
    this.#words = new Int32Array(slots * SLOT_WORDS);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      const highAndState = old[from + HIGH_AND_STATE]!;
      if (highAndState === 0) continue;
      const low = old[from + LOW]!;
      const high = highAndState >>> STATE_BITS;
      const hash = hashOfHalves(low, high);
      if (hash >= this.#threshold) continue;
      const at = this.#find(hash, low, high);
      for (let word = 0; word < SLOT_WORDS; word++) this.#words[at + word] = old[from + word]!;
      this.#taken++;
    }
  }

  /** Where the slot of a key is, or the one that it would take. */
  #find(hash: number, low: number, high: number): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    // Other bits than those that the sample is drawn by.
    let slot = mix(hash) & mask;
    for (;;) {
      const at = slot * SLOT_WORDS;
      const highAndState = words[at + HIGH_AND_STATE]!;
      if (highAndState === 0) return at;
      if (words[at + LOW] === low && highAndState >>> STATE_BITS === high) return at;
      slot = (slot + 1) & mask;
    }
  }
}

const TABLE_CODES = Object.fromEntries(TABLE_NAMES.map((table, i) => [table, i])) as Record<
  TableName,
  number
>;

/** Below 2^39: eight bits and more are left above it in two words. */
function codeOf(table: TableName, key: number): number {
  return key * TABLE_NAMES.length + TABLE_CODES[table];
}

/** 32 bits, not negative. */
function hashOf(code: number): number {
  return hashOfHalves(code | 0, highWord(code));
}

function hashOfHalves(low: number, high: number): number {
  return mix(low ^ mix(high)) >>> 0;
}
