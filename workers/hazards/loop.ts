import type { Client } from 'pg';
import { WorkerIds } from '../../src/ids/worker-ids.js';
import { monotonicMs, sleep } from '../../src/lib/clock.js';
import { describeFailure, type Failure } from '../../src/postgres/failures.js';
import { SQLSTATE } from '../../src/postgres/sqlstate.js';
import { requireTables } from '../../src/postgres/table-oids.js';
import { RNG_PURPOSE, Rng } from '../../src/random/rng.js';
import { Control } from '../../src/run/control.js';
import type { HazardReport, HazardTask, ProducerResult } from '../../src/run/protocol.js';
import { WorkerStats } from '../../src/run/worker-stats.js';
import { RowMaker } from '../../src/schema/row-maker.js';
import type { Schema } from '../../src/schema/schema.js';
import { requireWhole } from '../../src/seed/indexes.js';
import { joinStream } from '../../src/seed/locks.js';
import { BatchBuilder } from '../batch-builder.js';
import type { BatchOutcome } from '../batch-result.js';
import { Reporter } from '../reporter.js';
import { Session, SLICE_MS } from '../session.js';
import { TransactionJournal } from '../transaction-journal.js';
import { Moments } from './moments.js';
import { insertion } from './new-rows.js';
import { loneRow } from './rows.js';
import { HazardTransaction } from './transaction.js';
import type { TimedPolicy, Turn } from './turn.js';
import { insertPosition } from './wal-position.js';

/** A report without the hazard's name. */
type Happening = Omit<HazardReport, 'kind' | 'name'>;

/** How often a thread that is ready looks for the start. */
const START_POLL_MS = 2;
/** Each transaction has one row of which only the outcome is asked. */
const WITNESS_ROWS = 1;
const STOPPED: ProducerResult = { ended: 'stopped', givenUp: 0 };
/** Once the run is to end, locks of other sessions hold `undo` up for so long at most; `init-db` does it later. */
const UNDO_PATIENCE_MS = 2_000;
/** Ids that are leased at once are those of so many rows at least. */
const ROWS_AT_ONCE = 10;

/**
 * The one loop of all timed hazards: wait for the next moment, let the hazard have its turn, overcome what failed in it.
 * A turn that lost its connection comes again at once; another failure ends it until the next moment.
 */
export class HazardLoop implements Turn {
  readonly #random: () => number;
  readonly #schema: Schema;
  readonly #task: HazardTask;
  readonly #policy: TimedPolicy;
  readonly #moments: Moments;
  readonly #control: Control;
  readonly #stats: WorkerStats;
  readonly #journal: TransactionJournal;
  readonly #reporter: Reporter;
  readonly #session: Session;
  readonly #ids: WorkerIds;
  readonly #builder: BatchBuilder;
  readonly #maker: RowMaker;
  /** The report of the transaction whose COMMIT was sent and not answered yet; null: it has none. */
  #sent: Happening | null = null;
  /** The last turn lost its connection. */
  #again = false;

