import '../src/messages/english.js';
import type { BatchHazard } from '../src/hazards/hazards.js';
import { sleep } from '../src/lib/clock.js';
import { makePacer } from '../src/load/pacer.js';
import { describeFailure, type Failure, failedColumn } from '../src/postgres/failures.js';
import { SQLSTATE } from '../src/postgres/sqlstate.js';
import { requireTables, TablesGone } from '../src/postgres/table-oids.js';
import { RNG_PURPOSE, Rng } from '../src/random/rng.js';
import { Control } from '../src/run/control.js';
import type { ProducerResult, ProducerTask } from '../src/run/protocol.js';
import { WorkerStats } from '../src/run/worker-stats.js';
import type { Schema } from '../src/schema/schema.js';
import { schemaWith } from '../src/schemas/index.js';
import { requireWhole } from '../src/seed/indexes.js';
import { joinStream } from '../src/seed/locks.js';
import { type Batch, BatchWriter, makesParents } from './batch.js';
import { BatchQueue, type ScheduledBatch } from './batch-queue.js';
import type { BatchOutcome } from './batch-result.js';
import { BatchHazards } from './hazards/batch-hazards.js';
import { without } from './hazards/lottery.js';
import { emitMessages } from './hazards/message.js';
import { rollBackOnPurpose } from './hazards/rollback.js';
import { finish, NoRoom, prepare } from './hazards/two-phase.js';
import { answerOf, expectedOutcomes, type SentPacket, sendPipelined } from './pipelined-commit.js';
import { Reporter } from './reporter.js';
import { Session, SLICE_MS } from './session.js';
import { amongWorkers, waitExactly } from './shared-thread.js';
import { StallGuard } from './stall-guard.js';
import { TransactionJournal } from './transaction-journal.js';
import { warmUp } from './warm-up.js';
import { isExact } from './writes.js';

/** A batch that is due at the very end of the run is still sent this late: a timer's jitter. */
const OVERRUN_MS = 250;
/** How often a worker that is ready looks for the start. */
const START_POLL_MS = 2;
/** Serialization failures and deadlocks of one batch before its worker gives up on it. */
const MAX_RETRIES = 100;
const STOPPED: ProducerResult = { ended: 'stopped', givenUp: 0 };

/** The Piscina entry of `stream`: one connection, one event type (or a few), until the run ends. */
export default async function produce(task: ProducerTask): Promise<ProducerResult> {
  const schema = schemaWith(task.extensions);
  const producer = new Producer(schema, task);
  return amongWorkers(async () => {
    try {
      return await producer.run();
    } finally {
      await producer.close();
    }
  });
}

/** A batch whose COMMIT was sent and not answered yet, and its outcome if it went through. */
interface Sent {
  readonly scheduled: ScheduledBatch;
  readonly outcome: BatchOutcome;
  /** In active milliseconds. */
  readonly at: number;
}

/** A packet of the worker's batches. */
interface InFlight {
  readonly packet: SentPacket;
  /** Its batches, of which `#sent` has those that are not answered yet. */
  readonly sent: readonly Sent[];
}

/** The one loop of a worker: wait until a batch is due, write it, commit it, account for it. */
class Producer {
  readonly #schema: Schema;
  readonly #task: ProducerTask;
  readonly #control: Control;
  readonly #stats: WorkerStats;
  readonly #journal: TransactionJournal;
  readonly #reporter: Reporter;
  readonly #session: Session;
  readonly #writer: BatchWriter;
  readonly #queue: BatchQueue;
  readonly #random: () => number;
  /** Null: the run has none. */
  readonly #hazards: BatchHazards | null;
  readonly #stall = new StallGuard();
  /** In the order of sending. */
  #sent: Sent[] = [];
  /** Packets without an answer, in the same order. */
  #inFlight: InFlight[] = [];
  /** When the worker last had nothing left to write, in active milliseconds. */
  #freeSince = 0;
  /**
   * False until a first batch was read back, and after the server dropped rows: then every batch is read
   * back.
   */
  #trusting = false;
  /** Serialization failures and deadlocks of the batch under way. */
  #conflicts = 0;
  /** How late the first batch was when the connection was lost, in milliseconds. */
  #lateAtLoss = 0;
  /** Events that fell due while reconnecting failed, and were not scheduled. */
  #missed = 0;
  /** When the worker was connected again, in active milliseconds. */
  #backSince = 0;

