import type { Client } from 'pg';
import type { Operation } from '../legacy/changes.js';
import { idOf, isParent, type ParentTable, type Row, type TableName } from '../legacy/tables.js';
import { isCalculable, parseNumbers } from '../postgres/statements.js';
import { eachParent, type IdBuffers, type IdSlots, slotsOf } from './cache.js';
import { type IdChanges, type KnownId, knownIdOf } from './known-id.js';

/** Batches that one lease lasts for: one round trip in twenty batches. */
const BATCHES_PER_LEASE = 20;
/** Ids of the smallest lease, so that batches of one event do not ask all the time. */
const SMALLEST_LEASE = 200;
/** Picks in a row that may turn out to be gone before the table counts as empty. */
const TRIES = 32;
/** Ids remembered as gone; the main thread takes them out of the cache within a moment anyway. */
const MAX_GONE = 10_000;
/** Own ids that are picked while the cache is empty, before the main thread has published them. */
const MAX_OWN = 1_000;

/** Called with the ids taken from a table's sequence, before any of them is used. */
export type OnLease = (table: TableName, ids: readonly number[]) => void;

/** Committed rows of one table, written in one way. `stored`: as triggers left them. */
export interface CommittedRows {
  readonly table: TableName;
  readonly operation: Operation;
  readonly rows: readonly Row[];
  readonly stored?: readonly Row[];
}

/**
 * The ids of one worker: `next` for a new row, `pick` for a row to reference, and the rows that its own
 * commits made (`born`) or that it found deleted (`gone`), which it keeps until the main thread takes them.
 */
export class WorkerIds {
  readonly #slots: Readonly<Record<ParentTable, IdSlots>>;
  readonly #missing: Readonly<Record<ParentTable, Set<number>>>;
  readonly #own: Readonly<Record<ParentTable, KnownId[]>>;
  readonly #leases: ReadonlyMap<TableName, IdLease>;
  readonly #random: () => number;
  readonly #onLease: OnLease;
  #born: { table: ParentTable; known: KnownId }[] = [];
  #gone: { table: ParentTable; id: number }[] = [];

  /**
   * @param buffers of the id cache
   * @param random uniform in [0, 1)
   * @param tables those that the worker may insert into
   * @param batchSize events a batch
   */
  constructor(
    buffers: IdBuffers,
    random: () => number,
    tables: Iterable<TableName>,
    batchSize: number,
    onLease: OnLease,
  ) {
    this.#slots = eachParent((table) => slotsOf(buffers[table]));
    this.#missing = eachParent(() => new Set());
    this.#own = eachParent(() => []);
    const size = Math.max(SMALLEST_LEASE, batchSize * BATCHES_PER_LEASE);
    this.#leases = new Map([...tables].map((table) => [table, new IdLease(table, size)]));
    this.#random = random;
    this.#onLease = onLease;
  }

  /** Makes sure that the next `count` calls of `next` have an id. */
  async reserve(client: Client, table: TableName, count: number): Promise<void> {
    await this.#leases.get(table)?.reserve(client, count, this.#onLease);
  }

  /** An id for a new row. Throws where none was reserved. */
  next(table: TableName): number {
    const lease = this.#leases.get(table);
    if (lease === undefined) throw new Error(`no lease for ${table}`);
    return lease.next();
  }

  /** A random row of the table, or null where no row is known to exist. */
  pick(table: ParentTable): KnownId | null {
    const { length, ids, since } = this.#slots[table];
    const missing = this.#missing[table];
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const size = Atomics.load(length, 0);
      if (size === 0) break;
      const slot = Math.floor(this.#random() * size);
      const id = ids[slot]!;
      const sinceMs = since[slot]!;
      // Read again: the writer may have given the slot to another id in between.
      if (ids[slot] !== id || id === 0 || (missing.size > 0 && missing.has(id))) continue;
      return { id, since: sinceMs };
    }
    const own = this.#own[table];
    return own[Math.floor(this.#random() * own.length)] ?? null;
  }

  /** Enters the rows of a transaction whose COMMIT was acknowledged. */
  committed(changes: readonly CommittedRows[]): void {
    for (const { table, operation, rows, stored } of changes) {
      if (!isParent(table)) continue;
      if (operation === 'delete') for (const row of rows) this.gone(table, idOf(row));
      if (operation !== 'insert') continue;
      for (const row of stored ?? rows) {
        if (stored === undefined || isCalculable(table, row)) {
          this.born(table, knownIdOf(table, row));
        }
      }
    }
  }

  /** A row was committed: others may reference it from now on. */
  born(table: ParentTable, known: KnownId): void {
    this.#born.push({ table, known });
    if (this.#own[table].length < MAX_OWN) this.#own[table].push(known);
  }

  /** A row is gone: stops picking it. */
  gone(table: ParentTable, id: number): void {
    this.#gone.push({ table, id });
    const own = this.#own[table];
    const index = own.findIndex((known) => known.id === id);
    if (index >= 0) own.splice(index, 1);
    if (this.#missing[table].size >= MAX_GONE) this.#missing[table].clear();
    this.#missing[table].add(id);
  }

  /** Whether `takeChanges` has any. */
  get changed(): boolean {
    return this.#born.length > 0 || this.#gone.length > 0;
  }

  /** The rows born and gone since the last call, for the main thread's cache. */
  takeChanges(): IdChanges {
    const changes = { born: this.#born, gone: this.#gone };
    this.#born = [];
    this.#gone = [];
    return changes;
  }
}

/**
 * Ids taken from the table's own sequence in blocks: known before the row is made, and never given
 * twice, not even to another program. The rest of a lease is a gap at the end, as after a rollback.
 */
class IdLease {
  readonly #table: TableName;
  readonly #size: number;
  #ids: number[] = [];
  #next = 0;

  constructor(table: TableName, size: number) {
    this.#table = table;
    this.#size = size;
  }

  async reserve(client: Client, count: number, onLease: OnLease): Promise<void> {
    if (this.#ids.length - this.#next >= count) return;
    const { rows } = await client.query<{ ids: string }>({
      name: `lease-${this.#table}`,
      // The subquery finds the sequence once, not again for each id.
      text: `SELECT array_agg(nextval((SELECT pg_get_serial_sequence('${this.#table}', 'id')::regclass)))::text AS ids
               FROM generate_series(1, $1::int)`,
      values: [Math.max(this.#size, count)],
    });
    const leased = parseNumbers(rows[0]?.ids ?? null);
    onLease(this.#table, leased);
    this.#ids = [...this.#ids.slice(this.#next), ...leased];
    this.#next = 0;
  }

  next(): number {
    const id = this.#ids[this.#next++];
    if (id === undefined) throw new Error(`no id reserved for ${this.#table}`);
    return id;
  }
}