  constructor(schema: Schema, task: HazardTask, policy: TimedPolicy) {
    const { rng, pools, worker } = task;
    const picks = new Rng(rng).at(RNG_PURPOSE.workerPicks, worker);
    this.#random = () => picks.unit();
    this.#schema = schema;
    this.#task = task;
    this.#policy = policy;
    this.#moments = new Moments(rng, worker, policy.everyMs);
    this.#control = new Control(task.control);
    this.#stats = new WorkerStats(schema, task.stats);
    this.#journal = new TransactionJournal(schema, this.#stats, task.ledger);
    this.#ids = new WorkerIds(
      schema.tables,
      task.ids,
      this.#random,
      schema.tables.names,
      ROWS_AT_ONCE,
      (table, ids) => this.#journal.lease(table, ids),
    );
    const builderTask = { rng, pools, updateRatio: 0, deleteRatio: 0 };
    this.#builder = new BatchBuilder(schema, builderTask, this.#ids, new Map(), this.#random);
    this.#maker = new RowMaker(rng, pools);
    this.#reporter = new Reporter(task.reports, this.#ids);
    this.#session = new Session({
      target: task.target,
      reconnect: task.reconnect,
      control: this.#control,
      stats: this.#stats,
      journal: this.#journal,
      reporter: this.#reporter,
      random: this.#random,
      prepare: async (client) => {
        await requireTables(client, schema.tables, task.tables);
        await requireWhole(client);
        await joinStream(client, task.tables);
        await policy.prepare?.(client);
      },
    });
  }

  async run(): Promise<ProducerResult> {
    try {
      await this.#session.open();
    } catch (error) {
      const ended = await this.#recover(describeFailure(error));
      if (ended !== null) return ended;
    }
    // Transactions that an earlier life of this thread left in doubt are counted, and their reports are lost.
    this.#session.takeFates();
    this.#reporter.send({ kind: 'ready' });
    while (this.#control.state === 'waiting') await sleep(START_POLL_MS);
    const begun = await this.#undo();
    if (begun !== null) return begun;
    const result = await this.#takeTurns();
    return result.ended === 'failed' ? result : ((await this.#undo()) ?? result);
  }

  /** Gives the hazard its turns until the run is to end. */
  async #takeTurns(): Promise<ProducerResult> {
    for (;;) {
      const { endMs } = this.#task;
      const now = this.#control.active();
      const due = this.#again ? now : this.#moments.after(now);
      if (endMs !== null && due + this.#policy.lengthMs > endMs) {
        // The changes of its last turn are there until the end.
        if (this.#policy.undo !== undefined) await this.#waitUntil(endMs);
        return { ended: 'finished' };
      }
      if (!(await this.#waitUntil(due))) return STOPPED;
      const ended = await this.#happen();
      if (ended !== null) return ended;
    }
  }

  async close(): Promise<void> {
    this.#reporter.flush();
    // A connection that is lost cannot undo anything, and `init-db` does it later.
    await this.#leave().catch(() => undefined);
    await this.#session.close();
    this.#journal.end();
    this.#task.reports.close();
  }

  get client(): Client {
    return this.#session.client;
  }

  get stopping(): boolean {
    return this.#control.stopping;
  }

  async transact(
    act: (transaction: HazardTransaction) => Promise<void>,
    detail: HazardReport['detail'] = null,
  ): Promise<void> {
    await this.#reserve();
    const begins = { atMs: this.#control.active(), ms: monotonicMs() };
    await this.client.query('BEGIN');
    const transaction = new HazardTransaction({
      client: this.client,
      schema: this.#schema,
      returning: this.#task.returning,
      ids: this.#ids,
      builder: this.#builder,
      maker: this.#maker,
      random: this.#random,
      now: this.#session.serverNow(),
    });
    await act(transaction);
    const { filler } = this.#schema;
    await transaction.write([insertion(filler, [loneRow(transaction.tools, filler)])]);
    await this.#commit(transaction, begins, detail);
  }

  async wait(ms: number): Promise<boolean> {
    return this.#waitUntil(this.#control.active() + ms);
  }

  async hold(act: () => Promise<void>): Promise<void> {
    const atMs = this.#control.active();
    this.#reporter.send({ kind: 'hold', held: true });
    try {
      while (this.#control.state === 'running') await sleep(SLICE_MS);
      if (this.stopping) return;
      const began = monotonicMs();
      const lsn = await insertPosition(this.client);
      await act();
      this.#stats.countHazard(this.#task.hazard);
      const lengthMs = monotonicMs() - began;
      this.#report({ atMs, lengthMs, rows: 0, lsn, detail: null });
      this.#session.proved();
    } finally {
      this.#reporter.send({ kind: 'hold', held: false });
      while (this.#control.state === 'paused') await sleep(SLICE_MS);
    }
  }

  /** Reserves the ids of a transaction and of its witness. */
  async #reserve(): Promise<void> {
    const counts = new Map([[this.#schema.filler.name, 1]]);
    for (const [table, count] of this.#policy.ids ?? []) {
      counts.set(table, (counts.get(table) ?? 0) + count);
    }
    for (const [table, count] of counts) await this.#ids.reserve(this.client, table, count);
  }

  async #leave(): Promise<void> {
    if (this.#policy.leave === undefined) return;
    await this.client.query('ROLLBACK');
    await this.#policy.leave(this.client);
  }

  /** Waits until an active moment of the run that is not paused. False: the run is to end. */
  async #waitUntil(moment: number): Promise<boolean> {
    for (;;) {
      const { state } = this.#control;
      if (state === 'stopping') return false;
      const leftMs = moment - this.#control.active();
      if (state === 'running' && leftMs <= 0) return true;
      this.#reporter.flushIfDue();
      await sleep(state === 'running' ? Math.min(leftMs, SLICE_MS) : SLICE_MS);
    }
  }

  /** Gives the hazard its turn; the reason to end where there is one. */
  async #happen(): Promise<ProducerResult | null> {
    this.#again = false;
    try {
      await this.#policy.happen(this);
      return null;
    } catch (error) {
      return this.#overcome(error);
    }
  }

  /** Has the hazard undo what turns left; the reason to end where it cannot. */
  async #undo(): Promise<ProducerResult | null> {
    let stopped: number | null = null;
    for (;;) {
      try {
        await this.#policy.undo?.(this);
        return null;
      } catch (error) {
        const ended = await this.#overcome(error);
        if (ended !== null) return ended;
        if (this.stopping) stopped ??= monotonicMs();
        if (stopped !== null && monotonicMs() - stopped > UNDO_PATIENCE_MS) return STOPPED;
        await sleep(SLICE_MS);
      }
    }
  }

  async #commit(
    transaction: HazardTransaction,
    begins: { readonly atMs: number; readonly ms: number },
    detail: Happening['detail'],
  ): Promise<void> {
    const outcome = transaction.outcome();
    if (outcome.pending === null) throw new Error('a hazard without a witness');
    this.#journal.intend([outcome]);
    const { atMs } = begins;
    const lengthMs = monotonicMs() - begins.ms;
    const happening = { atMs, lengthMs, rows: rowsOf(outcome), lsn: outcome.lsn, detail };
    this.#sent = transaction.isEmpty ? null : happening;
    try {
      const { command } = await this.client.query('COMMIT');
      // A transaction that had failed unnoticed answers COMMIT with ROLLBACK.
      if (command !== 'COMMIT') throw new Error('COMMIT was answered with ROLLBACK');
    } catch (error) {
      const { class: failureClass, sqlstate } = describeFailure(error);
      // The server answered: the transaction is not committed.
      if (failureClass === 'defect' || (sqlstate !== null && failureClass !== 'critical')) {
        this.#journal.withdraw(1);
      }
      throw error;
    }
    const { xid } = outcome.pending;
    this.#journal.commit([{ xid, lsn: outcome.lsn, dropped: [] }]);
    this.#session.proved();
    this.#committed();
  }

  /** Reports the transaction that was sent last. */
  #committed(): void {
    if (this.#sent !== null) this.#report(this.#sent);
    this.#sent = null;
    this.#reporter.committed();
    this.#reporter.flush();
  }

  #report(happening: Happening): void {
    this.#reporter.send({ kind: 'hazard', name: this.#task.hazard, ...happening });
  }

  async #overcome(error: unknown): Promise<ProducerResult | null> {
    const failure = this.#session.failureOf(error);
    if (failure.sqlstate === SQLSTATE.QUERY_CANCELED && this.#stats.mayGiveUp) return STOPPED;
    if (failure.class === 'critical') return this.#reconnect(failure);
    if (failure.class === 'hopeless' || failure.class === 'defect') {
      return { ended: 'failed', failure };
    }
    this.#sent = null;
    this.#reporter.send({ kind: 'hazard-failed', name: this.#task.hazard, failure });
    try {
      await this.client.query('ROLLBACK');
      // Where other tables took the place of the run's, it would fail again and again.
      await requireTables(this.client, this.#schema.tables, this.#task.tables);
      return null;
    } catch (later) {
      return this.#overcome(later);
    }
  }

  /** Connects again; the turn comes again at once, unless its last transaction turns out to be committed. */
  async #reconnect(failure: Failure): Promise<ProducerResult | null> {
    this.#journal.lose();
    const ended = await this.#recover(failure);
    if (ended !== null) return ended;
    const fate = this.#session.takeFates().at(-1);
    this.#again = fate !== 'committed';
    if (fate === 'committed') this.#committed();
    this.#sent = null;
    return null;
  }

  async #recover(failure: Failure): Promise<ProducerResult | null> {
    if (failure.class === 'hopeless' || failure.class === 'defect') {
      return { ended: 'failed', failure };
    }
    const end = await this.#session.reopen(failure);
    if (end === null) return null;
    return end === 'stopped' ? STOPPED : { ended: 'failed', failure: end };
  }
}

/** The rows that a transaction wrote, without its witness. */
function rowsOf({ changes, hazards }: BatchOutcome): number {
  const kept = changes.reduce((sum, { rows }) => sum + rows.length, -WITNESS_ROWS);
  return (hazards?.encoded ?? []).reduce((sum, { count }) => sum + count, kept);
}
