import type { Worker } from 'node:worker_threads';
import type { Client } from 'pg';
import type { DatabaseFacts } from '../database/facts.js';
import { EXIT, OperatorError } from '../errors.js';
import {
  HAZARD_NAMES,
  type HazardName,
  TIMED_HAZARDS,
  type TimedHazard,
} from '../hazards/hazards.js';
import type { HazardTimes } from '../hazards/times.js';
import { IdCache } from '../ids/cache.js';
import { loadIds } from '../ids/load.js';
import type { LedgerTask } from '../ledger/writer.js';
import type { ReconnectPolicy } from '../lib/back-off.js';
import { monotonicMs, sleep, within } from '../lib/clock.js';
import type { Histogram } from '../lib/histogram.js';
import { unlessAborted } from '../lib/signals.js';
import { connect, operatorErrorOf } from '../postgres/connect.js';
import { describeFailure, type Failure } from '../postgres/failures.js';
import type { Backend } from '../postgres/pending.js';
import type { TableOids } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { RNG_PURPOSE, Rng } from '../random/rng.js';
import { noRows, OPERATIONS, type RowCounts, type WrittenRows } from '../schema/changes.js';
import type { Pools } from '../schema/row-maker.js';
import type { Schema } from '../schema/schema.js';
import { sqlName, type TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { closeJournals, type Journal } from './close-journals.js';
import { Control, type RunState } from './control.js';
import { type HeldUp, WaitEnder } from './held-up.js';
import type { LoadPlan, WorkerPlan } from './plan.js';
import { ProducerThreads, progressOf } from './producer-threads.js';
import type {
  HazardPlan,
  HazardTask,
  ProducerReport,
  ProducerTask,
  ThreadTask,
} from './protocol.js';
import { Sampler } from './sampler.js';
import type { SeriesPoint } from './series.js';
import { returningOf } from './server-effects.js';
import { ServerWatch } from './server-watch.js';
import { workersAThread } from './threads.js';
import { Totals } from './totals.js';
import { sumHazards, sumUp, WorkerStats } from './worker-stats.js';

/** The clock starts after this even if some workers cannot connect yet. */
const READY_PATIENCE_MS = 5_000;
const READY_POLL_MS = 2;
/** The end of the run is looked for this often. */
const SLICE_MS = 20;
/** Workers send the last due batches a moment late; batches that take longer than this are stopped. */
const OVERRUN_MS = 500;
/** Batches in flight mostly finish within this; a worker whose batch has not may wait for a lock. */
const HELD_UP_AFTER_MS = 500;
/**
 * After a signal, a server that answers neither a new connection nor any worker for this long counts as hung: Ctrl+C
 * ends a run within two seconds. A server that answers has the whole grace.
 */
const SILENT_MS = 700;
/** The fate of transactions in doubt is asked for at least this long, also with a shorter grace. */
const LEAST_PATIENCE_MS = 1_000;
/** A connection closes within this, or its server hangs. */
const FAREWELL_MS = 500;
/**
 * A hazard's thread that lived so long waited for its moment, which may be a minute away: it did not die of its start. No
 * start takes longer on a machine that is not overloaded.
 */
const HAZARD_WAITS_MS = 1_500;

export interface RunSetup {
  readonly schema: Schema;
  readonly target: ConnectionTarget;
  /** The tables that the run writes to: it ends when they are dropped or made anew. */
  readonly tables: TableOids;
  readonly rng: number;
  readonly plan: LoadPlan;
  readonly batchSize: number;
  /** Shares of the events that update and delete rows, from 0 to 1; the others insert. */
  readonly updateRatio: number;
  readonly deleteRatio: number;
  /** Ids of each table that events may refer to, at most. */
  readonly idCacheSize: number;
  readonly reconnect: ReconnectPolicy;
  /** How long batches in flight may take to finish once the run is to end. */
  readonly stopGraceMs: number;
  readonly pools: Pools;
  /** The database with its triggers; null: rows count as stored as they were sent. */
  readonly facts: DatabaseFacts | null;
  /** The ledger's folder, and the run's name in it; null: no ledger is kept. */
  readonly ledger: { readonly folder: string; readonly run: string } | null;
  /** Null: the run has none. They need a ledger. */
  readonly hazards: HazardPlan | null;
}

/** The reports of a run while it goes on. `worker`: position, from 0; those of timed hazards follow the workers'. */
export interface RunListener {
  /** Rows that were committed since the last call. */
  written(rows: readonly WrittenRows[]): void;
  report(worker: number, report: ProducerReport): void;
  /** A worker's thread ended by an error; another one takes its place. */
  workerDied(worker: number, error: unknown): void;
  /** Called every second. `ending`: the run is over, and threads and connections may be closed already. */
  sampled(point: SeriesPoint, ending: boolean): void;
}

/** A run as it stands. */
export interface LiveFigures {
  /** Since the start, without pauses. */
  readonly activeMs: number;
  /** Until the end of the load, without pauses; null for no end. */
  readonly remainingMs: number | null;
  readonly state: RunState;
  /** Events a second that the plan asks for now; null in the cycle and for `max`. */
  readonly targetRate: number | null;
  /** Committed ones. */
  readonly events: number;
  /** Rows that were left out. */
  readonly rejected: number;
  readonly reconnects: number;
  /** Events that are due and not sent; null in the cycle and for `max`. */
  readonly due: number | null;
  /** Response latencies since the start. */
  readonly response: Histogram;
  /** How often each hazard of the run happened so far; empty for a run without any. */
  readonly hazards: HazardTimes;
}

export type StoppedBy = 'duration' | 'max-events' | 'signal' | 'critical' | 'threshold';

export interface RunOutcome {
  readonly stoppedBy: StoppedBy;
  /** The reason of `critical`; null otherwise. */
  readonly failure: Failure | null;
  /** The last loss of the server, if its backlog was not worked off when the run ended; else null. */
  readonly lost: Failure | null;
  /** The server's first reason for ending connections that were not made again; null: it gave none. */
  readonly lostBy: Failure | null;
  /** True: some workers were cut off, because they got no answer. */
  readonly cutOff: boolean;
  /** True: the main thread got no answer either, and asked the server nothing more. */
  readonly silent: boolean;
  /** The waits that held workers up when the run was to end. */
  readonly heldUp: HeldUp;
  /** Batches that waited for a lock when the run was to end, and were rolled back. */
  readonly givenUp: number;
  /** Wall-clock seconds from the first due time to the end, and those of them that were not paused. */
  readonly seconds: number;
  readonly activeSeconds: number;
  /** How often each hazard of the run happened; empty for a run without any. */
  readonly hazards: HazardTimes;
}

/** A thread that has one timed hazard. `worker`: its position. */
interface TimedThread {
  readonly worker: number;
  readonly hazard: TimedHazard;
  readonly stats: WorkerStats;
}

/** `activeMs`: of the run. `at`: on the monotonic clock. */
interface Moment {
  readonly activeMs: number;
  readonly at: number;
}

/** The operator, or the thread of a hazard: each may hold the clock. */
type Holder = 'operator' | number;

/**
 * The engine of `stream`: one run. It hands each worker its share of the plan, publishes the ids that workers
 * report, steers, and samples; the workers pace themselves.
 */
export class RunEngine {
  readonly workerStats: readonly WorkerStats[];
  /** Rows of each table while the run goes on. */
  readonly totals: Totals;
  readonly #control = new Control();
  readonly #setup: RunSetup;
  readonly #listener: RunListener;
  /** Workers that share a thread, at most. */
  readonly #aThread: number;
  readonly #producers: ProducerThreads<ProducerTask>;
  readonly #timed: readonly TimedThread[];
  /** Null: the run has no timed hazard. */
  readonly #hazardThreads: ProducerThreads<HazardTask> | null;
  /** The statistics of workers and hazards, by position. */
  readonly #allStats: readonly WorkerStats[];
  /** The names of the run's hazards. */
  readonly #hazardNames: readonly HazardName[];
  readonly #holders = new Set<Holder>();
  readonly #sampler: Sampler;
  readonly #cache: IdCache;
  readonly #ready = new Set<number>();
  /** Workers that have lost their connection, and not got another one. */
  readonly #disconnected = new Set<number>();
  /** Rows of each worker that the listener has been given. */
  readonly #written: readonly RowCounts[];
  /** Rows that hazards added to each table, as the totals have them. */
  readonly #grown: Record<TableName, number>;
  #failure: Failure | null = null;
  /** The reason of the last loss of a connection. */
  #loss: Failure | null = null;
  #lostBy: Failure | null = null;
  #cutOff = false;
  #silent = false;
  #heldUp: HeldUp = { waits: [], unconfirmed: 0 };
  #givenUp = 0;
  #stopped: 'signal' | 'threshold' | null = null;
  /** Aborted by a stop: ends the preparation. */
  readonly #preparing = new AbortController();
  /** The highest ids when the run began. */
  #lastIds: ProducerTask['lastIds'] = {};

  constructor(setup: RunSetup, listener: RunListener) {
    const rng = new Rng(setup.rng).at(RNG_PURPOSE.cachePicks, 0);
    const { schema, target, tables, plan } = setup;
    this.#setup = setup;
    this.#listener = listener;
    this.totals = new Totals(schema.tables);
    this.#cache = new IdCache(schema.tables, setup.idCacheSize, () => rng.unit());
    this.workerStats = plan.workers.map(() => new WorkerStats(schema));
    this.#written = plan.workers.map(() => noRows(schema.tables));
    this.#grown = schema.tables.record(() => 0);
    const hazards = setup.hazards?.hazards ?? {};
    this.#hazardNames = HAZARD_NAMES.filter((name) => hazards[name] !== undefined);
    this.#timed = TIMED_HAZARDS.filter((name) => hazards[name] !== undefined).map((hazard, i) => {
      return { hazard, worker: plan.workers.length + i, stats: new WorkerStats(schema) };
    });
    this.#allStats = [...this.workerStats, ...this.#timed.map(({ stats }) => stats)];
    const wait = plan.workers.some(({ pace }) => pace.kind !== 'max');
    this.#aThread = workersAThread(plan.workers.length, wait);
    const workers = { workers: plan.workers.length, aThread: this.#aThread };
    this.#producers = new ProducerThreads('producer', workers, this.#control, {
      report: (worker, report) => this.#receive(worker, report),
      workerDied: (worker, error) => listener.workerDied(worker, error),
    });
    const hazardWorkers = this.#timed.length;
    const timed = { workers: hazardWorkers, aThread: workersAThread(hazardWorkers, true) };
    this.#hazardThreads =
      this.#timed.length === 0
        ? null
        : new ProducerThreads('hazard', timed, this.#control, {
            report: (worker, report) => this.#receiveHazard(worker, report),
            workerDied: (worker, error) => {
              this.#release(worker);
              listener.workerDied(worker, error);
            },
          });
    this.#sampler = new Sampler({
      control: this.#control,
      workerStats: this.workerStats,
      hazards: () => this.#hazardTimes(),
      plan,
      watch: new ServerWatch(target, schema.tables, tables, (error) =>
        this.#fail(describeFailure(error)),
      ),
      disconnected: () => this.#disconnected.size,
      onPoint: (point, ending) => listener.sampled(point, ending),
    });
  }

  /** The threads of workers, for tests that end one. */
  get producerThreads(): readonly Worker[] {
    return this.#producers.threads;
  }

  /** The threads of timed hazards, for tests that end one. */
  get hazardThreads(): readonly Worker[] {
    return this.#hazardThreads?.threads ?? [];
  }

  /**
   * Runs until a limit, `stop` or a failure that cannot be overcome. Throws an OperatorError if it was stopped before
   * its clock started, with nothing written, or if the server refuses to let it begin.
   */
  async start(): Promise<RunOutcome> {
    const { target } = this.#setup;
    const connecting = connect(target);
    try {
      const { workers, hazards, counting } = await unlessAborted(this.#preparing.signal, async () =>
        this.#prepare(await connecting),
      );
      const started = monotonicMs();
      this.#control.start();
      this.#sampler.start();
      void counting();
      const { activeMs, at } = await this.#untilOver(workers, hazards);
      await this.#closeThreads();
      await this.#closeJournals();
      for (const worker of this.workerStats.keys()) this.#reportWritten(worker);
      this.#reportGrowth();
      return { ...this.#ending(), seconds: (at - started) / 1000, activeSeconds: activeMs / 1000 };
    } catch (error) {
      throw operatorErrorOf(error, target);
    } finally {
      // Also when it failed before the start: then the workers are still waiting for it.
      this.#control.stop();
      await this.#closeThreads();
      await within(
        connecting.then((client) => client.end()).catch(() => undefined),
        FAREWELL_MS,
      );
      this.#sampler.stop();
    }
  }

  /** Holds the clock; false where it is held already, or the run is ending. */
  pause(): boolean {
    return this.#hold('operator');
  }

  /** Lets the clock go on; false where it is not held. */
  resume(): boolean {
    return this.#release('operator');
  }

  /** The clock is held as long as anybody holds it. */
  #hold(holder: Holder): boolean {
    if (this.#control.stopping || this.#holders.has(holder)) return false;
    this.#holders.add(holder);
    this.#control.pause();
    return true;
  }

  #release(holder: Holder): boolean {
    if (!this.#holders.delete(holder)) return false;
    return this.#holders.size === 0 ? this.#control.resume() : !this.#control.stopping;
  }

  async #closeThreads(): Promise<void> {
    await Promise.all([this.#producers.close(), this.#hazardThreads?.close()]);
  }

  /** Ends the run, for a signal or a threshold: batches in flight finish. */
  stop(by: 'signal' | 'threshold' = 'signal'): void {
    this.#stopped ??= by;
    this.#control.stop();
    this.#preparing.abort(new OperatorError(EXIT.forced, (m) => m.server.interrupted()));
  }

  sample(): LiveFigures {
    const { curve, endMs } = this.#setup.plan;
    const activeMs = this.#control.active();
    const { events, rejected, shed, reconnects, response } = sumUp(this.workerStats);
    const due = curve?.eventsBy(Math.min(activeMs, endMs ?? Number.POSITIVE_INFINITY)) ?? null;
    return {
      activeMs,
      remainingMs: endMs === null ? null : Math.max(0, endMs - activeMs),
      state: this.#control.state,
      targetRate: curve?.rateAt(activeMs) ?? null,
      events,
      rejected,
      reconnects,
      due: due === null ? null : Math.max(0, Math.floor(due) - this.#attemptedByAll() - shed),
      response,
      hazards: this.#hazardTimes(),
    };
  }

  /** Gets everything ready for the clock to start. `counting`: counts the tables, beside the run. */
  async #prepare(client: Client): Promise<{
    workers: Promise<unknown>;
    hazards: Promise<unknown>;
    counting: () => Promise<void>;
  }> {
    const { tables } = this.#setup.schema;
    this.#lastIds = await readLastIds(client, tables);
    // The workers connect meanwhile; no worker begins before the clock starts.
    const workers = Promise.all(this.#setup.plan.workers.map((plan) => this.#keep(plan)));
    const hazards = Promise.all(this.#timed.map((timed) => this.#keepHazard(timed)));
    const ended = Promise.all([workers, hazards]);
    await loadIds(client, this.#cache, tables);
    const { count, quick } = await this.totals.start(client);
    // If the tables cannot be counted, the run goes on, and its log lines have no totals.
    const counting = () =>
      count()
        .catch(() => undefined)
        .finally(() => client.end().catch(() => undefined));
    if (quick) await counting();
    await Promise.race([this.#allReady(), workers, ended]);
    return { workers, hazards, counting: quick ? async () => undefined : counting };
  }

  /** Resolves when every thread is connected, or after READY_PATIENCE_MS. */
  async #allReady(): Promise<void> {
    const deadline = monotonicMs() + READY_PATIENCE_MS;
    while (this.#ready.size < this.#allStats.length && !this.#control.stopping) {
      if (monotonicMs() > deadline) return;
      await sleep(READY_POLL_MS);
    }
  }

  /** Keeps a worker at its share until that is done, the run is stopped, or the worker fails. */
  async #keep(plan: WorkerPlan): Promise<void> {
    const stats = this.workerStats[plan.worker];
    if (stats === undefined) throw new Error(`no stats for worker ${plan.worker}`);
    const result = await this.#producers.keep(this.#taskOf(plan, stats), stats);
    if (result.ended === 'failed') this.#fail(result.failure);
    if (result.ended === 'stopped') this.#givenUp += result.givenUp;
  }

  /** The same with the thread of a hazard. */
  async #keepHazard({ worker, hazard, stats }: TimedThread): Promise<void> {
    const task = this.#threadTask(worker, stats);
    const { ledger, hazards } = task;
    if (this.#hazardThreads === null || ledger === null || hazards === null) {
      throw new Error(`${hazard} without a ledger`);
    }
    const own = { ...task, ledger, hazards, hazard };
    const result = await this.#hazardThreads.keep(own, stats, HAZARD_WAITS_MS);
    if (result.ended === 'failed') this.#fail(result.failure);
  }

  #taskOf(plan: WorkerPlan, stats: WorkerStats): Omit<ProducerTask, 'reports'> {
    const { batchSize, updateRatio, deleteRatio } = this.#setup;
    const task = this.#threadTask(plan.worker, stats);
    return {
      ...task,
      ...plan,
      aThread: this.#aThread,
      batchSize,
      updateRatio,
      deleteRatio,
      lastIds: this.#lastIds,
    };
  }

  #threadTask(worker: number, stats: WorkerStats): Omit<ThreadTask, 'reports'> {
    const { schema, target, tables, rng, plan, reconnect, pools, facts, hazards } = this.#setup;
    return {
      worker,
      extensions: schema.extensions,
      target,
      tables,
      rng,
      returning: facts === null ? {} : returningOf(facts, schema.tables),
      endMs: plan.endMs,
      reconnect,
      pools,
      control: this.#control.buffer,
      stats: stats.buffer,
      ids: this.#cache.buffers,
      ledger: this.#ledgerOf(worker),
      hazards,
    };
  }

  #ledgerOf(worker: number): LedgerTask | null {
    const { ledger, rng, hazards } = this.#setup;
    return ledger === null
      ? null
      : { ...ledger, worker: worker + 1, rng, hazards: hazards !== null };
  }

  #receive(worker: number, report: ProducerReport): void {
    if (report.kind === 'ready') this.#ready.add(worker);
    if (report.kind === 'reconnecting') {
      this.#loss = report.failure;
      // Later attempts find only that the server is down.
      if (report.failure.sqlstate !== null) this.#lostBy ??= report.failure;
      this.#disconnected.add(worker);
    }
    if (report.kind === 'reconnected') this.#lostBy = null;
    // A thread that takes the place of one that died has its first connection.
    if (report.kind === 'reconnected' || report.kind === 'ready') this.#disconnected.delete(worker);
    if (report.kind === 'committed') {
      this.#cache.apply(report.ids);
      this.#reportWritten(worker);
    }
    this.#listener.report(worker, report);
  }

  /** A message of a hazard's thread. Its connection is not one of the load's. */
  #receiveHazard(worker: number, report: ProducerReport): void {
    switch (report.kind) {
      case 'ready':
        this.#ready.add(worker);
        this.#listener.report(worker, report);
        return;
      case 'hold':
        if (report.held) this.#hold(worker);
        else this.#release(worker);
        return;
      case 'committed':
        this.#reportGrowth();
        return;
      case 'hazard':
      case 'hazard-failed':
        this.#listener.report(worker, report);
    }
  }

  /** Adds the rows of hazards to the totals. They are read as those of `#reportWritten`. */
  #reportGrowth(): void {
    const { tables, hazards } = this.#setup.schema;
    if (this.#allStats.some((stats) => stats.hazard('truncate') > 0)) {
      for (const table of hazards.truncate) this.totals.forget(table);
    }
    for (const table of tables.names) {
      const rows = this.#allStats.reduce((sum, stats) => sum + stats.growth(table), 0);
      this.totals.grow(table, rows - this.#grown[table]!);
      this.#grown[table] = rows;
    }
  }

  /**
   * Reports the rows that a worker committed since the last time. They are read from its statistics, not from its
   * messages: a thread that dies takes its last ones with it.
   */
  #reportWritten(worker: number): void {
    const stats = this.workerStats[worker];
    const before = this.#written[worker];
    if (stats === undefined || before === undefined) return;
    const rows: WrittenRows[] = [];
    for (const table of this.#setup.schema.tables.names) {
      const ofTable = before[table]!;
      for (const operation of OPERATIONS) {
        const count = stats.rows(table, operation) - ofTable[operation];
        if (count === 0) continue;
        ofTable[operation] += count;
        rows.push({ table, operation, count });
        this.totals.add({ table, operation, count });
      }
    }
    if (this.#hazardNames.length > 0) this.#reportGrowth();
    if (rows.length > 0) this.#listener.written(rows);
  }

  /** Ends the run by a failure; the first one counts. */
  #fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#control.stop();
  }

  /**
   * Waits for the workers and for the end of the run's time, then for the hazards; cuts off threads that hang. Returns
   * the moment at which the load ended.
   */
  async #untilOver(workers: Promise<unknown>, hazards: Promise<unknown>): Promise<Moment> {
    const endMs = this.#setup.plan.endMs ?? Number.POSITIVE_INFINITY;
    let ended: Moment | null = null;
    const load = workers.finally(() => {
      ended = this.#moment();
    });
    let over = false;
    const finished = Promise.all([load, hazards]).finally(() => {
      over = true;
    });
    finished.catch(() => undefined);
    while (ended === null && !this.#control.stopping) {
      if (this.#control.active() > endMs + OVERRUN_MS) this.#control.stop();
      await within(Promise.race([load, finished]), SLICE_MS);
    }
    if (ended !== null && Number.isFinite(endMs)) {
      while (!this.#control.stopping && !this.#reachedMaxEvents()) {
        const left = endMs - this.#control.active();
        if (left <= 0) break;
        await sleep(Math.min(left, SLICE_MS));
      }
      ended = this.#moment();
    }
    // Hazards end with the load.
    if (this.#timed.length > 0) this.#control.stop();
    if (ended !== null) await within(finished, SLICE_MS);
    const isOver = () => over;
    if (!over) await this.#graceFor(finished, isOver);
    this.#cutOff = !isOver();
    return ended ?? this.#moment();
  }

  #moment(): Moment {
    return { activeMs: this.#control.active(), at: monotonicMs() };
  }

  /** Gives workers the grace to finish, and ends their waits for other sessions. */
  async #graceFor(finished: Promise<unknown>, isOver: () => boolean): Promise<void> {
    const { target, stopGraceMs } = this.#setup;
    await within(finished, Math.min(HELD_UP_AFTER_MS, stopGraceMs));
    if (isOver()) return;
    const ender = new WaitEnder(target, (pid) => {
      for (const stats of this.#allStats) if (stats.backend?.pid === pid) stats.mayGiveUp = true;
    });
    ender.start(() => this.#backends());
    const graceMs = stopGraceMs - HELD_UP_AFTER_MS;
    const progress = this.#progressOfAll();
    await within(finished, Math.min(SILENT_MS, graceMs));
    const answers = ender.answered || this.#progressOfAll() > progress;
    this.#silent = !isOver() && !answers && this.#stopped === 'signal';
    if (!isOver() && !this.#silent) await within(finished, graceMs - SILENT_MS);
    this.#heldUp = await ender.close();
  }

  /** The server processes of the workers, without those that a pooler shares. */
  #backends(): Backend[] {
    return this.#allStats.flatMap(({ backend }) =>
      backend === null || backend.pooled === true ? [] : [backend],
    );
  }

  /** Settles the transactions that were in doubt when their workers ended. */
  async #closeJournals(): Promise<void> {
    const journals = this.#allStats.map(
      (stats, worker): Journal => ({ stats, ledger: this.#ledgerOf(worker) }),
    );
    const patienceMs = this.#silent ? null : Math.max(this.#setup.stopGraceMs, LEAST_PATIENCE_MS);
    const { schema, target } = this.#setup;
    this.#failure = await closeJournals(schema, journals, target, patienceMs, this.#failure);
  }

  #ending(): Omit<RunOutcome, 'seconds' | 'activeSeconds'> {
    return {
      stoppedBy: this.#stoppedBy(),
      failure: this.#failure,
      lostBy: this.#lostBy,
      lost: this.workerStats.some((stats) => stats.lost) ? this.#loss : null,
      cutOff: this.#cutOff,
      silent: this.#silent,
      heldUp: this.#heldUp,
      givenUp: this.#givenUp,
      hazards: this.#hazardTimes(),
    };
  }

  #stoppedBy(): StoppedBy {
    if (this.#failure !== null) return 'critical';
    if (this.#reachedMaxEvents()) return 'max-events';
    return this.#stopped ?? 'duration';
  }

  #reachedMaxEvents(): boolean {
    return this.#setup.plan.workers.every(({ worker, commitLimit }) => {
      const stats = this.workerStats[worker];
      return stats !== undefined && commitLimit !== null && stats.events >= commitLimit;
    });
  }

  /** Grows with everything that the server answers. */
  #progressOfAll(): number {
    return this.#allStats.reduce((sum, stats) => sum + progressOf(stats), 0);
  }

  #hazardTimes(): HazardTimes {
    return sumHazards(this.#hazardNames, this.#allStats);
  }

  #attemptedByAll(): number {
    return this.workerStats.reduce((sum, stats) => sum + stats.get('attempted'), 0);
  }
}

async function readLastIds(client: Client, tables: Tables): Promise<Record<TableName, number>> {
  const numbered = tables.filter(({ keyKind }) => keyKind === 'id');
  const highest = numbered.map(
    ({ name, key }) => `(SELECT coalesce(max(${sqlName(key[0]!)}), 0) FROM ${name})::float8`,
  );
  const { rows } = await client.query<number[]>({
    text: `SELECT ${highest.join(', ')}`,
    rowMode: 'array',
  });
  const [ids] = rows;
  if (ids === undefined) throw new Error('the highest ids were answered without a row');
  return Object.fromEntries(numbered.map(({ name }, i) => [name, ids[i]!]));
}
