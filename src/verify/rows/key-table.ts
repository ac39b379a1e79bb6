import { highWord, mix } from '../../random/hash.js';
import type { Key, Table } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { TextStore } from './text-store.js';

/**
 * Words of 32 bits of a slot, side by side in one cache line: the low half of the key's code; its high half above the
 * eight bits of the state; and from FIRST_WORD on the words that are kept of the key. The code of an id is the id and
 * its table. The code of a text is a hash of both, and the slot's last word is the offset of the text.
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
/** Larger ids are not followed: with the table's code they do not fit into the slot. */
const MOST_ID = WORDS * 16;
/** Longer texts, in UTF-16 units, are not followed: a few of them would leave no room for others. */
const MOST_TEXT = 1_024;
/** Share of the memory for texts that slots take: a slot is about as large as its text. */
const SLOT_SHARE = 0.5;

/** Not in the table. */
export const NOWHERE = -1;

/** A key that a table has. */
export interface KeyEntry {
  readonly table: Table;
  readonly key: Key;
  /** The place of its slot in `words`. */
  readonly at: number;
  readonly keys: KeyTable;
}

/** The keys of rows by their kind: ids, and texts. Ids cost no more for the texts beside them. */
export class KeyTables {
  readonly #ids: KeyTable;
  readonly #texts: KeyTable | null;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   * @param wordsFor the words of a key of these tables, besides its state
   */
  constructor(
    tables: Tables,
    bytes: number,
    sample: number,
    wordsFor: (tables: readonly Table[]) => number,
  ) {
    const withIds = tables.filter(({ keyKind }) => keyKind === 'id');
    const withTexts = tables.filter(({ keyKind }) => keyKind === 'columns');
    const hasTexts = withTexts.length > 0;
    const share = hasTexts ? bytes / 2 : bytes;
    this.#ids = new KeyTable(tables, share, sample, wordsFor(withIds), 'ids');
    this.#texts = hasTexts
      ? new KeyTable(tables, share, sample, wordsFor(withTexts), 'texts')
      : null;
  }

  /** The keys of a table; null: its rows have none, so they cannot be followed. */
  of({ keyKind }: Table): KeyTable | null {
    if (keyKind === 'id') return this.#ids;
    return keyKind === 'columns' ? this.#texts : null;
  }

