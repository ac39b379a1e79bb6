import { MessageChannel, type Worker } from 'node:worker_threads';
import type { Client } from 'pg';
import type { DatabaseFacts } from '../database/facts.js';
import { EXIT, OperatorError } from '../errors.js';
import { IdCache } from '../ids/cache.js';
import { loadIds } from '../ids/load.js';
import type { LedgerTask } from '../ledger/writer.js';
import { type ClosedLedger, LedgerError, LedgerWriter } from '../ledger/writer.js';
import type { ReconnectPolicy } from '../lib/back-off.js';
import { monotonicMs, sleep, within } from '../lib/clock.js';
import { unlessAborted } from '../lib/signals.js';
import { WorkerPool } from '../lib/worker-pool.js';
import { connect, withConnection } from '../postgres/connect.js';
import { describeFailure, type Failure, LEDGER } from '../postgres/failures.js';
import { compareServers, identifyPrimary } from '../postgres/identity.js';
import { settlePending } from '../postgres/in-doubt.js';
import type { Backend } from '../postgres/pending.js';
import type { TableOids } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { RNG_PURPOSE, Rng } from '../random/rng.js';
import {
  noRows,
  OPERATIONS,
  type RowCounts,
  type WrittenRows,
} from '../schemas/hospital/changes.js';
import type { Pools } from '../schemas/hospital/pools.js';
import { TABLE_NAMES } from '../schemas/hospital/tables.js';
import { Control } from './control.js';
import { type HeldUp, WaitEnder } from './held-up.js';
import type { WorkerPlan } from './plan.js';
import type { ProducerReport, ProducerResult, ProducerTask } from './protocol.js';
import { returningOf } from './server-effects.js';
import type { Totals } from './totals.js';
import { WorkerStats } from './worker-stats.js';

/** Deaths of one worker without an event in between, after which it is not started again. */
const MAX_STILLBORN = 3;
/** Workers that cannot connect at once keep the others waiting no longer than this. */
const READY_PATIENCE_MS = 5_000;
const READY_POLL_MS = 2;
/** How often the end of the run is looked for. */
const SLICE_MS = 20;
/** Workers send what is due at the very end a moment late; what lasts longer than this is stopped. */
const OVERRUN_MS = 500;
/** Batches in flight are mostly done within this; a worker that is not may be waiting for somebody. */
const HELD_UP_AFTER_MS = 500;
/**
 * After a signal, a server that for so long answers neither a new connection nor any worker hangs: Ctrl+C ends a run
 * within two seconds. One that answers has the whole grace.
 */
const SILENT_MS = 700;
/** Asking for the fate of transactions in doubt is given up after this, whatever the grace. */
const LEAST_PATIENCE_MS = 1_000;
/** The last messages of a thread arrive within this, or its channel is lost. */
const LAST_WORDS_MS = 1_000;
/** A connection is ended politely within this, or its server hangs. */
const FAREWELL_MS = 500;

export interface StreamSetup {
  readonly target: ConnectionTarget;
  /** The tables that the run writes to: it ends when others take their place. */
  readonly tables: TableOids;
  readonly rng: number;
  readonly plans: readonly WorkerPlan[];
  readonly batchSize: number;
  readonly updateRatio: number;
  readonly deleteRatio: number;
  readonly idCacheSize: number;
  readonly reconnect: ReconnectPolicy;
  readonly stopGraceMs: number;
  readonly pools: Pools;
  readonly totals: Totals;
  /** What the database does to rows by itself; null: not looked at, and nothing is expected. */
  readonly facts: DatabaseFacts | null;
  /** Where the ledger is kept, and the run's name in it; null: none is. */
  readonly ledger: { readonly folder: string; readonly run: string } | null;
}

/** What is told while the run goes on. `worker`: position, from 0. */
export interface StreamObserver {
  /** Rows that were committed since the last time. */
  written(rows: readonly WrittenRows[]): void;
  report(worker: number, report: ProducerReport): void;
  workerDied(worker: number, error: unknown): void;
}

export type StoppedBy = 'duration' | 'max-events' | 'signal' | 'critical' | 'threshold';

export interface StreamOutcome {
  readonly stoppedBy: StoppedBy;
  /** Why, when it was `critical`. */
  readonly failure: Failure | null;
  /** The loss of the server whose backlog was not worked off when the run ended; null: there is none. */
  readonly lost: Failure | null;
  /** Some workers got no answer until they were cut off. */
  readonly cutOff: boolean;
  /** Nor did a connection of the main thread, so that nothing more was asked. */
  readonly silent: boolean;
  /** The workers' waits when the run was to end. */
  readonly heldUp: HeldUp;
  /** Batches that were rolled back because they waited for a lock then. */
  readonly givenUp: number;
  readonly workerStats: readonly WorkerStats[];
  /** Wall-clock seconds from the first due time to the end, and of these the ones not paused. */
  readonly seconds: number;
  readonly activeSeconds: number;
}

