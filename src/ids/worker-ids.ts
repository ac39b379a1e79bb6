import type { Client } from 'pg';
import { escapeLiteral } from '../postgres/driver.js';
import { isCalculable, parseNumbers, tableLabel } from '../postgres/statements.js';
import type { Operation } from '../schema/changes.js';
import { emptySlot, type KnownId, type KnownIdSlot } from '../schema/event.js';
import { keyColumn } from '../schema/key.js';
import { idOf, type Row, type Table, type TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { eachBuffer, type IdBuffers, type IdSlots, slotsOf } from './cache.js';
import { type IdChanges, knownIdReader } from './known-id.js';

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

/** The rows of one table that the worker may reference. */
interface KnownRows {
  readonly slots: IdSlots;
  /** Ids that are gone, and may still be in the slots. */
  readonly missing: Set<number>;
  /** Rows that the worker made. */
  readonly own: KnownId[];
}

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
  readonly #tables: Tables;
  readonly #known: ReadonlyMap<TableName, KnownRows>;
  readonly #leases: ReadonlyMap<TableName, IdLease>;
  readonly #random: () => number;
  readonly #onLease: OnLease;
  #born: { table: TableName; known: KnownId }[] = [];
  #gone: { table: TableName; id: number }[] = [];

  /**
   * @param buffers of the id cache
   * @param random uniform in [0, 1)
   * @param inserted the tables that the worker may insert into
   * @param batchSize events a batch
   */
  constructor(
    tables: Tables,
    buffers: IdBuffers,
    random: () => number,
    inserted: Iterable<TableName>,
    batchSize: number,
    onLease: OnLease,
  ) {
    this.#tables = tables;
    this.#known = eachBuffer(buffers, (buffer) => {
      return { slots: slotsOf(buffer), missing: new Set(), own: [] };
    });
    const size = Math.max(SMALLEST_LEASE, batchSize * BATCHES_PER_LEASE);
    this.#leases = new Map(
      [...inserted].map((name) => [name, new IdLease(tables.get(name), size)]),
    );
    this.#random = random;
    this.#onLease = onLease;
  }

  /**
   * Makes sure that the next `count` calls of `next` have an id. To be called before BEGIN: a server that crashes before
   * the end of a transaction forgets what that took from a sequence, and gives it to others.
   */
  async reserve(client: Client, table: TableName, count: number): Promise<void> {
    await this.#leases.get(table)?.reserve(client, count, this.#onLease);
  }

  /** True: `count` ids are left, so that `reserve` need not ask the server. */
  holds(table: TableName, count: number): boolean {
    return this.#leases.get(table)?.holds(count) ?? true;
  }

  /**
   * Gives the next `count` ids at random from all that are left of the lease. False where these are all: then no lower id
   * comes later.
   */
  scatter(table: TableName, count: number): boolean {
    return this.#leases.get(table)?.scatter(count, this.#random) ?? false;
  }

  /** Gives the next ids from `first` on without asking the server: for rows that are not written. */
  lend(table: TableName, first: number, count: number): void {
    this.#leases.get(table)?.lend(first, count);
  }

  /** An id for a new row. Throws where none was reserved. */
  next(table: TableName): number {
    return this.leased(table).next();
  }

  /** A random row of the table, or null where no row is known to exist. */
  pick(table: TableName): KnownId | null {
    const picked = emptySlot();
    return this.known(table).pick(picked) ? picked : null;
  }

  /** The rows of a table that may be referenced: looked up once, not for each pick. */
  known(table: TableName): Picker {
    return new Picker(this.#of(table), this.#random);
  }

  /** The ids of a table's new rows likewise. Throws where none may be inserted. */
  leased(table: TableName): Pick<IdLease, 'next'> {
    const lease = this.#leases.get(table);
    if (lease === undefined) throw new Error(`no lease for ${table}`);
    return lease;
  }

  /** Enters the rows of a transaction whose COMMIT was acknowledged. */
  committed(changes: readonly CommittedRows[]): void {
    for (const { table: name, operation, rows, stored } of changes) {
      if (!this.#known.has(name)) continue;
      if (operation === 'delete') for (const row of rows) this.gone(name, idOf(row));
      if (operation !== 'insert') continue;
      const table = this.#tables.get(name);
      const read = knownIdReader(table);
      for (const row of stored ?? rows) {
        if (stored === undefined || isCalculable(table, row)) this.born(name, read(row));
      }
    }
  }

  /** A row was committed: others may reference it from now on. */
  born(table: TableName, known: KnownId): void {
    this.#born.push({ table, known });
    const { own } = this.#of(table);
    if (own.length < MAX_OWN) own.push(known);
  }

  /** A row is gone: stops picking it. */
  gone(table: TableName, id: number): void {
    this.#gone.push({ table, id });
    const { missing, own } = this.#of(table);
    const index = own.findIndex((known) => known.id === id);
    if (index >= 0) own.splice(index, 1);
    if (missing.size >= MAX_GONE) missing.clear();
    missing.add(id);
  }

  /** Throws where no row references the table. */
  #of(table: TableName): KnownRows {
    const known = this.#known.get(table);
    if (known === undefined) throw new Error(`no ids of ${table}`);
    return known;
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

/** Picks random rows of one table. */
export class Picker {
  readonly #known: KnownRows;
  readonly #random: () => number;

  constructor(known: KnownRows, random: () => number) {
    this.#known = known;
    this.#random = random;
  }

  /** Fills `picked` with a random row; false where no row is known to exist. */
  pick(picked: KnownIdSlot): boolean {
    const { slots, missing, own } = this.#known;
    const { length, ids, since } = slots;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const size = Atomics.load(length, 0);
      if (size === 0) break;
      const slot = Math.floor(this.#random() * size);
      const id = ids[slot]!;
      picked.id = id;
      picked.since = since[slot]!;
      // Read again: the writer may have given the slot to another id in between.
      if (ids[slot] === id && id !== 0 && !(missing.size > 0 && missing.has(id))) return true;
    }
    const known = own[Math.floor(this.#random() * own.length)];
    if (known === undefined) return false;
    picked.id = known.id;
    picked.since = known.since;
    return true;
  }
}

/**
 * Ids taken from the table's own sequence in blocks: known before the row is made, and never given
 * twice, not even to another program. The rest of a lease is a gap at the end, as after a rollback.
 */
class IdLease {
  readonly #table: Table;
  readonly #size: number;
  #ids: number[] = [];
  #next = 0;

  constructor(table: Table, size: number) {
    this.#table = table;
    this.#size = size;
  }

  holds(count: number): boolean {
    return this.#ids.length - this.#next >= count;
  }

  async reserve(client: Client, count: number, onLease: OnLease): Promise<void> {
    if (this.holds(count)) return;
    const { name, sequence, keyKind } = this.#table;
    const found =
      sequence === null
        ? `pg_get_serial_sequence(${escapeLiteral(name)}, ${escapeLiteral(keyColumn(this.#table))})`
        : escapeLiteral(sequence);
    const { rows } = await client.query<{ ids: string }>({
      name: `lease-${tableLabel(this.#table)}`,
      // The subquery finds the sequence once, not again for each id.
      text: `SELECT array_agg(nextval((SELECT ${found}::regclass)))::text AS ids
               FROM generate_series(1, $1::int)`,
      values: [Math.max(this.#size, count)],
    });
    const leased = parseNumbers(rows[0]?.ids ?? null);
    // In other tables the numbers are not keys, so they identify no row.
    if (keyKind === 'id') onLease(name, leased);
    this.#ids = [...this.#ids.slice(this.#next), ...leased];
    this.#next = 0;
  }

  lend(first: number, count: number): void {
    this.#ids = Array.from({ length: count }, (_, i) => first + i);
    this.#next = 0;
  }

  scatter(count: number, random: () => number): boolean {
    const ids = this.#ids;
    const end = this.#next + count;
    if (end >= ids.length) return false;
    for (let i = this.#next; i < end; i++) {
      const other = i + Math.floor(random() * (ids.length - i));
      [ids[i], ids[other]] = [ids[other]!, ids[i]!];
    }
    return true;
  }

  next(): number {
    const id = this.#ids[this.#next++];
    if (id === undefined) throw new Error(`no id reserved for ${this.#table.name}`);
    return id;
  }
}
