import { mix } from '../../random/hash.js';
import type { Key, Table } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import {
  FIRST_WORD,
  type KeyEntry,
  type KeyTable,
  NOWHERE,
  STATE_BITS,
  WORDS,
} from './key-table.js';
import { TextStore } from './text-store.js';

const STATES = 2 ** STATE_BITS - 1;
/** Words of a slot besides the own ones: the high half of the key's code above its state; its low half, and its text. */
const CODE_WORDS = 3;
const FIRST_SLOTS = 1 << 12;
/** Share of slots that may be taken: above it, searches get long. */
const LOAD = 0.7;
/** Longer texts, in UTF-16 units, are not followed: a few of them would leave no room for others. */
const MOST_TEXT = 1_024;
/** Share of the memory that slots take: a slot is about as large as its text. */
const SLOT_SHARE = 0.5;
const WORD_BYTES = 4;

/** Rows by keys that are texts: a hash table. The code of a key is a hash of 56 bits of its table and its text. */
export class TextTable implements KeyTable {
  readonly #tables: Tables;
  readonly #slotWords: number;
  /** Words of a slot: the low half of the code, and the offset of the text. */
  readonly #low: number;
  readonly #text: number;
  readonly #mostSlots: number;
  readonly #textBytes: number;
  #texts: TextStore;
  /** Keys with a hash below it are followed. */
  #threshold: number;
  #slots = FIRST_SLOTS;
  #taken = 0;
  #words: Int32Array;

  /** As of `IdTable`. */
  constructor(tables: Tables, bytes: number, sample: number, words: number) {
    const ofSlots = bytes * SLOT_SHARE;
    this.#tables = tables;
    this.#textBytes = bytes - ofSlots;
    this.#texts = new TextStore(this.#textBytes);
    this.#slotWords = CODE_WORDS + words;
    this.#low = FIRST_WORD + words;
    this.#text = this.#low + 1;
    const slotBytes = this.#slotWords * WORD_BYTES;
    // While it grows, the old slots, half as many, are in memory, too.
    this.#mostSlots = 2 ** Math.floor(Math.log2(Math.max(ofSlots / slotBytes / 1.5, FIRST_SLOTS)));
    this.#threshold = sample * WORDS;
    this.#words = new Int32Array(FIRST_SLOTS * this.#slotWords);
  }

  get sample(): number {
    return this.#threshold / WORDS;
  }

  get size(): number {
    return this.#taken;
  }

  get words(): Int32Array {
    return this.#words;
  }

  follows(table: Table, key: Key): boolean {
    return isFollowable(key) && hashOf(lowOf(table, key), highOf(table, key)) < this.#threshold;
  }

  find(table: Table, key: Key): number {
    if (!isFollowable(key)) return NOWHERE;
    const at = this.#search(lowOf(table, key), highOf(table, key), table, key);
    return this.#words[at] === 0 ? NOWHERE : at;
  }

  claim(table: Table, key: Key): number {
    if (!isFollowable(key)) return NOWHERE;
    const low = lowOf(table, key);
    const high = highOf(table, key);
    if (hashOf(low, high) >= this.#threshold) return NOWHERE;
    const isFull = this.#taken >= this.#slots * LOAD || !this.#texts.fits(key);
    if (isFull && !this.#makeRoom(hashOf(low, high), key)) return NOWHERE;
    const at = this.#search(low, high, table, key);
    const words = this.#words;
    if (words[at] === 0) {
      words[at] = high << STATE_BITS;
      words[at + this.#low] = low;
      words[at + this.#text] = this.#texts.add(table.code, key);
      this.#taken++;
    }
    return at;
  }

  state(at: number): number {
    return this.#words[at]! & STATES;
  }

  setState(at: number, state: number): void {
    const words = this.#words;
    words[at] = (words[at]! & ~STATES) | state;
  }

  clear(): void {
    this.#words.fill(0);
    this.#texts.clear();
    this.#taken = 0;
  }

  *entries(): Generator<KeyEntry> {
    for (let slot = 0; slot < this.#slots; slot++) {
      const at = slot * this.#slotWords;
      if (this.#words[at] === 0) continue;
      const text = this.#words[at + this.#text]!;
      const table = this.#tables.at(this.#texts.codeAt(text));
      yield { table, key: this.#texts.textAt(text), at, keys: this };
    }
  }

  /** Grows, or halves the sample. True: a key of this hash is still followed. `text`: needs room, too. */
  #makeRoom(hash: number, text: string): boolean {
    const lacksSlots = () => this.#taken >= this.#slots * LOAD;
    if (lacksSlots() && this.#slots < this.#mostSlots) this.#rebuild(this.#slots * 2);
    while (lacksSlots() || !this.#texts.fits(text)) {
      this.#threshold /= 2;
      this.#rebuild(this.#slots);
    }
    return hash < this.#threshold;
  }

  /** Moves the keys that are still followed, and their texts. */
  #rebuild(slots: number): void {
    const old = this.#words;
    const oldTexts = this.#texts;
    const width = this.#slotWords;
    this.#words = new Int32Array(slots * width);
    this.#texts = new TextStore(this.#textBytes);
    this.#slots = slots;
    this.#taken = 0;
    for (let from = 0; from < old.length; from += width) {
      const low = old[from + this.#low]!;
      const high = old[from]! >>> STATE_BITS;
      if (old[from] === 0 || hashOf(low, high) >= this.#threshold) continue;
      const text = old[from + this.#text]!;
      const code = oldTexts.codeAt(text);
      const key = oldTexts.textAt(text);
      const at = this.#search(low, high, this.#tables.at(code), key);
      this.#words.set(old.subarray(from, from + width), at);
      this.#words[at + this.#text] = this.#texts.add(code, key);
      this.#taken++;
    }
  }

  /** The place of a key's slot, or of the free one that it would take. */
  #search(low: number, high: number, { code }: Table, key: string): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    // Hashed again: the sample is drawn by the first hash, so its bits are not uniform.
    let slot = mix(hashOf(low, high)) & mask;
    for (;;) {
      const at = slot * this.#slotWords;
      if (words[at] === 0) return at;
      const isLike = words[at + this.#low] === low && words[at]! >>> STATE_BITS === high;
      if (isLike && this.#texts.is(words[at + this.#text]!, code, key)) return at;
      slot = (slot + 1) & mask;
    }
  }
}

function isFollowable(key: Key): key is string {
  return typeof key === 'string' && key.length <= MOST_TEXT;
}

function lowOf({ code }: Table, text: string): number {
  return mixText(text, mix(code ^ 0x2545f491));
}

function highOf({ code }: Table, text: string): number {
  // Above 0, or a slot in state 0 would look free.
  return (mixText(text, mix(code ^ 0x5bd1e995)) >>> STATE_BITS) | 1;
}

function mixText(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = mix(hash ^ text.charCodeAt(i));
  return hash;
}

/** 32 bits, unsigned. */
function hashOf(low: number, high: number): number {
  return mix(low ^ mix(high)) >>> 0;
}
