import type { Client } from 'pg';
import { requireSchema } from '../database/schema.js';
import { requireWritable } from '../database/scripts.js';
import { countRows, type TableCounts, totalOf } from '../database/table-counts.js';
import { EXIT, OperatorError } from '../errors.js';
import { LinkPlan } from '../legacy/links.js';
import type { Pools } from '../legacy/pools.js';
import { PARENT_TABLES, type ParentTable, TABLE_NAMES, type TableName } from '../legacy/tables.js';
import { monotonicMs } from '../lib/clock.js';
import { unlessAborted } from '../lib/signals.js';
import { WorkerPool } from '../lib/worker-pool.js';
import { operatorErrorOf, withConnection } from '../postgres/connect.js';
import { failureError } from '../postgres/failures.js';
import { SideConnection } from '../postgres/side-connection.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { ChunkQueue } from './chunk-queue.js';
import { takeIds } from './id-block.js';
import { areTakenOff, putBack, takeOff } from './indexes.js';
import { lockSeed, requireNoStream } from './locks.js';
import { listParents, type Parents, sizeOf } from './parents.js';
import { cutChunks, type IdBlock, PHASES, type SeedVolumes, targetRows } from './plan.js';
import type { SeederResult, SeederTask } from './protocol.js';

/** After a stop, a server without progress for this long is left alone: Ctrl+C ends within two seconds. */
const STUCK_MS = 1_500;
const STUCK_POLL_MS = 100;

export interface SeedSetup extends SeedVolumes {
  readonly target: ConnectionTarget;
  readonly rng: number;
  readonly workers: number;
  /** `YYYY-MM-DD`: the last day of the history. */
  readonly referenceDate: string;
  /** Makes the pools; called only when there is something to write. */
  readonly pools: () => Promise<Pools>;
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
    return withConnection(this.#setup.target, async (client) => {
      await requireWritable(client, this.#setup.target);
      await requireSchema(client);
      await lockSeed(client);
      const started = monotonicMs();
      if (await areTakenOff(client)) {
        await requireNoStream(client);
        await this.#putBack();
      }
      const before = await countRows(client);
      const target = targetRows(this.#setup);
      const missing = Object.fromEntries(
        TABLE_NAMES.map((table) => [table, Math.max(0, target[table] - before[table])]),
      ) as TableCounts;
      requireRoomForLinks(target, before);
      this.#observer.planned(missing, target);
      if (totalOf(missing) > 0) await this.#fill(client, before, missing);
      const tables = await countRows(client);
      return {
        tables,
        written: this.#queue.rows,
        seconds: (monotonicMs() - started) / 1000,
        // Also true of a seed that was stopped with the last rows under way.
        complete: TABLE_NAMES.every((table) => tables[table] >= target[table]),
      };
    });
  }

  async #fill(client: Client, before: TableCounts, missing: TableCounts): Promise<void> {
    const { target, workers, rng, referenceDate } = this.#setup;
    const blocks = new Map<TableName, IdBlock>();
    for (const table of TABLE_NAMES) {
      if (missing[table] > 0) blocks.set(table, await takeIds(client, table, missing[table]));
    }
    const parents = await readParents(client, before, blocks);
    const linkable =
      before.pacientes_convenios === 0
        ? parents.pacientes
        : await readTable(client, 'pacientes', before, blocks, WITHOUT_LINK);
    requireUnlinked(missing.pacientes_convenios, linkable, parents.convenios);
    // First: the threads load their modules during the preparation.
    const pool = new WorkerPool<SeederTask, SeederResult>('seeder', workers);
    let bare = false;
    try {
      const pools = await this.#setup.pools();
      bare = isWorthBare(before, missing) && (await takeOff(client));
      // In phases also without foreign keys: a seed that is killed must not leave rows without parents.
      for (const phase of PHASES) {
        await this.#runPhase(pool, {
          rng,
          reference: Date.parse(`${referenceDate}T00:00:00Z`),
          target,
          chunks: cutChunks(phase.flatMap((table) => blocks.get(table) ?? [])),
          parents,
          linkable,
          pools,
          queue: this.#queue.buffer,
        });
        this.#steps++;
        if (this.#queue.stopped) break;
        for (const table of phase) {
          this.#observer.filled(table, missing[table], before[table] + missing[table]);
        }
      }
    } catch (error) {
      // The first error is reported; indexes and keys that stay off are in the notes.
      if (bare) await putBack(target, workers).catch(() => undefined);
      throw error;
    } finally {
      await pool.close();
    }
    if (bare) await this.#putBack();
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

/** The rows that seeded rows may reference: those that exist, and those that this seed adds. */
async function readParents(
  client: Client,
  before: TableCounts,
  blocks: ReadonlyMap<TableName, IdBlock>,
): Promise<Record<ParentTable, Parents>> {
  const parents = {} as Record<ParentTable, Parents>;
  for (const table of PARENT_TABLES)
    parents[table] = await readTable(client, table, before, blocks);
  return parents;
}

async function readTable(
  client: Client,
  table: ParentTable,
  before: TableCounts,
  blocks: ReadonlyMap<TableName, IdBlock>,
  only?: string,
): Promise<Parents> {
  const { first, count } = blocks.get(table) ?? { first: 0, count: 0 };
  const listed = await listParents(client, table, before[table] === 0 ? 'false' : only);
  return { ...listed, first, added: count };
}

/** Patients without a convênio: a second seed cannot collide with the links of the first. */
const WITHOUT_LINK =
  'NOT EXISTS (SELECT 1 FROM pacientes_convenios l WHERE l.paciente_id = pacientes.id)';

/** Refuses volumes that would need more links than patients may have. */
function requireRoomForLinks(target: TableCounts, before: TableCounts): void {
  const pacientes = Math.max(target.pacientes, before.pacientes);
  const convenios = Math.max(target.convenios, before.convenios);
  const { capacity } = new LinkPlan(0, pacientes, convenios);
  if (target.pacientes_convenios <= Math.max(capacity, before.pacientes_convenios)) return;
  throw new OperatorError(EXIT.usage, (m) =>
    m.seed.tooManyLinks({ links: target.pacientes_convenios, pacientes, capacity }),
  );
}

/** Refuses to complete links when too few patients without a link are left. */
function requireUnlinked(missing: number, linkable: Parents, convenios: Parents): void {
  const capacity = new LinkPlan(0, sizeOf(linkable), sizeOf(convenios)).capacity;
  if (missing > capacity)
    throw new OperatorError(EXIT.state, (m) => m.seed.noRoomForLinks({ missing, capacity }));
}
