import { PARENT_TABLES, type ParentTable } from '../schemas/hospital/tables.js';
import type { KnownId } from './cache.js';
import { type IdBuffers, type IdSlots, slotsOf } from './layout.js';

/** Picks in a row that may turn out to be gone before the table counts as empty. */
const TRIES = 32;
/** Ids remembered as gone; the main thread takes them out of the cache within a moment anyway. */
const MAX_GONE = 10_000;
/** Own ids kept for while the cache holds none, before the main thread published them. */
const MAX_OWN = 1_000;

/** A worker's side of the id cache: it reads, picks, and remembers what it found to be gone. */
export class IdView {
  readonly #slots: Readonly<Record<ParentTable, IdSlots>>;
  readonly #gone: Readonly<Record<ParentTable, Set<number>>>;
  readonly #own: Readonly<Record<ParentTable, KnownId[]>>;
  readonly #random: () => number;

  /** `random`: uniform in [0, 1). */
  constructor(buffers: IdBuffers, random: () => number) {
    const each = <T>(make: (table: ParentTable) => T) =>
      Object.fromEntries(PARENT_TABLES.map((table) => [table, make(table)])) as Record<
        ParentTable,
        T
      >;
    this.#slots = each((table) => slotsOf(buffers[table]));
    this.#gone = each(() => new Set());
    this.#own = each(() => []);
    this.#random = random;
  }

  /** A random id of the table, or null when none is known to exist. */
  pick(table: ParentTable): KnownId | null {
    const { length, ids, since } = this.#slots[table];
    const gone = this.#gone[table];
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const size = Atomics.load(length, 0);
      if (size === 0) break;
      const slot = Math.floor(this.#random() * size);
      const id = ids[slot]!;
      const sinceMs = since[slot]!;
      // Read again: the writer may have given the slot to another id in between.
      if (ids[slot] !== id || id === 0 || (gone.size > 0 && gone.has(id))) continue;
      return { id, since: sinceMs };
    }
    const own = this.#own[table];
    return own[Math.floor(this.#random() * own.length)] ?? null;
  }

  /** Remembers a row that this worker committed, for as long as the cache is empty. */
  keep(table: ParentTable, known: KnownId): void {
    if (this.#own[table].length < MAX_OWN) this.#own[table].push(known);
  }

  /** Stops picking an id: its row was found to be gone. */
  drop(table: ParentTable, id: number): void {
    const own = this.#own[table];
    const index = own.findIndex((known) => known.id === id);
    if (index >= 0) own.splice(index, 1);
    if (this.#gone[table].size >= MAX_GONE) this.#gone[table].clear();
    this.#gone[table].add(id);
  }
}