/**
 * One run of `stream`. The main thread hands each worker its share, publishes the ids that workers
 * report, replaces workers that die, and steers; the workers pace themselves.
 */
export class Coordinator {
  readonly control = new Control();
  readonly workerStats: readonly WorkerStats[];
  readonly #setup: StreamSetup;
  readonly #observer: StreamObserver;
  readonly #pool: WorkerPool<ProducerTask, ProducerResult>;
  readonly #cache: IdCache;
  readonly #ready = new Set<number>();
  /** Rows of each worker that the observer knows of. */
  readonly #told: readonly RowCounts[];
  #failure: Failure | null = null;
  /** Why a connection was lost, the last time. */
  #loss: Failure | null = null;
  #cutOff = false;
  #silent = false;
  #heldUp: HeldUp = { waits: [], unconfirmed: 0 };
  #givenUp = 0;
  #stopped: 'signal' | 'threshold' | null = null;
  #onStart: () => void = () => undefined;
  /** Aborted by a stop; of consequence before the clock has started. */
  readonly #preparing = new AbortController();
  /** The highest ids when the run began. */
  #lastIds = Object.fromEntries(TABLE_NAMES.map((table) => [table, 0])) as ProducerTask['lastIds'];

  constructor(setup: StreamSetup, observer: StreamObserver) {
    const rng = new Rng(setup.rng).at(RNG_PURPOSE.cachePicks, 0);
    this.#setup = setup;
    this.#observer = observer;
    this.#cache = new IdCache(setup.idCacheSize, () => rng.unit());
    this.#pool = new WorkerPool('producer', setup.plans.length);
    this.workerStats = setup.plans.map(() => new WorkerStats());
    this.#told = setup.plans.map(noRows);
  }

  /** The worker threads, for tests that end one. */
  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** `act` is called when the clock starts. */
  onStart(act: () => void): void {
    this.#onStart = act;
  }

  /** Ends the run, for a signal or a threshold: batches in flight finish. */
  stop(by: 'signal' | 'threshold' = 'signal'): void {
    this.#stopped ??= by;
    this.control.stop();
    this.#preparing.abort(new OperatorError(EXIT.forced, (m) => m.server.interrupted()));
  }

