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
    let { first } = entry;
    // Longer than any batch or lease of this program: stored in pieces.
    for (; entry.last - first > LONGEST; first += LONGEST + 1) {
      this.#put({ ...entry, first, last: first + LONGEST });
    }
    this.#put(first === entry.first ? entry : { ...entry, first });
  }

  #put({ first, last, write, fate, xid, transaction }: Entry): void {
    const at = this.#size++;
    if (at >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Chunk());
    const chunk = this.#chunks[at >> CHUNK_BITS]!;
    const i = at & IN_CHUNK;
    chunk.first[i] = first;
    chunk.length[i] = last - first;
    chunk.xid[i] = xid ?? -1;
    chunk.transaction[i] = transaction;
    chunk.kind[i] = WRITES.indexOf(write) * FATES.length + FATES.indexOf(fate);
  }

  get(at: number): Entry {
    const chunk = this.#chunks[at >> CHUNK_BITS]!;
    const i = at & IN_CHUNK;
    const kind = chunk.kind[i]!;
    const xid = chunk.xid[i]!;
    return {
      first: chunk.first[i]!,
      last: chunk.first[i]! + chunk.length[i]!,
      write: WRITES[Math.floor(kind / FATES.length)]!,
      fate: FATES[kind % FATES.length]!,
      xid: xid < 0 ? null : xid,
      transaction: chunk.transaction[i]!,
    };
  }

  /** The first key of an entry. */
  firstOf(at: number): number {
    return this.#chunks[at >> CHUNK_BITS]!.first[at & IN_CHUNK]!;
  }

  /**
   * Indexes of the entries, sorted by first key. A merge sort in two arrays of 4 bytes an entry: the built-in
   * sort takes five times as much memory.
   */
  order(): Uint32Array {
    let from = new Uint32Array(this.#size);
    for (let i = 0; i < from.length; i++) from[i] = i;
    let to = new Uint32Array(this.#size);
    for (let width = 1; width < from.length; width *= 2) {
      for (let begin = 0; begin < from.length; begin += 2 * width) {
        this.#merge(from, to, begin, width);
      }
      [from, to] = [to, from];
    }
    return from;
  }

  clear(): void {
    this.#size = 0;
  }

  /** Merges two adjacent sorted runs of `width`. */
  #merge(from: Uint32Array, to: Uint32Array, begin: number, width: number): void {
    const middle = Math.min(begin + width, from.length);
    const end = Math.min(middle + width, from.length);
    let left = begin;
    let right = middle;
    for (let i = begin; i < end; i++) {
      const takeLeft =
        left < middle && (right === end || this.firstOf(from[left]!) <= this.firstOf(from[right]!));
      to[i] = from[takeLeft ? left++ : right++]!;
    }
  }
}