  /** As of `KeyTable`: the smaller share. */
  get sample(): number {
    return Math.min(this.#ids.sample, this.#texts?.sample ?? 1);
  }

  get size(): number {
    return this.#ids.size + (this.#texts?.size ?? 0);
  }

  clear(): void {
    this.#ids.clear();
    this.#texts?.clear();
  }

  /** The keys of a table, and of others of its kind. */
  *entriesOf(table: Table): Generator<KeyEntry> {
    const keys = this.of(table);
    if (keys !== null) yield* keys.entries();
  }

  *entries(): Generator<KeyEntry> {
    yield* this.#ids.entries();
    if (this.#texts !== null) yield* this.#texts.entries();
  }
}

/**
 * A hash table in flat memory, of words and a state for each key of a row. When memory is full, keys are sampled by a
 * hash: a key is followed from its first claim to the end, or not at all.
 */
export class KeyTable {
  readonly #tables: Tables;
  readonly #tableCount: number;
  readonly #slotWords: number;
  readonly #mostSlots: number;
  readonly #textBytes: number;
  /** Null: the keys are ids. */
  #texts: TextStore | null;
  /** Keys with a hash below it are followed. */
  #threshold: number;
  #slots = FIRST_SLOTS;
  #taken = 0;
  #words: Int32Array;

  /** As of `KeyTables`. */
  constructor(tables: Tables, bytes: number, sample: number, words: number, keys: 'ids' | 'texts') {
    const ofSlots = keys === 'ids' ? bytes : bytes * SLOT_SHARE;
    this.#tables = tables;
    this.#tableCount = tables.size;
    this.#textBytes = bytes - ofSlots;
    this.#texts = keys === 'ids' ? null : new TextStore(this.#textBytes);
    this.#slotWords = FIRST_WORD + words + (keys === 'ids' ? 0 : 1);
    const slotBytes = this.#slotWords * 4;
    // While it grows, the old slots, half as many, are in memory, too.
    this.#mostSlots = 2 ** Math.floor(Math.log2(Math.max(ofSlots / slotBytes / 1.5, FIRST_SLOTS)));
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
  follows(table: Table, key: Key): boolean {
    if (typeof key !== 'number') {
      if (this.#texts === null || key.length > MOST_TEXT) return false;
      return hashOfHalves(lowOf(table, key), highOf(table, key)) < this.#threshold;
    }
    if (key < 0 || key >= MOST_ID) return false;
    const code = this.#codeOf(table, key);
    return hashOfHalves(code | 0, highWord(code)) < this.#threshold;
  }

  /** The place of a key's slot in `words`, for FIRST_WORD and the following; NOWHERE: it was not claimed. */
  find(table: Table, key: Key): number {
    if (typeof key !== 'number') return this.#findText(table, key);
    if (key < 0 || key >= MOST_ID) return NOWHERE;
    const code = this.#codeOf(table, key);
    const high = highWord(code);
    const hash = hashOfHalves(code | 0, high);
    if (hash >= this.#threshold) return NOWHERE;
    const at = this.#search(hash, code | 0, high);
    return this.#words[at + HIGH_AND_STATE] === 0 ? NOWHERE : at;
  }

  /**
   * The same, and adds the key if it is new: then its state is 0, and `setState` must follow with another one.
   * NOWHERE: the key is not followed.
   */
  claim(table: Table, key: Key): number {
    if (typeof key !== 'number') return this.#claimText(table, key);
    if (key < 0 || key >= MOST_ID) return NOWHERE;
    const code = this.#codeOf(table, key);
    const high = highWord(code);
    const hash = hashOfHalves(code | 0, high);
    if (hash >= this.#threshold) return NOWHERE;
    if (this.#taken >= this.#slots * LOAD && !this.#makeRoom(hash)) return NOWHERE;
    const at = this.#search(hash, code | 0, high);
    if (this.#words[at + HIGH_AND_STATE] === 0) this.#take(at, code | 0, high);
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
    this.#texts?.clear();
    this.#taken = 0;
  }

  *entries(): Generator<KeyEntry> {
    for (let slot = 0; slot < this.#slots; slot++) {
      const at = slot * this.#slotWords;
      if (this.#words[at + HIGH_AND_STATE] !== 0) yield { ...this.#keyAt(at), at, keys: this };
    }
  }

  #keyAt(at: number): { readonly table: Table; readonly key: Key } {
    const texts = this.#texts;
    if (texts !== null) {
      const offset = this.#words[this.#textWord(at)]!;
      return { table: this.#tables.at(texts.codeAt(offset)), key: texts.textAt(offset) };
    }
    const high = this.#words[at + HIGH_AND_STATE]! >>> STATE_BITS;
    const code = high * WORDS + (this.#words[at + LOW]! >>> 0);
    const count = this.#tableCount;
    return { table: this.#tables.at(code % count), key: Math.floor(code / count) };
  }

  /** Id and table as one number below 2^56: two words have room for eight bits of state above it. */
  #codeOf({ code }: Table, id: number): number {
    return id * this.#tableCount + code;
  }

  #findText(table: Table, key: string): number {
    const texts = this.#texts;
    if (texts === null || key.length > MOST_TEXT) return NOWHERE;
    const low = lowOf(table, key);
    const high = highOf(table, key);
    const hash = hashOfHalves(low, high);
    if (hash >= this.#threshold) return NOWHERE;
    const at = this.#searchText(texts, hash, low, high, table, key);
    return this.#words[at + HIGH_AND_STATE] === 0 ? NOWHERE : at;
  }

  #claimText(table: Table, key: string): number {
    if (this.#texts === null || key.length > MOST_TEXT) return NOWHERE;
    const low = lowOf(table, key);
    const high = highOf(table, key);
    const hash = hashOfHalves(low, high);
    if (hash >= this.#threshold) return NOWHERE;
    const isFull = this.#taken >= this.#slots * LOAD || !this.#texts.fits(key);
    if (isFull && !this.#makeRoom(hash, key)) return NOWHERE;
    // `#makeRoom` may have replaced it.
    const texts = this.#texts;
    const at = this.#searchText(texts, hash, low, high, table, key);
    if (this.#words[at + HIGH_AND_STATE] === 0) {
      this.#take(at, low, high);
      this.#words[this.#textWord(at)] = texts.add(table.code, key);
    }
    return at;
  }

  #textWord(at: number): number {
    return at + this.#slotWords - 1;
  }

  #take(at: number, low: number, high: number): void {
    this.#words[at + LOW] = low;
    this.#words[at + HIGH_AND_STATE] = high << STATE_BITS;
    this.#taken++;
  }

  /** Grows, or halves the sample. True: a key of this hash is still followed. `text`: needs room, too. */
  #makeRoom(hash: number, text = ''): boolean {
    const lacksSlots = () => this.#taken >= this.#slots * LOAD;
    if (lacksSlots() && this.#slots < this.#mostSlots) this.#rebuild(this.#slots * 2);
    while (lacksSlots() || this.#texts?.fits(text) === false) {
      this.#threshold /= 2;
      this.#rebuild(this.#slots);
    }
    return hash < this.#threshold;
  }

  #rebuild(slots: number): void {
    const old = this.#words;
    const width = this.#slotWords;
    const words = new Int32Array(slots * width);
    this.#slots = slots;
    this.#taken = 0;
    this.#words = words;
    for (let from = 0; from < old.length; from += width) {
      const highAndState = old[from + HIGH_AND_STATE]!;
      if (highAndState === 0) continue;
      const hash = hashOfHalves(old[from + LOW]!, highAndState >>> STATE_BITS);
      if (hash >= this.#threshold) continue;
      const at = this.#free(hash);
      for (let word = 0; word < width; word++) words[at + word] = old[from + word]!;
      this.#taken++;
    }
    if (this.#texts !== null) this.#moveTexts(this.#texts);
  }

  /** Moves the texts of the keys that are still followed. */
  #moveTexts(old: TextStore): void {
    const texts = new TextStore(this.#textBytes);
    const words = this.#words;
    for (let at = 0; at < words.length; at += this.#slotWords) {
      if (words[at + HIGH_AND_STATE] === 0) continue;
      const offset = words[this.#textWord(at)]!;
      words[this.#textWord(at)] = texts.add(old.codeAt(offset), old.textAt(offset));
    }
    this.#texts = texts;
  }

  /** The place of an id's slot, or of the free one that it would take. */
  #search(hash: number, low: number, high: number): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    let slot = firstSlot(hash, mask);
    for (;;) {
      const at = slot * this.#slotWords;
      const highAndState = words[at + HIGH_AND_STATE]!;
      if (highAndState === 0) return at;
      if (words[at + LOW] === low && highAndState >>> STATE_BITS === high) return at;
      slot = (slot + 1) & mask;
    }
  }

  /** The same of a text. */
  #searchText(
    texts: TextStore,
    hash: number,
    low: number,
    high: number,
    { code }: Table,
    key: string,
  ): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    let slot = firstSlot(hash, mask);
    for (;;) {
      const at = slot * this.#slotWords;
      const highAndState = words[at + HIGH_AND_STATE]!;
      if (highAndState === 0) return at;
      const isLike = words[at + LOW] === low && highAndState >>> STATE_BITS === high;
      if (isLike && texts.is(words[this.#textWord(at)]!, code, key)) return at;
      slot = (slot + 1) & mask;
    }
  }

  /** The place of the free slot that a key of this hash would take. */
  #free(hash: number): number {
    const mask = this.#slots - 1;
    let slot = firstSlot(hash, mask);
    while (this.#words[slot * this.#slotWords + HIGH_AND_STATE] !== 0) slot = (slot + 1) & mask;
    return slot * this.#slotWords;
  }
}

/** Hashed again: the sample is drawn by the first hash, so its bits are not uniform. */
function firstSlot(hash: number, mask: number): number {
  return mix(hash) & mask;
}

/** The code of a text: 56 bits of two hashes. */
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
function hashOfHalves(low: number, high: number): number {
  return mix(low ^ mix(high)) >>> 0;
}
