import { Draws, STREAMS } from '../src/hospital/draws.js';
import type { EventSpec } from '../src/hospital/events/event.js';
import { EVENTS, type EventType } from '../src/hospital/events/index.js';
import { nextType } from '../src/pacing/mix.js';
import { makePacer, type Pacer } from '../src/pacing/pacer.js';
import { describeFailure, type Failure } from '../src/postgres/failures.js';
import { sleep, sleepExactly } from '../src/threads/clock.js';
import { Control } from '../src/threads/control.js';
import type { ProducerResult, ProducerTask } from '../src/threads/protocol.js';
import { Tally } from '../src/threads/tally.js';
import type { BatchWriter } from './batch.js';
import type { OpenBatch } from './batch-result.js';
import { Drought } from './drought.js';
import { makeWriter } from './make-writer.js';
import { Reporter } from './reporter.js';
import { Session, SLICE_MS } from './session.js';

/** A batch that is due at the very end of the run is still sent this late: a timer's hiccup. */
const OVERRUN_MS = 250;
/** How often a worker that is ready looks for the start. */
const START_POLL_MS = 2;
/** Serialization failures and deadlocks of one batch before its worker gives up on it. */
const MAX_RETRIES = 100;
/** PostgreSQL's internal_error: stands for a rejection that came without a code. */
const UNKNOWN_SQLSTATE = 'XX000';

/** The Piscina entry of `stream`: one connection, one event type (or a few), until told to stop. */
export default async function produce(task: ProducerTask): Promise<ProducerResult> {
  const producer = new Producer(task);
  try {
    return await producer.run();
  } finally {
    await producer.close();
  }
}

/** A batch that was not committed and is to be tried again, like new. */
const AGAIN = 'again';
type Again = typeof AGAIN;

/** The one loop of a worker: wait until due, write a batch, commit it, account for it. */
class Producer {
  readonly #task: ProducerTask;
  readonly #control: Control;
  readonly #tally: Tally;
  readonly #reporter: Reporter;
  readonly #session: Session;
  readonly #writer: BatchWriter;
  readonly #pacer: Pacer;
  readonly #random: () => number;
  readonly #done = new Map<EventType, number>();
  readonly #drought = new Drought();
  /** Conflicts that the batch under way ran into. */
  #conflicts = 0;

  constructor(task: ProducerTask) {
    const draws = new Draws(task.rng).at(STREAMS.workerPicks, task.worker);
    const random = () => draws.unit();
    const { writer, candidates } = makeWriter(task, random, (table, id) =>
      this.#reporter.gone(table, id),
    );
    this.#task = task;
    this.#random = random;
    this.#control = new Control(task.control);
    this.#tally = new Tally(task.tally);
    this.#reporter = new Reporter(task.reports);
    this.#pacer = makePacer(task.pace, random);
    this.#writer = writer;
    this.#session = new Session({
      target: task.target,
      reconnect: task.reconnect,
      control: this.#control,
      tally: this.#tally,
      reporter: this.#reporter,
      random,
      prepare: async (client) => {
        for (const [type, kept] of candidates) {
          const { index, of } = task.siblings[type] ?? { index: 0, of: 1 };
          await kept.load(client, EVENTS[type], index, of);
        }
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
    this.#reporter.send({ kind: 'ready' });
    let previousDue: number | null = null;
    // A batch that is tried again stays due when it was due at first.
    let due: number | null = null;
    for (;;) {
      const size = this.#nextSize();
      if (size <= 0) return { ended: 'finished' };
      await this.#untilStarted();
      const now = this.#control.active();
      due ??= this.#pacer({ attempted: this.#tally.get('attempted'), previousDue, now });
      const ended = await this.#waitUntil(due);
      if (ended !== null) return ended;
      const type = nextType(this.#task.share, this.#done);
      const result = await this.#commit(EVENTS[type], size, due);
      this.#reporter.flushIfDue();
      if (result === AGAIN) continue;
      if (result !== null) return result;
      this.#done.set(type, (this.#done.get(type) ?? 0) + size);
      previousDue = due;
      due = null;
    }
  }

  async close(): Promise<void> {
    // First: a connection that hangs may never be closed.
    this.#reporter.flush();
    await this.#session.close();
    this.#task.reports.close();
  }

  /** Events of the next batch: a whole batch, or what a limit leaves. */
  #nextSize(): number {
    const { batchSize, attemptLimit, commitLimit } = this.#task;
    const attempted = this.#tally.get('attempted');
    return Math.min(
      batchSize,
      (attemptLimit ?? Number.POSITIVE_INFINITY) - attempted,
      (commitLimit ?? Number.POSITIVE_INFINITY) - this.#tally.events,
    );
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
      if (state === 'stopping') return { ended: 'stopped' };
      const now = this.#control.active();
      if (endMs !== null && (due > endMs || now > endMs + OVERRUN_MS)) return { ended: 'finished' };
      if (state === 'running' && now >= due) return null;
      this.#reporter.flushIfDue();
      if (state !== 'running') await sleep(SLICE_MS);
      else await sleepExactly(Math.min(due - now, SLICE_MS));
    }
  }

