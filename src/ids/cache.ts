import { PARENT_TABLES, type ParentTable } from '../schemas/hospital/tables.js';
import { allocateIds, type IdBuffers, type IdSlots, slotsOf } from './layout.js';

/** An id that may be referenced. `since`: see `IdSlots`. */
export interface KnownId {
  readonly id: number;
  readonly since: number;
}

interface TableIds {
  readonly slots: IdSlots;
  /** Which slot an id is in. */
  readonly where: Map<number, number>;
  /** How many ids the table ever offered: what the sample is a sample of. */
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

  /** `capacity`: ids a table. `random`: uniform in [0, 1), chooses what the sample keeps. */
  constructor(capacity: number, random: () => number) {
    this.buffers = allocateIds(capacity);
    this.#random = random;
    this.#tables = Object.fromEntries(
      PARENT_TABLES.map((table) => [
        table,
        { slots: slotsOf(this.buffers[table]), where: new Map(), offered: 0 },
      ]),
    ) as unknown as Record<ParentTable, TableIds>;
  }

  get capacity(): number {
    return this.#tables.pacientes.slots.capacity;
  }

  size(table: ParentTable): number {
    return this.#tables[table].where.size;
  }

  /** Publishes an id. When the cache is full it takes a random other's place, or none. */
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

  /** Tells that a table holds `rows` rows, of which the ids added so far are a sample. */
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