  /**
   * Runs until a limit, `stop` or a failure that cannot be overcome. Throws where it was stopped before its
   * clock started: nothing was written.
   */
  async run(): Promise<StreamOutcome> {
    const connecting = connect(this.#setup.target);
    try {
      const { workers, counting } = await unlessAborted(this.#preparing.signal, async () =>
        this.#prepare(await connecting),
      );
      const started = monotonicMs();
      this.control.start();
      this.#onStart();
      void counting();
      await this.#untilOver(workers);
      const activeSeconds = this.control.active() / 1000;
      const seconds = (monotonicMs() - started) / 1000;
      await this.#pool.close();
      await this.#settleRest();
      for (const worker of this.workerStats.keys()) this.#tell(worker);
      const lost = this.workerStats.some((stats) => stats.lost) ? this.#loss : null;
      const ending = { ...this.#verdict(), lost, cutOff: this.#cutOff, silent: this.#silent };
      const held = { heldUp: this.#heldUp, givenUp: this.#givenUp };
      return { ...ending, ...held, workerStats: this.workerStats, seconds, activeSeconds };
    } finally {
      // Also when it failed before the start: then the workers are still waiting for it.
      this.control.stop();
      await this.#pool.close();
      await within(
        connecting.then((client) => client.end()).catch(() => undefined),
        FAREWELL_MS,
      );
    }
  }

  /** Gets everything ready for the clock to start. `counting`: what goes on beside the run. */
  async #prepare(
    client: Client,
  ): Promise<{ workers: Promise<unknown>; counting: () => Promise<void> }> {
    this.#lastIds = await readLastIds(client);
    // The workers connect meanwhile; none of them begins before the clock starts.
    const workers = Promise.all(this.#setup.plans.map((plan, i) => this.#keep(plan, i)));
    await loadIds(client, this.#cache);
    const { count, quick } = await this.#setup.totals.start(client);
    // When the tables cannot be counted the run goes on all the same, its lines without totals.
    const counting = () =>
      count()
        .catch(() => undefined)
        .finally(() => client.end().catch(() => undefined));
    if (quick) await counting();
    await Promise.race([this.#allReady(), workers]);
    return { workers, counting: quick ? async () => undefined : counting };
  }

  /** Resolves when every worker is connected, or those that are have waited long enough. */
  async #allReady(): Promise<void> {
    const deadline = monotonicMs() + READY_PATIENCE_MS;
    while (this.#ready.size < this.workerStats.length && !this.control.stopping) {
      if (monotonicMs() > deadline) return;
      await sleep(READY_POLL_MS);
    }
  }

  /** Runs a worker's task; a thread that dies is replaced and goes on with the same share. */
  async #keep(plan: WorkerPlan, index: number): Promise<void> {
    let stillborn = 0;
    while (stillborn < MAX_STILLBORN) {
      const before = this.#attempted(index);
      try {
        const result = await this.#runOnce(plan, index);
        if (result.ended === 'failed') this.fail(result.failure);
        if (result.ended === 'stopped') this.#givenUp += result.givenUp;
        return;
      } catch (error) {
        if (this.control.stopping) return;
        const failure = describeFailure(error);
        if (failure.class === 'hopeless') return this.fail(failure);
        this.#observer.workerDied(index, error);
        stillborn = this.#attempted(index) > before ? 0 : stillborn + 1;
        if (stillborn === MAX_STILLBORN) this.fail(failure);
      }
    }
  }

  async #runOnce(plan: WorkerPlan, index: number): Promise<ProducerResult> {
    const { target, tables, rng, batchSize, updateRatio, deleteRatio, reconnect, pools, facts } =
      this.#setup;
    const stats = this.workerStats[index];
    if (stats === undefined) throw new Error(`no stats for worker ${index}`);
    const { port1, port2 } = new MessageChannel();
    const silent = new Promise((resolve) => port1.once('close', resolve));
    port1.on('message', (report: ProducerReport) => this.#receive(index, report));
    const task: ProducerTask = {
      ...plan,
      target,
      tables,
      rng,
      batchSize,
      updateRatio,
      deleteRatio,
      returning: facts === null ? {} : returningOf(facts),
      reconnect,
      pools,
      lastIds: this.#lastIds,
      control: this.control.buffer,
      stats: stats.buffer,
      ids: this.#cache.buffers,
      ledger: this.#ledgerOf(index),
      reports: port2,
    };
    try {
      return await this.#pool.run(task, [port2]);
    } finally {
      // The result overtakes the last reports, which travel through the port.
      await within(silent, LAST_WORDS_MS);
      port1.close();
    }
  }

  #ledgerOf(worker: number): LedgerTask | null {
    const { ledger, rng } = this.#setup;
    return ledger === null ? null : { ...ledger, worker: worker + 1, rng };
  }

  #receive(worker: number, report: ProducerReport): void {
    if (report.kind === 'ready') this.#ready.add(worker);
    if (report.kind === 'reconnecting') this.#loss = report.failure;
    if (report.kind === 'committed') {
      this.#cache.apply(report.ids);
      this.#tell(worker);
    }
    this.#observer.report(worker, report);
  }

  /**
   * Passes on what a worker committed since the last time. From its statistics rather than from messages:
   * a thread that dies takes its last ones with it.
   */
  #tell(worker: number): void {
    const stats = this.workerStats[worker];
    const told = this.#told[worker];
    if (stats === undefined || told === undefined) return;
    const rows: WrittenRows[] = [];
    for (const table of TABLE_NAMES) {
      for (const operation of OPERATIONS) {
        const count = stats.rows(table, operation) - told[table][operation];
        if (count === 0) continue;
        told[table][operation] += count;
        rows.push({ table, operation, count });
        this.#setup.totals.add({ table, operation, count });
      }
    }
    if (rows.length > 0) this.#observer.written(rows);
  }

  /** Ends the run by a failure, the first one that there is. */
  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.control.stop();
  }

