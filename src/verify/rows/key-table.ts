import { TABLE_CODES, TABLE_NAMES, type TableName } from '../../legacy/tables.js';
import { highWord, mix } from '../../random/hash.js';

/**
 * Words of 32 bits of a slot, side by side in one cache line: the key's low half; its high half above the eight bits of
 * the state; and from FIRST_WORD on the words that are kept of the key.
 */
const LOW = 0;
const HIGH_AND_STATE = 1;
export const FIRST_WORD = 2;
const STATE_BITS = 8;
const STATES = 2 ** STATE_BITS - 1;
const FIRST_SLOTS = 1 << 12;
/** Share of slots that may be taken: above it, searches get long. */
const LOAD = 0.7;
const WORDS = 2 ** 32;
/** Larger keys are not followed: with the table's code they do not fit into the slot. */
const MOST_KEY = WORDS * 16;

/** Not in the table. */
export const NOWHERE = -1;

/**
 * A hash table in flat memory, of words and a state for each key of a row. When memory is full, keys are sampled by a
 * hash: a key is followed from its first claim to the end, or not at all.
 */
export class KeyTable {
  readonly #slotWords: number;
  readonly #mostSlots: number;
  /** Keys with a hash below it are followed. */
  #threshold: number;
  #slots = FIRST_SLOTS;
  #taken = 0;
  #words: Int32Array;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   * @param words of a key, besides its state
   */
  constructor(bytes: number, sample: number, words: number) {
    this.#slotWords = FIRST_WORD + words;
    const slotBytes = this.#slotWords * 4;
    // While it grows, the old slots, half as many, are in memory, too.
    this.#mostSlots = 2 ** Math.floor(Math.log2(Math.max(bytes / slotBytes / 1.5, FIRST_SLOTS)));
    this.#threshold = sample * WORDS;
    this.#words = new Int32Array(FIRST_SLOTS * this.#slotWords);
  }

  /** The share of keys that were followed from the beginning to the end. */
  get sample(): number {
    return this.#threshold / WORDS;
  }

  /** Keys that are followed. */
  get size(): number {
    return this.#taken;
  }

  /** The words of all slots. The next `claim` may replace the array. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Whether a key is among those that are followed. */
  follows(table: TableName, key: number | string): boolean {
    if (typeof key !== 'number' || key < 0 || key >= MOST_KEY) return false;
    return hashOf(codeOf(table, key)) < this.#threshold;
  }

  /** The place of a key's slot in `words`, for FIRST_WORD and the following; NOWHERE: it was not claimed. */
  find(table: TableName, key: number | string): number {
    if (typeof key !== 'number' || key < 0 || key >= MOST_KEY) return NOWHERE;
    const code = codeOf(table, key);
    const hash = hashOf(code);
    if (hash >= this.#threshold) return NOWHERE;
    const at = this.#search(hash, code | 0, highWord(code));
    return this.#words[at + HIGH_AND_STATE] === 0 ? NOWHERE : at;
  }

  /**
   * The same, and adds the key if it is new: then its state is 0, and `setState` must follow with another one.
   * NOWHERE: the key is not followed.
   */
  claim(table: TableName, key: number | string): number {
    if (typeof key !== 'number' || key < 0 || key >= MOST_KEY) return NOWHERE;
    const code = codeOf(table, key);
    const hash = hashOf(code);
    if (hash >= this.#threshold) return NOWHERE;
    if (this.#taken >= this.#slots * LOAD && !this.#makeRoom(hash)) return NOWHERE;
    const high = highWord(code);
    const at = this.#search(hash, code | 0, high);
    if (this.#words[at + HIGH_AND_STATE] === 0) {
      this.#words[at + LOW] = code | 0;
      this.#words[at + HIGH_AND_STATE] = high << STATE_BITS;
      this.#taken++;
    }
    return at;
  }

  state(at: number): number {
    return this.#words[at + HIGH_AND_STATE]! & STATES;
  }

  /** @param state 1 to 255 */
  setState(at: number, state: number): void {
    const words = this.#words;
    words[at + HIGH_AND_STATE] = (words[at + HIGH_AND_STATE]! & ~STATES) | state;
  }

  /** Forgets all keys. */
  clear(): void {
    this.#words.fill(0);
    this.#taken = 0;
  }

  /** Every key, and the place of its slot in `words`. */
  *entries(): Generator<{ readonly table: TableName; readonly key: number; readonly at: number }> {
    for (let slot = 0; slot < this.#slots; slot++) {
      const at = slot * this.#slotWords;
      const highAndState = this.#words[at + HIGH_AND_STATE]!;
      if (highAndState === 0) continue;
      const code = (highAndState >>> STATE_BITS) * WORDS + (this.#words[at + LOW]! >>> 0);
      yield {
        table: TABLE_NAMES[code % TABLE_NAMES.length]!,
        key: Math.floor(code / TABLE_NAMES.length),
        at,
      };
    }
  }

  /** Grows, or halves the sample. True: a key of this hash is still followed. */
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
    const width = this.#slotWords;
    this.#slots = slots;
    this.#taken = 0;
    this.#words = new Int32Array(slots * width);
    for (let from = 0; from < old.length; from += width) {
      const highAndState = old[from + HIGH_AND_STATE]!;
      if (highAndState === 0) continue;
      const low = old[from + LOW]!;
      const high = highAndState >>> STATE_BITS;
      const hash = hashOfHalves(low, high);
      if (hash >= this.#threshold) continue;
      const at = this.#search(hash, low, high);
      for (let word = 0; word < width; word++) this.#words[at + word] = old[from + word]!;
      this.#taken++;
    }
  }

  /** The place of a key's slot, or of the free one that it would take. */
  #search(hash: number, low: number, high: number): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    // Hashed again: the sample is drawn by the first hash, so its bits are not uniform.
    let slot = mix(hash) & mask;
    for (;;) {
      const at = slot * this.#slotWords;
      const highAndState = words[at + HIGH_AND_STATE]!;
      if (highAndState === 0) return at;
      if (words[at + LOW] === low && highAndState >>> STATE_BITS === high) return at;
      slot = (slot + 1) & mask;
    }
  }
}

/** Key and table as one number below 2^39: two words have room for eight bits of state above it. */
function codeOf(table: TableName, key: number): number {
  return key * TABLE_NAMES.length + TABLE_CODES[table];
}

/** 32 bits, unsigned. */
function hashOf(code: number): number {
  return hashOfHalves(code | 0, highWord(code));
}

function hashOfHalves(low: number, high: number): number {
  return mix(low ^ mix(high)) >>> 0;
}