  /** Writes and commits one batch. Null when it is over; else the reason to end, or `AGAIN`. */
  async #commit(
    spec: EventSpec,
    size: number,
    due: number,
  ): Promise<ProducerResult | Again | null> {
    const sent = this.#control.active();
    let batch: OpenBatch | null = null;
    try {
      const { client } = this.#session;
      batch = await this.#writer.write(client, spec, size, this.#session.serverNow());
      await this.#end(batch);
    } catch (error) {
      return this.#overcome(describeFailure(error), spec, batch, due, sent);
    }
    this.#conflicts = 0;
    this.#session.proved();
    this.#confirm(spec, batch, due, sent);
    if (batch.pending === null) {
      return this.#endOf(this.#drought.note(batch.events, batch.rejections.at(-1)?.failure));
    }
    this.#drought.end();
    return null;
  }

  /** What a batch comes to that failed as a whole. */
  async #overcome(
    failure: Failure,
    spec: EventSpec,
    batch: OpenBatch | null,
    due: number,
    sent: number,
  ): Promise<ProducerResult | Again | null> {
    const inDoubt = this.#tally.pending !== null;
    if (!inDoubt) this.#tally.count('rolledBack');
    if (failure.class === 'retry' && ++this.#conflicts <= MAX_RETRIES) {
      this.#writer.abandon(spec);
      return this.#retry(failure);
    }
    if (failure.class === 'light' && batch !== null) return this.#refuse(spec, batch, failure);
    if (failure.class !== 'critical') return { ended: 'failed', failure };
    const { committed, unknown } = this.#fates();
    const ended = await this.#recover(failure);
    if (ended !== null) return ended;
    if (batch !== null && this.#fates().committed > committed) {
      this.#confirm(spec, batch, due, sent);
      return null;
    }
    this.#writer.abandon(spec);
    return this.#fates().unknown > unknown ? null : AGAIN;
  }

  #fates(): { committed: number; unknown: number } {
    return { committed: this.#tally.get('committed'), unknown: this.#tally.get('unknown') };
  }

  /** COMMIT, entered in the tally before it is sent and settled when it is answered. */
  async #end(batch: OpenBatch): Promise<void> {
    const { client } = this.#session;
    if (batch.pending === null) {
      await client.query('ROLLBACK');
      this.#tally.count('rolledBack');
      this.#tally.count('attempted', batch.events);
      return;
    }
    this.#tally.intend(batch.pending, batch.rows, batch.events);
    let committed: boolean;
    try {
      // A transaction that had failed unnoticed answers COMMIT with ROLLBACK.
      committed = (await client.query('COMMIT')).command === 'COMMIT';
    } catch (error) {
      // An error that the server answered with is its decision against the transaction.
      const { class: failureClass, sqlstate } = describeFailure(error);
      if (sqlstate !== null && failureClass !== 'critical') this.#tally.withdraw();
      throw error;
    }
    if (!committed) {
      this.#tally.withdraw();
      throw new Error('COMMIT was answered with ROLLBACK');
    }
    this.#tally.settle('committed');
  }

  #confirm(spec: EventSpec, batch: OpenBatch, due: number, sent: number): void {
    const now = this.#control.active();
    if (batch.pending !== null) {
      this.#tally.response.record(now - due);
      this.#tally.service.record(now - sent);
      this.#tally.lag.record(sent - due);
    }
    this.#writer.confirm(spec, batch);
    this.#reporter.committed();
    for (const { table, known } of batch.born) this.#reporter.born(table, known);
    for (const { table, id } of batch.gone) this.#reporter.gone(table, id);
    for (const { write, failure } of batch.rejections) {
      const { table, operation } = write;
      this.#tally.reject(failure.sqlstate ?? UNKNOWN_SQLSTATE);
      this.#reporter.send({ kind: 'rejected', table, operation, field: failure.column, failure });
    }
  }

  /** A batch whose COMMIT the server refused for its rows' sake, as deferred constraints do. */
  #refuse(spec: EventSpec, batch: OpenBatch, failure: Failure): ProducerResult | null {
    this.#writer.abandon(spec);
    this.#tally.count('attempted', batch.events);
    for (let i = 0; i < batch.events; i++) this.#tally.reject(failure.sqlstate ?? UNKNOWN_SQLSTATE);
    const { table } = spec;
    const field = failure.column;
    this.#reporter.send({ kind: 'rejected', table, operation: 'insert', field, failure });
    return this.#endOf(this.#drought.note(batch.events, failure));
  }

  /** Takes the transaction back after a conflict, and lets the other side finish. */
  async #retry(failure: Failure): Promise<ProducerResult | Again> {
    this.#tally.count('retries');
    this.#reporter.send({ kind: 'retried', failure });
    try {
      await this.#session.client.query('ROLLBACK');
    } catch (error) {
      return (await this.#recover(describeFailure(error))) ?? AGAIN;
    }
    // A few milliseconds, growing: the other side of a deadlock needs time to finish.
    await sleep(Math.min(this.#conflicts * 5, SLICE_MS) * this.#random());
    return AGAIN;
  }

  /** Finds the connection again; the reason to end when that fails. */
  async #recover(failure: Failure): Promise<ProducerResult | null> {
    if (failure.class === 'hopeless' || failure.class === 'defect') {
      return { ended: 'failed', failure };
    }
    const end = await this.#session.reopen(failure);
    if (end === null) return null;
    return end === 'stopped' ? { ended: 'stopped' } : { ended: 'failed', failure: end };
  }

  #endOf(failure: Failure | null): ProducerResult | null {
    return failure === null ? null : { ended: 'failed', failure };
  }
}
