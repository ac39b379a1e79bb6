import type { Operation } from '../threads/tally.js';

/** What the ledger says of a block of keys. */
export interface Entry {
  readonly first: number;
  readonly last: number;
  /** Null for ids that were leased. */
  readonly write: Operation | null;
  /** `either`: it may have been committed, or not. */
  readonly fate: 'committed' | 'aborted' | 'either';
  /** What the server calls the transaction; null where the rows do not bear its name, or it has none. */
  readonly xid: number | null;
  /** Which transaction of the worker, in the order of the ledger. */
  readonly transaction: number;
}

/** Entries that the first columns hold; they grow by half. */
const FIRST_CAPACITY = 1 << 12;

const WRITES = ['insert', 'update', 'delete', null] as const;
const FATES = ['committed', 'aborted', 'either'] as const;

/** Entries of one table in columns: 29 bytes each, so that a worker's millions of them fit into memory. */
export class Entries {
  #first = new Float64Array(FIRST_CAPACITY);
  #last = new Float64Array(FIRST_CAPACITY);
  /** An xid8 stays below 2^53 for as long as anybody runs a server; -1 stands for null. */
  #xid = new Float64Array(FIRST_CAPACITY);
  #transaction = new Uint32Array(FIRST_CAPACITY);
  #kind = new Uint8Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ first, last, write, fate, xid, transaction }: Entry): void {
    const at = this.#size++;
    if (at === this.#first.length) this.#grow();
    this.#first[at] = first;
    this.#last[at] = last;
    this.#xid[at] = xid ?? -1;
    this.#transaction[at] = transaction;
    this.#kind[at] = WRITES.indexOf(write) * FATES.length + FATES.indexOf(fate);
  }

  get(at: number): Entry {
    const kind = this.#kind[at]!;
    const xid = this.#xid[at]!;
    return {
      first: this.#first[at]!,
      last: this.#last[at]!,
      write: WRITES[Math.floor(kind / FATES.length)]!,
      fate: FATES[kind % FATES.length]!,
      xid: xid < 0 ? null : xid,
      transaction: this.#transaction[at]!,
    };
  }

  /** Numbers of the entries, by their first key. */
  order(): Uint32Array {
    const order = new Uint32Array(this.#size);
    for (let i = 0; i < order.length; i++) order[i] = i;
    const first = this.#first;
    return order.sort((a, b) => first[a]! - first[b]!);
  }

  clear(): void {
    this.#size = 0;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#first.length * 1.5);
    this.#first = copy(this.#first, new Float64Array(capacity));
    this.#last = copy(this.#last, new Float64Array(capacity));
    this.#xid = copy(this.#xid, new Float64Array(capacity));
    this.#transaction = copy(this.#transaction, new Uint32Array(capacity));
    this.#kind = copy(this.#kind, new Uint8Array(capacity));
  }
}

function copy<T extends Float64Array | Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
