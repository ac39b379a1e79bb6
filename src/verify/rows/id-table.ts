import { highWord, mix } from '../../random/hash.js';
import type { Key, Table } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { FIRST_WORD, type KeyEntry, type KeyTable, NOWHERE, WORDS } from './key-table.js';

/** Ids of a block: the bits of the word that says which of them are there. */
const BLOCK_BITS = 5;
const BLOCK = 1 << BLOCK_BITS;
/** Words of a block's entry: its code in two halves, the set of its ids, and where its rows are. */
const LOW = 0;
const HIGH = 1;
const IDS = 2;
const ROWS = 3;
const ENTRY = 4;
/** Entries at the beginning, 8 KiB: they double when they are full. */
const FIRST_BLOCKS = 1 << 9;
/** Share of the entries that may be taken: above it, searches get long. */
const LOAD = 0.7;
/** Larger ids are not followed: with the table's code they do not fit into a number. */
const MOST_ID = WORDS * 16;
/** Words of the smallest store of rows, and of the largest: 4 GiB, the longest array of every supported Node.js. */
const LEAST_WORDS = 1 << 14;
const MOST_WORDS = 2 ** 30;
const WORD_BYTES = 4;
/** Gaps are closed where they are this share of the store; else the sample is halved. */
const WORTH_CLOSING = 1 / 8;
/** Rooms for more rows than this are multiples of it: a block moves eleven times until it is full. */
const ROOM_STEP = 4;

/**
 * Rows by id. Ids of a table come from its sequence, so most neighbours are there, too: a block of 32 ids has one entry,
 * and its rows side by side, in the order of ids, without their keys.
 */
export class IdTable implements KeyTable {
  readonly #tables: Tables;
  readonly #tableCount: number;
  /** Words of a row: its state, and those that are kept of it. */
  readonly #width: number;
  /** Words of all rows and entries. */
  readonly #most: number;
  /** Takes its full length at once: a page of it costs no memory before it is written. */
  readonly words: Int32Array;
  /** The end of the rows. The first word is not used: 0 stands for no room. */
  #end = 1;
  /** By the number of rows: the first free room for them, whose first word has the place of the next one. */
  readonly #free = new Int32Array(BLOCK + 1);
  #gaps = 0;
  /** Entries of blocks, by hash. */
  #blocks = new Int32Array(FIRST_BLOCKS * ENTRY);
  #mask = FIRST_BLOCKS - 1;
  #blocksTaken = 0;
  #size = 0;
  /** Keys with a hash below it are followed. */
  #threshold: number;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   * @param words of a key, besides its state
   */
  constructor(tables: Tables, bytes: number, sample: number, words: number) {
    this.#tables = tables;
    this.#tableCount = tables.size;
    this.#width = FIRST_WORD + words;
    const most = Math.min(Math.floor(bytes / WORD_BYTES), MOST_WORDS);
    this.#most = Math.max(most, LEAST_WORDS + this.#blocks.length);
    this.words = new Int32Array(this.#most);
    this.#threshold = sample * WORDS;
  }

  get sample(): number {
    return this.#threshold / WORDS;
  }

  get size(): number {
    return this.#size;
  }

  follows({ code }: Table, id: Key): boolean {
    return isFollowable(id) && this.#isInSample(id * this.#tableCount + code);
  }

  find(table: Table, id: Key): number {
    if (!isFollowable(id)) return NOWHERE;
    const entry = this.#search(this.#blockOf(table, id));
    const ids = this.#blocks[entry + IDS]!;
    const bit = 1 << (id % BLOCK);
    return (ids & bit) === 0 ? NOWHERE : this.#rowAt(this.#blocks[entry + ROWS]!, ids, bit);
  }

  claim(table: Table, id: Key): number {
    if (!isFollowable(id)) return NOWHERE;
    const block = this.#blockOf(table, id);
    const entry = this.#search(block);
    const ids = this.#blocks[entry + IDS]!;
    const bit = 1 << (id % BLOCK);
    if ((ids & bit) !== 0) return this.#rowAt(this.#blocks[entry + ROWS]!, ids, bit);
    const code = id * this.#tableCount + table.code;
    if (!this.#isInSample(code)) return NOWHERE;
    const rows = this.#roomFor(ids);
    if (rows !== 0) return this.#add(entry, block, bit, rows);
    this.#makeRoom();
    return this.claim(table, id);
  }

  state(at: number): number {
    return this.words[at]!;
  }

  setState(at: number, state: number): void {
    this.words[at] = state;
  }

  clear(): void {
    this.#blocks.fill(0);
    this.#free.fill(0);
    this.#blocksTaken = 0;
    this.#size = 0;
    this.#gaps = 0;
    this.#end = 1;
  }

  *entries(): Generator<KeyEntry> {
    const count = this.#tableCount;
    for (let entry = 0; entry < this.#blocks.length; entry += ENTRY) {
      const block = this.#blockAt(entry);
      const table = this.#tables.at(block % count);
      const first = Math.floor(block / count) * BLOCK;
      let at = this.#blocks[entry + ROWS]!;
      for (let ids = this.#blocks[entry + IDS]!; ids !== 0; ids &= ids - 1) {
        yield { table, key: first + lowestOf(ids), at, keys: this };
        at += this.#width;
      }
    }
  }

  #isInSample(code: number): boolean {
    return this.#threshold === WORDS || mix(code ^ mix(highWord(code))) >>> 0 < this.#threshold;
  }

  /** The code of an id's block: its number and its table. */
  #blockOf({ code }: Table, id: number): number {
    return Math.floor(id / BLOCK) * this.#tableCount + code;
  }

