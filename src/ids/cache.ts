import { PARENT_TABLES, type ParentTable } from '../legacy/tables.js';
import type { IdChanges, KnownId } from './known-id.js';

/** The shared memory of the id cache, one buffer a table; it crosses threads once. */
export type IdBuffers = Readonly<Record<ParentTable, SharedArrayBuffer>>;

/** One length word, padded to eight bytes. */
const HEADER_BYTES = 8;
/** An id and its `since`, a double each. */
const SLOT_BYTES = 16;

/** One table's ids in shared memory. Slots [0, length) hold ids; `since`: see `KnownId`. */
export interface IdSlots {
  readonly length: Int32Array;
  readonly ids: Float64Array;
  readonly since: Float64Array;
  readonly capacity: number;
}

/** The slots inside a buffer. */
export function slotsOf(buffer: SharedArrayBuffer): IdSlots {
  const capacity = (buffer.byteLength - HEADER_BYTES) / SLOT_BYTES;
  return {
    length: new Int32Array(buffer, 0, 1),
    ids: new Float64Array(buffer, HEADER_BYTES, capacity),
    since: new Float64Array(buffer, HEADER_BYTES + capacity * 8, capacity),
    capacity,
  };
}

interface TableIds {
  readonly slots: IdSlots;
  /** The slot of each id. */
  readonly where: Map<number, number>;
  /** How many ids the table ever offered: the sample is drawn from these. */
  offered: number;
}

/**
 * The ids that new rows may reference, in shared memory that is broadcast to all workers once. The
 * main thread is the only writer: it publishes an id after the COMMIT that made it was acknowledged
 * and takes one out when its row is gone. Bounded: where a table is larger, a uniform sample.
 */
export class IdCache {
  readonly buffers: IdBuffers;
  readonly #tables: Readonly<Record<ParentTable, TableIds>>;
  readonly #random: () => number;

  /** `capacity`: ids a table. `random`: uniform in [0, 1), chooses which ids the sample keeps. */
  constructor(capacity: number, random: () => number) {
    this.buffers = eachParent(() => new SharedArrayBuffer(HEADER_BYTES + capacity * SLOT_BYTES));
    this.#tables = eachParent((table) => {
      return { slots: slotsOf(this.buffers[table]), where: new Map(), offered: 0 };
    });
    this.#random = random;
  }

  get capacity(): number {
    return this.#tables.pacientes.slots.capacity;
  }

  size(table: ParentTable): number {
    return this.#tables[table].where.size;
  }

  /** Publishes the rows that a worker committed, and takes out those that are gone. */
  apply({ born, gone }: IdChanges): void {
    for (const { table, known } of born) this.add(table, known);
    for (const { table, id } of gone) this.remove(table, id);
  }

  /** Publishes an id. In a full cache it takes the place of a random other id, or is left out. */
  add(table: ParentTable, { id, since }: KnownId): void {
    const { slots, where } = this.#tables[table];
    if (where.has(id)) return;
    this.#tables[table].offered++;
    if (where.size < slots.capacity) {
      this.#put(table, where.size, id, since);
      Atomics.store(slots.length, 0, where.size);
      return;
    }
    const slot = Math.floor(this.#random() * this.#tables[table].offered);
    if (slot >= slots.capacity) return;
    where.delete(slots.ids[slot] ?? 0);
    this.#put(table, slot, id, since);
  }

  /** Notes that a table holds `rows` rows; the ids added so far are a sample of them. */
  sampledFrom(table: ParentTable, rows: number): void {
    this.#tables[table].offered = Math.max(rows, this.#tables[table].offered);
  }

  /** Takes out an id whose row is gone. */
  remove(table: ParentTable, id: number): void {
    const { slots, where } = this.#tables[table];
    const slot = where.get(id);
    if (slot === undefined) return;
    where.delete(id);
    const last = where.size;
    if (slot !== last) this.#put(table, slot, slots.ids[last] ?? 0, slots.since[last] ?? 0);
    Atomics.store(slots.length, 0, last);
  }

  #put(table: ParentTable, slot: number, id: number, since: number): void {
    const { slots, where } = this.#tables[table];
    slots.since[slot] = since;
    slots.ids[slot] = id;
    where.set(id, slot);
  }
}

/** One value for each table that others reference. */
export function eachParent<T>(make: (table: ParentTable) => T): Record<ParentTable, T> {
  const entries = PARENT_TABLES.map((table) => [table, make(table)]);
  return Object.fromEntries(entries) as Record<ParentTable, T>;
}