  constructor(schema: Schema, task: ProducerTask) {
    const rng = new Rng(task.rng).at(RNG_PURPOSE.workerPicks, task.worker);
    const random = () => rng.unit();
    this.#schema = schema;
    this.#task = task;
    this.#random = random;
    this.#control = new Control(task.control);
    this.#stats = new WorkerStats(schema, task.stats);
    this.#journal = new TransactionJournal(schema, this.#stats, task.ledger);
    this.#writer = new BatchWriter(schema, task, random, (table, ids) =>
      this.#journal.lease(table, ids),
    );
    this.#reporter = new Reporter(task.reports, this.#writer.ids);
    const pacer = makePacer(task.pace, random);
    const { hazards } = task;
    this.#hazards =
      hazards === null ? null : new BatchHazards(schema, { ...task, hazards }, this.#writer);
    const lottery = this.#hazards?.lottery ?? null;
    this.#queue = new BatchQueue(task, pacer, this.#control, this.#stats, lottery);
    this.#session = new Session({
      target: task.target,
      reconnect: task.reconnect,
      control: this.#control,
      stats: this.#stats,
      journal: this.#journal,
      reporter: this.#reporter,
      random,
      prepare: async (client) => {
        await requireTables(client, schema.tables, task.tables);
        await requireWhole(client);
        await joinStream(client, task.tables);
        for (const [type, kept] of this.#writer.candidates) {
          const spec = schema.event(type);
          const table = schema.tables.get(spec.table);
          const place = task.siblings[type] ?? { index: 0, of: 1 };
          if (table.keyKind === 'id') {
            await kept.load(client, table, spec, place, task.lastIds[spec.table] ?? 0);
          } else if (this.#stats.connections === 1) {
            await kept.loadByHash(client, table, spec, place);
          }
        }
      },
    });
  }

  async run(): Promise<ProducerResult> {
    try {
      await this.#session.open();
      // A worker that takes a dead one's place has no time for it: its batches are due.
      if (this.#control.state === 'waiting') await warmUp(this.#schema, this.#task, this.#session);
    } catch (error) {
      const ended = await this.#recover(describeFailure(error));
      if (ended !== null) return ended;
    }
    // Batches that an earlier life of this worker left in doubt are not in this one's queue.
    this.#session.takeFates();
    this.#reporter.send({ kind: 'ready' });
    for (;;) {
      const ended = await this.#turn();
      this.#reporter.flushIfDue();
      if (ended !== null) return ended;
    }
  }

  /** One step of the loop: the reason to end where there is one. */
  async #turn(): Promise<ProducerResult | null> {
    if (this.#inFlight.length === 0) return (await this.#awaitDue()) ?? (await this.#sendDue());
    if (!this.#maySendAhead()) return this.#takeAnswer();
    this.#queue.takeDue();
    return this.#sendDue();
  }

  /** Whether a further packet may be sent before the answer to the one in flight: the server never waits for it then. */
  #maySendAhead(): boolean {
    const [one, another] = this.#inFlight;
    if (one === undefined || another !== undefined || !this.#trusting) return false;
    const last = one.packet.batches.at(-1);
    // Parents that it makes can be referenced only once it is committed.
    if (last !== undefined && makesParents(last)) return false;
    return this.#control.state === 'running' && !this.#isOver() && this.#queue.isDueAhead();
  }

  /** The run has lasted as long as it should. */
  #isOver(): boolean {
    const { endMs } = this.#task;
    return endMs !== null && this.#control.active() > endMs + OVERRUN_MS;
  }

  async close(): Promise<void> {
    // First: a connection that hangs may never be closed.
    this.#reporter.flush();
    await this.#session.close();
    this.#journal.end();
    this.#task.reports.close();
  }

  /** Waits until a batch is due; the reason to end where there is one. */
  async #awaitDue(): Promise<ProducerResult | null> {
    await this.#untilStarted();
    if (!this.#queue.takeFirst()) return { ended: 'finished' };
    const ended = await this.#waitUntil(this.#queue.first?.due ?? 0);
    if (ended === null) this.#queue.takeDue();
    return ended;
  }

  /** The clock starts for all workers at once, when the last of them is ready. */
  async #untilStarted(): Promise<void> {
    while (this.#control.state === 'waiting') await sleep(START_POLL_MS);
  }

  /** Waits until a batch is due; the reason to end where there is one. Pauses move `due` along. */
  async #waitUntil(due: number): Promise<ProducerResult | null> {
    const { endMs } = this.#task;
    for (;;) {
      const state = this.#control.state;
      if (state === 'stopping') return STOPPED;
      const now = this.#control.active();
      if (endMs !== null && (due > endMs || now > endMs + OVERRUN_MS)) return { ended: 'finished' };
      if (state === 'running' && now >= due) return null;
      this.#reporter.flushIfDue();
      if (state !== 'running') await sleep(SLICE_MS);
      else await waitExactly(Math.min(due - now, SLICE_MS));
    }
  }

  /** Writes and commits the open batches, or the first of them; the reason to end where there is one. */
  async #sendDue(): Promise<ProducerResult | null> {
    const sentAt = this.#control.active();
    const first = this.#queue.first?.due ?? sentAt;
    this.#stats.due = this.#queue.due;
    try {
      const batches = await this.#buildDue();
      // The connection must be free for a batch that is read back, and for a lease of ids.
      if (batches.length === 0 && this.#inFlight.length > 0) return await this.#takeAnswer();
      this.#stats.late.record(sentAt - Math.max(first, this.#freeSince));
      if (batches.length === 0) return await this.#writeStepByStep(sentAt);
      this.#sendPipelined(batches, sentAt);
      return null;
    } catch (error) {
      // The run ends: nothing else can fail while a packet is in flight. That one is accounted for first.
      if (this.#inFlight.length > 0) await this.#takeAnswer();
      return await this.#overcome(this.#session.failureOf(error));
    } finally {
      this.#freeSince = this.#control.active();
      this.#stats.due = this.#queue.due + this.#missed;
    }
  }

  /** Builds the open batches that can be sent in one go; none where the first one cannot. */
  async #buildDue(): Promise<Batch[]> {
    const { client } = this.#session;
    const now = this.#session.serverNow();
    const batches: Batch[] = [];
    for (const scheduled of this.#queue.waiting) {
      const spec = this.#schema.event(scheduled.type);
      if (scheduled.batch === null && !this.#writer.hasIds(spec, scheduled.size)) {
        if (this.#inFlight.length > 0) break;
        await this.#writer.reserve(client, spec, scheduled.size);
      }
      scheduled.batch ??= this.#writer.build(
        spec,
        scheduled.size,
        now,
        scheduled.hazards?.has('out-of-order'),
      );
      if (scheduled.hazards !== null) break;
      const exact = isExact(scheduled.batch.writes, this.#task.returning);
      if (!this.#trusting || scheduled.rowByRow || !exact) break;
      batches.push(scheduled.batch);
      // Parents that it makes can be referenced only once it is committed.
      if (makesParents(scheduled.batch)) break;
    }
    return batches;
  }

  /** Sends the first batches that wait in one packet, each with its COMMIT. */
  #sendPipelined(batches: readonly Batch[], at: number): void {
    const { waiting } = this.#queue;
    const outcomes = expectedOutcomes(batches);
    const sent = outcomes.map((outcome, i) => ({ scheduled: waiting[i]!, outcome, at }));
    for (const { scheduled } of sent) scheduled.inFlight = true;
    this.#sent.push(...sent);
    const packet = sendPipelined(this.#session.client, this.#journal, batches, outcomes);
    this.#inFlight.push({ packet, sent });
  }

  /** Waits for the answer to the first packet in flight; the reason to end where there is one. */
  async #takeAnswer(): Promise<ProducerResult | null> {
    try {
      await this.#accountForAnswer();
      return null;
    } catch (error) {
      return await this.#overcome(this.#session.failureOf(error));
    } finally {
      if (this.#inFlight.length === 0) this.#freeSince = this.#control.active();
      this.#stats.due = this.#queue.due + this.#missed;
    }
  }

  /**
   * Accounts for the batches of the first packet in flight that went through. Where the server refused one, it accounts
   * for the packets after that one, too, as far as they were carried out: the others are sent again. Throws the error,
   * unless a row is at fault.
   */
  async #accountForAnswer(): Promise<void> {
    const { client } = this.#session;
    const [first, ...later] = this.#inFlight;
    if (first === undefined) throw new Error('no packet is in flight');
    const packets = later.map(({ packet }) => packet);
    const { committed, error } = await answerOf(client, this.#journal, first.packet, packets);
    this.#trusting &&= committed.every((outcome) => outcome.whole);
    this.#sent.splice(0, committed.length);
    for (const [i, outcome] of committed.entries()) {
      const { scheduled, at } = first.sent[i]!;
      this.#confirm(scheduled, outcome, at);
    }
    if (error === null) {
      this.#inFlight.shift();
      return;
    }
    const failure = describeFailure(error);
    if (failure.sqlstate === null || failure.class === 'critical') throw error;
    // The server answered: neither the batch that failed nor any after it in its packet is committed.
    const refused = first.sent.slice(committed.length);
    this.#journal.withdraw(refused.length);
    this.#sent.splice(0, refused.length);
    this.#inFlight.shift();
    for (const { scheduled } of refused) scheduled.inFlight = false;
    if (this.#inFlight.length > 0) await this.#accountForLater();
    if (failure.class !== 'light') throw error;
    await client.query('ROLLBACK');
    const scheduled = refused[0]?.scheduled;
    if (scheduled !== undefined) scheduled.rowByRow = true;
  }

  /**
   * Accounts for the packet after one that failed. Usually the session was in a failed transaction, and refused it. Its
   * own failure will come again when its batches are sent again.
   */
  async #accountForLater(): Promise<void> {
    try {
      await this.#accountForAnswer();
    } catch (error) {
      if (this.#inFlight.length > 0) throw error;
    }
  }

  /** Writes the first batch, reads its rows back, and commits it. */
  async #writeStepByStep(sentAt: number): Promise<ProducerResult | null> {
    const scheduled = this.#queue.first;
    if (scheduled === undefined || scheduled.batch === null) throw new Error('nothing to write');
    const { client } = this.#session;
    if (scheduled.hazards !== null) await this.#hazards?.reserve(client, scheduled.batch);
    const outcome = await this.#writer.write(client, scheduled.batch);
    if (outcome.pending === null) {
      await client.query('ROLLBACK');
      this.#stats.count('rolledBack');
      this.#stats.count('attempted', outcome.events);
      this.#confirm(scheduled, outcome, sentAt);
      return this.#endOf(this.#stall.stalled(outcome.events, outcome.rejections.at(-1)?.failure));
    }
    if (scheduled.hazards !== null) {
      await this.#endWithHazards(scheduled, scheduled.batch, outcome, sentAt);
      return null;
    }
    try {
      await this.#commit(scheduled, outcome, sentAt);
    } catch (error) {
      const failure = describeFailure(error);
      if (failure.class !== 'light') throw error;
      await requireTables(client, this.#schema.tables, this.#task.tables);
      return this.#refuse(scheduled, outcome, failure);
    }
    this.#trusting = outcome.whole;
    this.#confirm(scheduled, outcome, sentAt);
    return null;
  }

  /**
   * Adds hazards to the open transaction of a batch, and ends it. A batch that was rolled back on purpose, or because of
   * a hazard's rows, stays open: its next turn writes it again, without that hazard.
   */
  async #endWithHazards(
    scheduled: ScheduledBatch,
    batch: Batch,
    own: BatchOutcome,
    sentAt: number,
  ): Promise<void> {
    const { client } = this.#session;
    const drawn = scheduled.hazards;
    if (this.#hazards === null || drawn === null) throw new Error('a batch without hazards');
    if (drawn.has('rollback')) {
      await rollBackOnPurpose(client, this.#journal, own);
      return this.#noteRolledBack(scheduled, 'rollback');
    }
    try {
      const outcome = await this.#hazards.addTo(client, batch, own, drawn, this.#journal.place);
      if (outcome.hazards?.rollback === true) {
        await this.#end({ ...outcome, rows: [], events: 0 }, []);
        this.#journal.withdraw(1);
        return this.#noteRolledBack(scheduled, 'two-phase');
      }
      // Later batches may neither change nor reference the rows of hazards.
      const confirmed = { ...outcome, changes: own.changes };
      await this.#commit(scheduled, outcome, sentAt, confirmed);
      this.#trusting = own.whole;
      this.#confirm(scheduled, confirmed, sentAt);
    } catch (error) {
      if (error instanceof NoRoom) scheduled.hazards = without(drawn, 'two-phase');
      else if (describeFailure(error).class === 'light') scheduled.hazards = null;
      else throw error;
      await client.query('ROLLBACK');
    }
  }

  /** Accounts for a batch that was rolled back on purpose, and is to be written again. */
  #noteRolledBack(scheduled: ScheduledBatch, hazard: BatchHazard): void {
    scheduled.hazards = without(scheduled.hazards, hazard);
    this.#stats.countHazard(hazard);
    this.#session.proved();
  }

  /** COMMIT. `confirmed`: the outcome for the batch itself. */
  async #commit(
    scheduled: ScheduledBatch,
    outcome: BatchOutcome,
    at: number,
    confirmed = outcome,
  ): Promise<void> {
    if (outcome.pending === null) throw new Error('nothing to commit');
    const lsn = await this.#end(outcome, [{ scheduled, outcome: confirmed, at }]);
    this.#journal.commit([{ xid: outcome.pending.xid, lsn, dropped: [] }]);
  }

  /**
   * Ends a transaction that was written step by step: it is entered in the journal before, and closed there by the caller.
   * Returns a WAL position after its writes and before others see them. `sent`: the batch that is in doubt until then.
   */
  async #end(outcome: BatchOutcome, sent: Sent[]): Promise<string | null> {
    const { client } = this.#session;
    const { hazards, pending } = outcome;
    const prepared = pending?.prepared ?? null;
    let { lsn } = outcome;
    this.#journal.intend([outcome]);
    this.#sent = sent;
    let ended: boolean;
    try {
      if (hazards?.messages !== undefined) await emitMessages(client, hazards.messages);
      if (prepared !== null) {
        const { gid } = this.#journal;
        ended = await prepare(client, gid);
        if (ended) lsn = await finish(client, gid, prepared, this.#random);
      } else {
        // A transaction that had failed unnoticed answers COMMIT with ROLLBACK.
        ended = (await client.query('COMMIT')).command === 'COMMIT';
      }
    } catch (error) {
      // The server answered with an error: the transaction is not committed.
      const { class: failureClass, sqlstate } = describeFailure(error);
      const isAnswered = sqlstate !== null && failureClass !== 'critical';
      if (isAnswered || error instanceof NoRoom) {
        this.#journal.withdraw(1);
        this.#sent = [];
      }
      throw error;
    }
    this.#sent = [];
    if (!ended) {
      this.#journal.withdraw(1);
      throw new Error('COMMIT was answered with ROLLBACK');
    }
    return lsn;
  }

  /** Handles the failure of a whole write; the reason to end where there is one. */
  async #overcome(failure: Failure): Promise<ProducerResult | null> {
    if (this.#stats.pending === null) this.#stats.count('rolledBack');
    const gone = await this.#tablesGone(failure);
    if (gone !== null) return { ended: 'failed', failure: gone };
    if (this.#isToGiveUp(failure)) return this.#giveUp();
    if (failure.class === 'retry' && ++this.#conflicts <= MAX_RETRIES) return this.#retry(failure);
    if (failure.class !== 'critical') return { ended: 'failed', failure };
    const doubted = this.#sent.splice(0);
    for (const { scheduled } of doubted) scheduled.inFlight = false;
    this.#inFlight = [];
    this.#journal.lose();
    const ended = await this.#recover(failure);
    if (ended !== null) return ended;
    const fates = this.#session.takeFates();
    for (const [i, { scheduled, outcome, at }] of doubted.entries()) {
      if (fates[i] === 'committed') this.#confirm(scheduled, outcome, at);
      else if (fates[i] === 'unknown') this.#queue.close(scheduled);
    }
    for (const scheduled of this.#queue.open) this.#abandon(scheduled);
    return null;
  }

  /** Whether the main thread cancelled the statement's wait, because the run is to end. */
  #isToGiveUp({ sqlstate }: Failure): boolean {
    return sqlstate === SQLSTATE.QUERY_CANCELED && this.#stats.mayGiveUp;
  }

  /** Gives up batches that waited for a lock; closing the connection rolls them back. */
  #giveUp(): ProducerResult {
    const sent = this.#queue.open.filter(({ batch }) => batch !== null).length;
    for (const scheduled of this.#queue.open) this.#abandon(scheduled);
    return { ended: 'stopped', givenUp: Math.max(sent, 1) };
  }

  /**
   * The failure that the run's tables are gone, after an internal error: the server answers so a statement that
   * waited for the lock of a table which was dropped meanwhile. Null: they are there, or no answer came.
   */
  async #tablesGone({ sqlstate }: Failure): Promise<Failure | null> {
    if (sqlstate !== SQLSTATE.INTERNAL_ERROR) return null;
    try {
      await this.#session.client.query('ROLLBACK');
      await requireTables(this.#session.client, this.#schema.tables, this.#task.tables);
      return null;
    } catch (error) {
      return error instanceof TablesGone ? describeFailure(error) : null;
    }
  }

  /** Accounts for a batch that is over. */
  #confirm(scheduled: ScheduledBatch, outcome: BatchOutcome, sentAt: number): void {
    this.#noteCatchUp(scheduled);
    if (outcome.pending !== null) {
      const now = this.#control.active();
      this.#stats.response.record(now - scheduled.due);
      this.#stats.service.record(now - sentAt);
      this.#stats.lag.record(sentAt - scheduled.due);
      for (const { operation, count } of outcome.rows) {
        const { response, service } = this.#stats.latencyOf(scheduled.type, operation);
        response.record(now - scheduled.due, count);
        service.record(now - sentAt, count);
      }
      this.#stall.progressed();
    }
    this.#conflicts = 0;
    this.#session.proved();
    if (scheduled.batch !== null) this.#writer.confirm(scheduled.batch, outcome);
    this.#queue.close(scheduled);
    this.#reporter.committed();
    for (const { write, failure } of outcome.rejections) {
      const { table, operation } = write;
      // A rejection without a code counts as internal_error.
      this.#stats.reject(failure.sqlstate ?? SQLSTATE.INTERNAL_ERROR);
      this.#reporter.send({
        kind: 'rejected',
        table: table.name,
        operation,
        field: failedColumn(failure, table),
        failure,
      });
    }
  }

  /** Gives up the rows of a batch: others will take their place. */
  #abandon(scheduled: ScheduledBatch): void {
    if (scheduled.batch !== null) this.#writer.abandon(scheduled.batch);
    scheduled.batch = null;
  }

  /** Accounts for a batch whose COMMIT the server refused because of its rows, as deferred constraints do. */
  #refuse(
    scheduled: ScheduledBatch,
    { events }: BatchOutcome,
    failure: Failure,
  ): ProducerResult | null {
    this.#abandon(scheduled);
    this.#queue.close(scheduled);
    this.#stats.count('rolledBack');
    this.#stats.count('attempted', events);
    for (let i = 0; i < events; i++)
      this.#stats.reject(failure.sqlstate ?? SQLSTATE.INTERNAL_ERROR);
    const { table } = this.#schema.event(scheduled.type);
    this.#reporter.send({ kind: 'batch-refused', table, events, failure });
    return this.#endOf(this.#stall.stalled(events, failure));
  }

  /** Rolls back after a conflict, and lets the other transaction finish. */
  async #retry(failure: Failure): Promise<ProducerResult | null> {
    this.#stats.count('retries');
    this.#reporter.send({ kind: 'retried', failure });
    for (const scheduled of this.#queue.open) this.#abandon(scheduled);
    try {
      await this.#session.client.query('ROLLBACK');
    } catch (error) {
      return this.#recover(describeFailure(error));
    }
    // A few milliseconds, growing: the other transaction needs time to finish.
    await sleep(Math.min(this.#conflicts * 5, SLICE_MS) * this.#random());
    return null;
  }

  /** Ends the loss of the connection once a batch is no later than without it: the rest is overload. */
  #noteCatchUp({ due }: ScheduledBatch): void {
    if (!this.#stats.lost) return;
    const late = this.#control.active() - due;
    if (due >= this.#backSince || late <= this.#lateAtLoss) this.#stats.lost = false;
  }

  /** Connects again; the reason to end where that fails. */
  async #recover(failure: Failure): Promise<ProducerResult | null> {
    if (failure.class === 'hopeless' || failure.class === 'defect') {
      return { ended: 'failed', failure };
    }
    // The wait was cancelled before anything of a batch was sent.
    if (this.#isToGiveUp(failure)) return STOPPED;
    if (!this.#stats.lost) {
      const now = this.#control.active();
      this.#lateAtLoss = now - (this.#queue.first?.due ?? now);
      this.#stats.lost = true;
    }
    const end = await this.#session.reopen(failure);
    this.#backSince = this.#control.active();
    if (end === null) {
      // As fast as the server takes it: there is no backlog to work off.
      if (this.#task.pace.kind === 'max') this.#stats.lost = false;
      return null;
    }
    this.#missed = this.#queue.overdue();
    return end === 'stopped' ? STOPPED : { ended: 'failed', failure: end };
  }

  #endOf(failure: Failure | null): ProducerResult | null {
    return failure === null ? null : { ended: 'failed', failure };
  }
}