  /** Waits for the workers, and until the run's time is over; cuts off those that hang then. */
  async #untilOver(workers: Promise<unknown>): Promise<void> {
    const endMs = this.#setup.plans[0]?.endMs ?? Number.POSITIVE_INFINITY;
    let over = false;
    const finished = workers.finally(() => {
      over = true;
    });
    while (!over && !this.control.stopping) {
      if (this.control.active() > endMs + OVERRUN_MS) this.control.stop();
      await within(finished, SLICE_MS);
    }
    const isOver = () => over;
    if (!over) await this.#graceFor(finished, isOver);
    this.#cutOff = !isOver();
    finished.catch(() => undefined);
    while (Number.isFinite(endMs) && !this.control.stopping && !this.#reachedMaxEvents()) {
      const left = endMs - this.control.active();
      if (left <= 0) break;
      await sleep(Math.min(left, SLICE_MS));
    }
  }

  /** Gives workers the grace to finish, and ends the waits of those that others hold up. */
  async #graceFor(finished: Promise<unknown>, isOver: () => boolean): Promise<void> {
    const { target, stopGraceMs } = this.#setup;
    await within(finished, Math.min(HELD_UP_AFTER_MS, stopGraceMs));
    if (isOver()) return;
    const ender = new WaitEnder(target, (pid) => {
      for (const stats of this.workerStats) if (stats.backend?.pid === pid) stats.mayGiveUp = true;
    });
    ender.start(() => this.#backends());
    const graceMs = stopGraceMs - HELD_UP_AFTER_MS;
    const attempted = this.#attemptedByAll();
    await within(finished, Math.min(SILENT_MS, graceMs));
    const hears = ender.answered || this.#attemptedByAll() > attempted;
    this.#silent = !isOver() && !hears && this.#stopped === 'signal';
    if (!isOver() && !this.#silent) await within(finished, graceMs - SILENT_MS);
    this.#heldUp = await ender.close();
  }

  /** The server processes of the workers that are theirs alone. */
  #backends(): Backend[] {
    return this.workerStats.flatMap(({ backend }) =>
      backend === null || backend.pooled === true ? [] : [backend],
    );
  }

  /** Finds out about the transactions that were in doubt when their workers ended. */
  async #settleRest(): Promise<void> {
    const workers = [...this.workerStats.keys()];
    for (const stats of this.workerStats) stats.finishSettling();
    const pending = workers.filter((worker) => this.workerStats[worker]?.pending !== null);
    if (pending.length > 0 && !this.#silent) {
      const patienceMs = Math.max(this.#setup.stopGraceMs, LEAST_PATIENCE_MS);
      const connectTimeoutSeconds = patienceMs / 1000;
      const asking = withConnection({ ...this.#setup.target, connectTimeoutSeconds }, (client) =>
        within(this.#settleAll(client, pending, patienceMs), patienceMs),
      );
      // The server is away for good: what it did with the others stays unknown, and is reported so.
      await asking.catch(() => undefined);
    }
    for (const worker of workers) {
      await this.#onClosedJournal(worker, (stats, ledger) => {
        const open = new Set(ledger?.open);
        for (let entry = stats.pending; entry !== null; entry = stats.pending) {
          stats.settle('unknown');
          ledger?.writer.resolve(entry.number, 'unknown', entry.xid);
          open.delete(entry.number);
        }
        // Entered by a thread that was ended before it came to send them.
        if (open.size > 0) ledger?.writer.abort([...open]);
      });
    }
  }

  async #settleAll(client: Client, workers: readonly number[], patienceMs: number): Promise<void> {
    const { server: now } = await identifyPrimary(client);
    for (const worker of workers) {
      await this.#onClosedJournal(worker, (stats, ledger) =>
        settlePending(
          client,
          stats,
          ({ number }, { fate, xid }) => ledger?.writer.resolve(number, fate, xid),
          { server: compareServers(ledger?.server ?? null, now), patienceMs },
        ),
      );
    }
  }

  /**
   * Lends the accounts of a worker whose thread has ended. A ledger that can't be written any more is no
   * reason to leave its transactions open: the run ends by that failure, with its summary.
   */
  async #onClosedJournal(
    worker: number,
    act: (stats: WorkerStats, ledger: ClosedLedger | null) => void | Promise<void>,
  ): Promise<void> {
    const stats = this.workerStats[worker];
    const task = this.#ledgerOf(worker);
    if (stats === undefined) return;
    const failed = this.#failure?.errno === LEDGER;
    let ledger: ClosedLedger | null = null;
    try {
      // After a failure its open intents may have been committed: `ledger resolve` asks about them.
      if (task !== null && !failed) ledger = LedgerWriter.last(task, stats);
      await act(stats, ledger);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#failure ??= describeFailure(error);
      await act(stats, null);
    } finally {
      ledger?.writer.close();
    }
  }

  #verdict(): { stoppedBy: StoppedBy; failure: Failure | null } {
    if (this.#failure !== null) return { stoppedBy: 'critical', failure: this.#failure };
    if (this.#reachedMaxEvents()) return { stoppedBy: 'max-events', failure: null };
    return { stoppedBy: this.#stopped ?? 'duration', failure: null };
  }

  #reachedMaxEvents(): boolean {
    const limits = this.#setup.plans.map(({ commitLimit }) => commitLimit);
    return this.workerStats.every((stats, i) => {
      const limit = limits[i] ?? null;
      return limit !== null && stats.events >= limit;
    });
  }

  #attemptedByAll(): number {
    return this.workerStats.reduce((sum, stats) => sum + stats.get('attempted'), 0);
  }

  #attempted(index: number): number {
    return this.workerStats[index]?.get('attempted') ?? 0;
  }
}

async function readLastIds(client: Client): Promise<ProducerTask['lastIds']> {
  const columns = TABLE_NAMES.map(
    (table) => `(SELECT coalesce(max(id), 0) FROM ${table})::float8 AS ${table}`,
  );
  const { rows } = await client.query<ProducerTask['lastIds']>(`SELECT ${columns.join(', ')}`);
  const [ids] = rows;
  if (ids === undefined) throw new Error('the highest ids were answered without a row');
  return ids;
}
