import type { Operation } from '../schema/changes.js';

/** A write or a lease of a block of keys. */
export interface Entry {
  readonly first: number;
  readonly last: number;
  /** Null for ids that were leased. */
  readonly write: Operation | null;
  /** `either`: the transaction may have been committed or not. */
  readonly fate: 'committed' | 'aborted' | 'either';
  /** Null if unknown, or if the rows' `xmin` may differ from it. */
  readonly xid: number | null;
  /** The ordinal of the transaction among those of its worker. */
  readonly transaction: number;
}

/** Entries of a chunk: 2^16, which take 1.6 MB. A table with few entries takes no more than that. */
const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const IN_CHUNK = CHUNK - 1;

/** The longest block, in keys after the first one: what 32 bits hold. */
const LONGEST = 2 ** 32 - 1;

const WRITES = ['insert', 'update', 'delete', null] as const;
const FATES = ['committed', 'aborted', 'either'] as const;
/** By kind, the number that an entry's write and fate are stored as. */
const WRITE_OF = WRITES.flatMap((write) => FATES.map(() => write));
const FATE_OF = WRITES.flatMap(() => FATES);

/** The digits of a first key by which entries are sorted, from the lowest to the highest: 11 bits, and 10 of the third. */
const DIGITS: readonly ((first: number) => number)[] = [
  (first) => first & 0x7ff,
  (first) => (first >>> 11) & 0x7ff,
  (first) => first >>> 22,
  (first) => Math.floor(first / 2 ** 32) & 0x7ff,
  // Signed: of a key from -2^53 on it is -2^10.
  (first) => Math.floor(first / 2 ** 43) + 2 ** 10,
];
const DIGIT_VALUES = 2 ** 11;

/** A number of entries, stored by column. */
class Chunk {
  readonly first = new Float64Array(CHUNK);
  /** `last` minus `first`. */
  readonly length = new Uint32Array(CHUNK);
  /** An xid8, which no server has brought to 2^53; -1 stands for null. */
  readonly xid = new Float64Array(CHUNK);
  readonly transaction = new Uint32Array(CHUNK);
  readonly kind = new Uint8Array(CHUNK);
}

/** Entries of one table, in 25 bytes each: a worker has millions of them. */
export class Entries {
  readonly #chunks: Chunk[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    this.addBlock(entry.first, entry.last, entry);
  }

  /** Adds an entry without an object of its own: the other members are those of a whole list. */
  addBlock(first: number, last: number, of: Omit<Entry, 'first' | 'last'>): void {
    let begin = first;
    // Longer than any batch or lease of this program: stored in pieces.
    for (; last - begin > LONGEST; begin += LONGEST + 1) this.#put(begin, LONGEST, of);
    this.#put(begin, last - begin, of);
  }

  #put(first: number, length: number, of: Omit<Entry, 'first' | 'last'>): void {
    const at = this.#size++;
    if (at >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Chunk());
    const chunk = this.#chunks[at >> CHUNK_BITS]!;
    const i = at & IN_CHUNK;
    chunk.first[i] = first;
    chunk.length[i] = length;
    chunk.xid[i] = of.xid ?? -1;
    chunk.transaction[i] = of.transaction;
    chunk.kind[i] = WRITES.indexOf(of.write) * FATES.length + FATES.indexOf(of.fate);
  }

  get(at: number): Entry {
    return {
      first: this.firstOf(at),
      last: this.lastOf(at),
      write: this.writeOf(at),
      fate: this.fateOf(at),
      xid: this.xidOf(at),
      transaction: this.transactionOf(at),
    };
  }

  /** The first key of an entry. These methods return one member of it each: most are read without an object. */
  firstOf(at: number): number {
    return this.#chunkOf(at).first[at & IN_CHUNK]!;
  }

  lastOf(at: number): number {
    const { first, length } = this.#chunkOf(at);
    return first[at & IN_CHUNK]! + length[at & IN_CHUNK]!;
  }

  writeOf(at: number): Entry['write'] {
    return WRITE_OF[this.#chunkOf(at).kind[at & IN_CHUNK]!]!;
  }

  fateOf(at: number): Entry['fate'] {
    return FATE_OF[this.#chunkOf(at).kind[at & IN_CHUNK]!]!;
  }

  xidOf(at: number): number | null {
    const xid = this.#chunkOf(at).xid[at & IN_CHUNK]!;
    return xid < 0 ? null : xid;
  }

  transactionOf(at: number): number {
    return this.#chunkOf(at).transaction[at & IN_CHUNK]!;
  }

  #chunkOf(at: number): Chunk {
    return this.#chunks[at >> CHUNK_BITS]!;
  }

  /**
   * Indexes of the entries, sorted by first key; equal ones in the order in which they were added. A radix sort in two
   * arrays of 4 bytes an entry: the built-in sort takes ten times as much memory and time.
   */
  order(): Uint32Array {
    let from = new Uint32Array(this.#size);
    for (let i = 0; i < from.length; i++) from[i] = i;
    let to = new Uint32Array(this.#size);
    const ends = new Uint32Array(DIGIT_VALUES);
    for (const digitOf of DIGITS) {
      ends.fill(0);
      for (let i = 0; i < from.length; i++) ends[digitOf(this.firstOf(i))]!++;
      // All have the same digit, as ids below 2^22 have in the upper three.
      if (ends.includes(from.length)) continue;
      for (let value = 1; value < DIGIT_VALUES; value++) ends[value]! += ends[value - 1]!;
      for (let i = from.length - 1; i >= 0; i--) {
        const entry = from[i]!;
        to[--ends[digitOf(this.firstOf(entry))]!] = entry;
      }
      [from, to] = [to, from];
    }
    return from;
  }

  clear(): void {
    this.#size = 0;
  }
}
