import type { KnownId } from '../schema/event.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import type { IdChanges } from './known-id.js';

/** The shared memory of the id cache, one buffer for each table that others reference; it crosses threads once. */
export type IdBuffers = ReadonlyMap<TableName, SharedArrayBuffer>;

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
  /** Ids a table. */
  readonly capacity: number;
  readonly #tables: ReadonlyMap<TableName, TableIds>;
  readonly #random: () => number;

  /** `capacity`: ids a table. `random`: uniform in [0, 1), chooses which ids the sample keeps. */
  constructor({ parents }: Tables, capacity: number, random: () => number) {
    const bytes = HEADER_BYTES + capacity * SLOT_BYTES;
    this.capacity = capacity;
    this.buffers = new Map(parents.map(({ name }) => [name, new SharedArrayBuffer(bytes)]));
    this.#tables = eachBuffer(this.buffers, (buffer) => {
      return { slots: slotsOf(buffer), where: new Map(), offered: 0 };
    });
    this.#random = random;
  }

  size(table: TableName): number {
    return this.#of(table).where.size;
  }

  /** Publishes the rows that a worker committed, and takes out those that are gone. */
  apply({ born, gone }: IdChanges): void {
    for (const { table, known } of born) this.add(table, known);
    for (const { table, id } of gone) this.remove(table, id);
  }

  /** Publishes an id. In a full cache it takes the place of a random other id, or is left out. */
  add(table: TableName, { id, since }: KnownId): void {
    const ofTable = this.#of(table);
    const { slots, where } = ofTable;
    if (where.has(id)) return;
    ofTable.offered++;
    if (where.size < slots.capacity) {
      this.#put(table, where.size, id, since);
      Atomics.store(slots.length, 0, where.size);
      return;
    }
    const slot = Math.floor(this.#random() * ofTable.offered);
    if (slot >= slots.capacity) return;
    where.delete(slots.ids[slot] ?? 0);
    this.#put(table, slot, id, since);
  }

  /** Notes that a table holds `rows` rows; the ids added so far are a sample of them. */
  sampledFrom(table: TableName, rows: number): void {
    const ofTable = this.#of(table);
    ofTable.offered = Math.max(rows, ofTable.offered);
  }

  /** Takes out an id whose row is gone. */
  remove(table: TableName, id: number): void {
    const { slots, where } = this.#of(table);
    const slot = where.get(id);
    if (slot === undefined) return;
    where.delete(id);
    const last = where.size;
    if (slot !== last) this.#put(table, slot, slots.ids[last] ?? 0, slots.since[last] ?? 0);
    Atomics.store(slots.length, 0, last);
  }

  /** Throws where no row references the table. */
  #of(table: TableName): TableIds {
    const ids = this.#tables.get(table);
    if (ids === undefined) throw new Error(`no ids of ${table}`);
    return ids;
  }

  #put(table: TableName, slot: number, id: number, since: number): void {
    const { slots, where } = this.#of(table);
    slots.since[slot] = since;
    slots.ids[slot] = id;
    where.set(id, slot);
  }
}

/** One value for each table of the id cache. */
export function eachBuffer<T>(
  buffers: IdBuffers,
  make: (buffer: SharedArrayBuffer) => T,
): ReadonlyMap<TableName, T> {
  return new Map([...buffers].map(([table, buffer]) => [table, make(buffer)]));
}