  #blockAt(entry: number): number {
    return this.#blocks[entry + HIGH]! * WORDS + (this.#blocks[entry + LOW]! >>> 0);
  }

  #rowAt(rows: number, ids: number, bit: number): number {
    return rows + countOf(ids & (bit - 1)) * this.#width;
  }

  /** The place of a block's entry in `#blocks`, or of the free one that it would take. */
  #search(block: number): number {
    const blocks = this.#blocks;
    const low = block | 0;
    const high = highWord(block);
    let slot = mix(low ^ mix(high)) & this.#mask;
    for (;;) {
      const entry = slot * ENTRY;
      if (blocks[entry + IDS] === 0) return entry;
      if (blocks[entry + LOW] === low && blocks[entry + HIGH] === high) return entry;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** A room for the rows of a block and another one: the block's own, or a new one. 0: there is no memory. */
  #roomFor(ids: number): number {
    if (ids === 0 && this.#blocksTaken >= (this.#mask + 1) * LOAD) return 0;
    const count = countOf(ids);
    const rows = roomFor(count + 1);
    if (count > 0 && rows === roomFor(count)) return OWN_ROOM;
    const free = this.#free[rows]!;
    if (free !== 0) {
      this.#free[rows] = this.words[free]!;
      this.#gaps -= rows * this.#width;
      return free;
    }
    const end = this.#end + rows * this.#width;
    if (end + this.#blocks.length > this.#most) return 0;
    const begin = this.#end;
    this.#end = end;
    return begin;
  }

  /** Adds a row to a block, as `#roomFor` found room for it. Returns its place. */
  #add(entry: number, block: number, bit: number, room: number): number {
    const { words } = this;
    const blocks = this.#blocks;
    const width = this.#width;
    const ids = blocks[entry + IDS]!;
    const before = countOf(ids & (bit - 1)) * width;
    const all = countOf(ids) * width;
    let rows = blocks[entry + ROWS]!;
    if (ids === 0) {
      blocks[entry + LOW] = block | 0;
      blocks[entry + HIGH] = highWord(block);
      blocks[entry + ROWS] = room;
      this.#blocksTaken++;
      rows = room;
    } else if (room !== OWN_ROOM) {
      words.copyWithin(room, rows, rows + all);
      this.#release(rows, roomFor(countOf(ids)));
      blocks[entry + ROWS] = room;
      rows = room;
    }
    const at = rows + before;
    if (before < all) words.copyWithin(at + width, at, rows + all);
    // A call of `fill` takes longer than the few words.
    for (let word = at; word < at + width; word++) words[word] = 0;
    blocks[entry + IDS] = ids | bit;
    this.#size++;
    return at;
  }

  #release(begin: number, rows: number): void {
    this.words[begin] = this.#free[rows]!;
    this.#free[rows] = begin;
    this.#gaps += rows * this.#width;
  }

  /** Adds entries, closes the gaps, or halves the sample. */
  #makeRoom(): void {
    const { length } = this.#blocks;
    if (this.#blocksTaken >= (this.#mask + 1) * LOAD && this.#end + 3 * length <= this.#most) {
      this.#rebuild(2 * length);
      return;
    }
    if (this.#gaps < this.#end * WORTH_CLOSING) this.#threshold /= 2;
    this.#compact();
    this.#rebuild(length);
  }

  /** Moves all rows to the begin of the store, without gaps. Leaves out those that are not in the sample any more. */
  #compact(): void {
    const blocks = this.#blocks;
    // The place of the rows above that of the entry, as one number of 64 bits: sorted without a call for each pair.
    const order = new BigUint64Array(this.#blocksTaken);
    const halves = new Uint32Array(order.buffer);
    let count = 0;
    for (let entry = 0; entry < blocks.length; entry += ENTRY) {
      if (blocks[entry + IDS] === 0) continue;
      halves[count++] = entry;
      halves[count++] = blocks[entry + ROWS]!;
    }
    order.sort();
    this.#end = 1;
    this.#free.fill(0);
    this.#gaps = 0;
    this.#size = 0;
    for (let i = 0; i < count; i += 2) this.#moveDown(halves[i]!);
  }

  /** Moves the rows of a block to the end of those that were moved before. */
  #moveDown(entry: number): void {
    const blocks = this.#blocks;
    const { words } = this;
    const width = this.#width;
    const count = this.#tableCount;
    const block = this.#blockAt(entry);
    const first = Math.floor(block / count) * BLOCK * count + (block % count);
    let from = blocks[entry + ROWS]!;
    let to = this.#end;
    let kept = 0;
    for (let ids = blocks[entry + IDS]!; ids !== 0; ids &= ids - 1) {
      const place = lowestOf(ids);
      if (this.#isInSample(first + place * count)) {
        words.copyWithin(to, from, from + width);
        to += width;
        kept |= 1 << place;
      }
      from += width;
    }
    blocks[entry + ROWS] = this.#end;
    blocks[entry + IDS] = kept;
    this.#size += countOf(kept);
    this.#end += roomFor(countOf(kept)) * width;
  }

  /** Moves the entries of blocks with rows to a table of so many words. */
  #rebuild(length: number): void {
    const old = this.#blocks;
    this.#blocks = new Int32Array(length);
    this.#mask = length / ENTRY - 1;
    this.#blocksTaken = 0;
    for (let from = 0; from < old.length; from += ENTRY) {
      if (old[from + IDS] === 0) continue;
      const block = old[from + HIGH]! * WORDS + (old[from + LOW]! >>> 0);
      this.#blocks.set(old.subarray(from, from + ENTRY), this.#search(block));
      this.#blocksTaken++;
    }
  }
}

/** The block's rows and another one fit into the room that they have. */
const OWN_ROOM = -1;

function isFollowable(id: Key): id is number {
  return typeof id === 'number' && id >= 0 && id < MOST_ID;
}

/** The rows that a room for so many is made for. */
function roomFor(rows: number): number {
  return rows <= ROOM_STEP ? rows : Math.ceil(rows / ROOM_STEP) * ROOM_STEP;
}

/** The number of bits that are set. */
function countOf(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The number of the lowest bit that is set. */
function lowestOf(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
