import type { Client } from 'pg';
import { requireSchema } from '../database/schema.js';
import { requireWritable } from '../database/scripts.js';
import { countRows, type TableCounts, totalOf } from '../database/table-counts.js';
import { EXIT, OperatorError } from '../errors.js';
import { monotonicMs } from '../lib/clock.js';
import { unlessAborted } from '../lib/signals.js';
import { WorkerPool } from '../lib/worker-pool.js';
import { operatorErrorOf, withConnection } from '../postgres/connect.js';
import { failureError } from '../postgres/failures.js';
import { SideConnection } from '../postgres/side-connection.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { LinkPlan } from '../schema/link-plan.js';
import type { Schema } from '../schema/schema.js';
import { type LinkLimit, sqlName, type Table, type TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { ChunkQueue } from './chunk-queue.js';
import { takeIds } from './id-block.js';
import { areTakenOff, putBack, takeOff } from './indexes.js';
import { lockSeed, requireNoStream } from './locks.js';
import { listParents, type Parents, sizeOf } from './parents.js';
import { cutChunks, type IdBlock, phasesOf, type SeedVolumes, targetRows } from './plan.js';
import type { SeederResult, SeederTask } from './protocol.js';
import { costOfRow } from './row-cost.js';
import { type RowBasis, SeedRows } from './rows.js';

/**
 * Workers that share a thread: to make a row takes it no longer than the server takes to store one. A thread for each
 * would cost half a second of a processor more, mostly to compile the same code again.
 */
const WORKERS_A_THREAD = 2;

/** After a stop, a server without progress for this long is left alone: Ctrl+C ends within two seconds. */
const STUCK_MS = 1_500;
const STUCK_POLL_MS = 100;

export interface SeedSetup extends SeedVolumes {
  readonly schema: Schema;
  readonly target: ConnectionTarget;
  readonly rng: number;
  /** Connections. */
  readonly workers: number;
  /** `YYYY-MM-DD`: the last day of the history. */
  readonly referenceDate: string;
}

/** The reports of a seed while it goes on. */
export interface SeedObserver {
  /** Before anything is written: rows to write, by table. */
  planned(missing: TableCounts, target: TableCounts): void;
  /** The rows are in; indexes and keys are being built. */
  indexing(): void;
  /** A phase is over: rows that the table got, and rows that it holds now. */
  filled(table: TableName, written: number, total: number): void;
}

export interface SeedOutcome {
  /** Rows that every table holds now. */
  readonly tables: TableCounts;
  /** Rows that this seed wrote. */
  readonly written: number;
  readonly seconds: number;
  /** False when it was stopped before the end. */
  readonly complete: boolean;
}

/**
 * Tops up every table to its volume. Existing rows count, so the next seed completes an
 * interrupted one, and changes nothing after a complete one. The rows are the same with any number of workers.
 */
export class Seed {
  readonly #setup: SeedSetup;
  readonly #observer: SeedObserver;
  readonly #queue: ChunkQueue;
  /** Phases that are over. */
  #steps = 0;
  /** The work of all rows to write, in rows of the usual size; 0: not known yet. */
  #work = 0;
  /** Indexes and keys that are built, while that goes on, which takes seconds to hours. */
  #indexes: { done: number; of: number } | null = null;
  #stuckTimer: NodeJS.Timeout | undefined;
  /** The connection that asks the server for a sign of life after a stop. */
  readonly #pulse: SideConnection;
  /** Aborted, with an OperatorError, when the server makes no progress after a stop. */
  readonly #stuck = new AbortController();

  constructor(setup: SeedSetup, observer: SeedObserver) {
    this.#setup = setup;
    this.#observer = observer;
    this.#queue = new ChunkQueue(setup.workers);
    this.#pulse = new SideConnection(setup.target);
  }

  /** Rows handed to the server so far. */
  get rows(): number {
    return this.#queue.rows;
  }

  /** The work of writing the rows, done and in all: in rows of the usual size; `of` is 0 while it is not known. */
  get work(): { readonly done: number; readonly of: number } {
    return { done: this.#queue.work, of: this.#work };
  }

  /** Indexes and keys that are built so far; null: they are not being built. */
  get indexes(): { readonly done: number; readonly of: number } | null {
    return this.#indexes;
  }

  /** Ends the seed after the chunks in flight, or after STUCK_MS without progress. */
  stop(): void {
    this.#queue.stop();
    let seen = this.#progress;
    let since = monotonicMs();
    const noteProgress = () => {
      seen = this.#progress;
      since = monotonicMs();
    };
    this.#stuckTimer ??= setInterval(() => {
      // CREATE INDEX reports no progress: another connection shows that the server lives.
      if (this.#indexes !== null)
        void this.#pulse.ask((client) => client.query('SELECT 1').then(noteProgress));
      if (this.#progress !== seen) {
        noteProgress();
      } else if (monotonicMs() - since > STUCK_MS) {
        this.#stuck.abort(
          new OperatorError(EXIT.forced, (m) => m.seed.stuck({ seconds: STUCK_MS / 1000 })),
        );
      }
    }, STUCK_POLL_MS);
  }

  /** Rejects when `stop` was called and the server makes no progress; the work is then left to itself. */
  async run(): Promise<SeedOutcome> {
    try {
      return await unlessAborted(this.#stuck.signal, () => this.#run());
    } finally {
      clearInterval(this.#stuckTimer);
      this.#pulse.close();
    }
  }

  /** Grows whenever rows were written or a phase ended. */
  get #progress(): number {
    return this.#queue.rows + this.#steps;
  }

  async #run(): Promise<SeedOutcome> {
    const { schema, target: server } = this.#setup;
    return withConnection(server, async (client) => {
      await requireWritable(client, server, schema);
      await requireSchema(client, schema);
      await lockSeed(client);
      const started = monotonicMs();
      if (await areTakenOff(client)) {
        await requireNoStream(client, schema.tables);
        await this.#putBack();
      }
      const before = await countRows(client, schema.tables);
      const target = targetRows(schema.tables, this.#setup);
      const missing = schema.tables.record(({ name }) =>
        Math.max(0, target[name]! - before[name]!),
      );
      requireRoomForLinks(schema.tables, target, before);
      this.#observer.planned(missing, target);
      const isBare = totalOf(missing) > 0 && (await this.#fill(client, before, missing));
      // Beside the builds, where a processor is idle now and then.
      const counting = countRows(client, schema.tables);
      counting.catch(() => undefined);
      if (isBare) await this.#putBack();
      const tables = await counting;
      return {
        tables,
        written: this.#queue.rows,
        seconds: (monotonicMs() - started) / 1000,
        // Also true of a seed that was stopped with the last rows under way.
        complete: schema.tables.names.every((table) => tables[table]! >= target[table]!),
      };
    });
  }

  /** Writes the missing rows. True: it took indexes and keys off, which are still to be put back. */
  async #fill(client: Client, before: TableCounts, missing: TableCounts): Promise<boolean> {
    const { schema, target, workers, rng, referenceDate } = this.#setup;
    const { tables, extensions } = schema;
    const blocks = new Map<TableName, IdBlock>();
    for (const table of tables) {
      const count = missing[table.name]!;
      if (count > 0) blocks.set(table.name, await takeIds(client, table, count));
    }
    const parents = await readParents(client, tables, before, blocks);
    const linkable = await readLinkable(client, tables, before, blocks, parents);
    requireUnlinked(tables, missing, linkable, parents);
    // Before the threads: where they use up the files that a process may open, no more modules can be loaded.
    const pools = await schema.samplePools();
    const pool = new WorkerPool<SeederTask, SeederResult>('seeder', workers, WORKERS_A_THREAD);
    let bare = false;
    try {
      const basis: RowBasis = {
        rng,
        reference: Date.parse(`${referenceDate}T00:00:00Z`),
        parents,
        linkable,
        pools,
      };
      const costs = costsOf(schema, basis, blocks);
      const costOf = (table: TableName) => costs.get(table) ?? 1;
      for (const { table, count } of blocks.values()) this.#work += count * costOf(table);
      bare = isWorthBare(before, missing) && (await takeOff(client, tables));
      // In phases also without foreign keys: a seed that is killed must not leave rows without parents.
      for (const phase of phasesOf(tables)) {
        const own = phase.flatMap(({ name }) => blocks.get(name) ?? []);
        const chunks = cutChunks(own, costOf);
        const queue = this.#queue.buffer;
        await this.#runPhase(pool, { ...basis, target, extensions, chunks, queue });
        this.#steps++;
        if (this.#queue.stopped) break;
        for (const { name } of phase) {
          this.#observer.filled(name, missing[name]!, before[name]! + missing[name]!);
        }
      }
    } catch (error) {
      // The first error is reported; indexes and keys that stay off are in the notes.
      if (bare) await putBack(target, workers).catch(() => undefined);
      throw error;
    } finally {
      await pool.close();
    }
    return bare;
  }

  async #putBack(): Promise<void> {
    this.#observer.indexing();
    this.#indexes = { done: 0, of: 0 };
    try {
      await putBack(this.#setup.target, this.#setup.workers, (done, of) => {
        this.#indexes = { done, of };
      });
    } finally {
      this.#indexes = null;
    }
  }

  async #runPhase(
    pool: WorkerPool<SeederTask, SeederResult>,
    task: Omit<SeederTask, 'worker'>,
  ): Promise<void> {
    if (task.chunks.length === 0) return;
    this.#queue.rewind();
    const workers = Math.min(this.#setup.workers, task.chunks.length);
    const results = await Promise.all(
      Array.from({ length: workers }, (_, worker) => pool.run({ ...task, worker })),
    ).catch((error: unknown) => {
      throw operatorErrorOf(error, this.#setup.target);
    });
    for (const result of results) {
      if (result.ended === 'failed') throw failureError(result.failure, this.#setup.target);
    }
  }
}

/**
 * From this number of new rows on, indexes and keys are taken off first: for fewer rows, rebuilding them costs
 * more than it saves.
 */
const WORTH_BARE_ROWS = 50_000;
/** Tables with at most this many rows in all count as empty: the schema comes with lookup rows. */
const EMPTY_ROWS = 1_000;

function isWorthBare(before: TableCounts, missing: TableCounts): boolean {
  return totalOf(before) <= EMPTY_ROWS && totalOf(missing) >= WORTH_BARE_ROWS;
}

/** The work of one row, by table. */
function costsOf(
  schema: Schema,
  basis: RowBasis,
  blocks: ReadonlyMap<TableName, IdBlock>,
): ReadonlyMap<TableName, number> {
  const rows = new SeedRows(schema, basis);
  const costs = new Map<TableName, number>();
  for (const block of blocks.values()) {
    const table = schema.tables.get(block.table);
    const rowAt = (index: number) => rows.of(table.name)(block.first + index, index, null);
    costs.set(table.name, costOfRow(table, block, rowAt));
  }
  return costs;
}

/** The rows that seeded rows may reference: those that exist, and those that this seed adds. */
async function readParents(
  client: Client,
  tables: Tables,
  before: TableCounts,
  blocks: ReadonlyMap<TableName, IdBlock>,
): Promise<Record<TableName, Parents>> {
  const parents: Record<TableName, Parents> = {};
  for (const table of tables.parents) {
    parents[table.name] = await readTable(client, table, before, blocks);
  }
  return parents;
}

/** By table with a `LinkLimit`, the parents without a link: a second seed cannot collide with the links of the first. */
async function readLinkable(
  client: Client,
  tables: Tables,
  before: TableCounts,
  blocks: ReadonlyMap<TableName, IdBlock>,
  parents: Readonly<Record<TableName, Parents>>,
): Promise<Record<TableName, Parents>> {
  const linkable: Record<TableName, Parents> = {};
  for (const { name, links } of linkTables(tables)) {
    const parent = tables.get(links.parent.references);
    linkable[name] =
      before[name] === 0
        ? parents[parent.name]!
        : await readTable(client, parent, before, blocks, withoutLink(parent, name, links));
  }
  return linkable;
}

async function readTable(
  client: Client,
  table: Table,
  before: TableCounts,
  blocks: ReadonlyMap<TableName, IdBlock>,
  only?: string,
): Promise<Parents> {
  const { first, count } = blocks.get(table.name) ?? { first: 0, count: 0 };
  const listed = await listParents(client, table, before[table.name] === 0 ? 'false' : only);
  return { ...listed, first, added: count };
}

interface LinkTable {
  readonly name: TableName;
  readonly links: LinkLimit;
}

function linkTables(tables: Tables): LinkTable[] {
  return tables.flatMap(({ name, links }) => (links === null ? [] : [{ name, links }]));
}

/** SQL: no row of a table links this row of the parent. */
function withoutLink({ name, key }: Table, table: TableName, { parent }: LinkLimit): string {
  const own = `${name}.${sqlName(key[0]!)}`;
  return `NOT EXISTS (SELECT 1 FROM ${table} l WHERE l.${sqlName(parent.column)} = ${own})`;
}

/** Refuses volumes that would need more links than parents may have. */
function requireRoomForLinks(tables: Tables, target: TableCounts, before: TableCounts): void {
  const rows = (table: TableName) => Math.max(target[table]!, before[table]!);
  for (const { name, links } of linkTables(tables)) {
    const parents = rows(links.parent.references);
    const { capacity } = new LinkPlan(0, links.limit, parents, rows(links.other.references));
    if (target[name]! <= Math.max(capacity, before[name]!)) continue;
    const setting = tables.get(name).volume.setting;
    const parent = tables.get(links.parent.references);
    const asked = { setting, links: target[name]!, limit: links.limit, capacity };
    throw new OperatorError(EXIT.usage, (m) =>
      m.seed.tooManyLinks({
        ...asked,
        parent: parent.name,
        parentSetting: parent.volume.setting,
        parents,
      }),
    );
  }
}

/** Refuses to complete links when too few parents without a link are left. */
function requireUnlinked(
  tables: Tables,
  missing: TableCounts,
  linkable: Readonly<Record<TableName, Parents>>,
  parents: Readonly<Record<TableName, Parents>>,
): void {
  for (const { name, links } of linkTables(tables)) {
    const others = sizeOf(parents[links.other.references]!);
    const { capacity } = new LinkPlan(0, links.limit, sizeOf(linkable[name]!), others);
    if (missing[name]! <= capacity) continue;
    throw new OperatorError(EXIT.state, (m) =>
      m.seed.noRoomForLinks({
        table: name,
        parent: links.parent.references,
        missing: missing[name]!,
        capacity,
      }),
    );
  }
}
