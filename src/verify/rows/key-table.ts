import { highWord, mix } from '../../random/hash.js';
import { TABLE_CODES, TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';

/**
 * Words of 32 bits of a slot, side by side, so that one look into memory brings all of them: the key's low
 * half; its high half, eight bits up, above the state; and behind them what is kept of the key.
 */
const LOW = 0;
const HIGH_AND_STATE = 1;
export const FIRST_WORD = 2;
const STATE_BITS = 8;
const STATES = 2 ** STATE_BITS - 1;
const FIRST_SLOTS = 1 << 12;
/** Of the slots, those that may be taken: beyond, every search is long. */
const LOAD = 0.7;
const WORDS = 2 ** 32;
/** Keys above are not followed: with the table they would not fit. */
const MOST_KEY = WORDS * 16;

/** Not in the table. */
export const NOWHERE = -1;

/**
 * Some words and a state for each key of a row, in flat memory. Keys are sampled by a hash where there are
 * more than memory has room for: a key is followed from its first claim to the end, or not at all.
 */
export class KeyTable {
  readonly #slotWords: number;
  readonly #mostSlots: number;
  /** Keys are followed whose hash is below this. */
  #threshold: number;
  #slots = FIRST_SLOTS;
  #taken = 0;
  #words: Int32Array;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   * @param words what is kept of a key, beside its state
   */
  constructor(bytes: number, sample: number, words: number) {
    this.#slotWords = FIRST_WORD + words;
    const slotBytes = this.#slotWords * 4;
    // While it grows the old slots are still there.
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

  /** The words of all slots; another array after the next `claim`. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Whether a key is among those that are followed. */
  follows(table: TableName, key: number | string): boolean {
    if (typeof key !== 'number' || key < 0 || key >= MOST_KEY) return false;
    return hashOf(codeOf(table, key)) < this.#threshold;
  }

  /** Where the words of a key begin (their `FIRST_WORD` behind); NOWHERE: it was not claimed. */
  find(table: TableName, key: number | string): number {
    if (typeof key !== 'number' || key < 0 || key >= MOST_KEY) return NOWHERE;
    const code = codeOf(table, key);
    const hash = hashOf(code);
    if (hash >= this.#threshold) return NOWHERE;
    const at = this.#search(hash, code | 0, highWord(code));
    return this.#words[at + HIGH_AND_STATE] === 0 ? NOWHERE : at;
  }

  /**
   * The same, for a key that something is to be kept of. Its state is 0 where it was not there before:
   * `setState` has to follow with another one. NOWHERE: it is not followed.
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

  /** Every key that is kept, and where its words begin. */
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

  /** Where the slot of a key is, or the one that it would take. */
  #search(hash: number, low: number, high: number): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    // Other bits than those that the sample is drawn by.
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
