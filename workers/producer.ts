import { Draws, STREAMS } from '../src/hospital/draws.js';
import type { EventSpec } from '../src/hospital/events/event.js';
import { EVENTS, type EventType } from '../src/hospital/events/index.js';
import { RowMaker } from '../src/hospital/rows.js';
import { TABLE_NAMES } from '../src/hospital/tables.js';
import { IdView } from '../src/ids/view.js';
import { nextType } from '../src/pacing/mix.js';
import { makePacer, type Pacer } from '../src/pacing/pacer.js';
import { describeFailure, type Failure } from '../src/postgres/failures.js';
import { sleep } from '../src/threads/clock.js';
import { Control } from '../src/threads/control.js';
import type { ProducerResult, ProducerTask } from '../src/threads/protocol.js';
import { OPERATIONS, Tally } from '../src/threads/tally.js';
import { BatchWriter, leasesFor, type OpenBatch } from './batch.js';
import { Candidates } from './candidates.js';
import { Composer } from './composer.js';
import { Reporter } from './reporter.js';
import { Session, SLICE_MS } from './session.js';

/** A batch that is due at the very end of the run is still sent this late: a timer's hiccup. */
const OVERRUN_MS = 250;
/** How often a worker that is ready looks for the start. */
const START_POLL_MS = 2;
/** Serialization failures and deadlocks of one batch before its worker gives up on it. */
const MAX_RETRIES = 100;
/** Batches in a row of which every row was rejected, before the worker counts that as hopeless. */
const MAX_BARREN = 20;
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
  #barren = 0;

  constructor(task: ProducerTask) {
    const draws = new Draws(task.rng).at(STREAMS.workerPicks, task.worker);
    const random = () => draws.unit();
    const types = task.share.events.map(({ type }) => type);
    const view = new IdView(task.ids, random);
    const candidates = new Map(types.map((type) => [type, new Candidates(random)]));
    const leases = leasesFor([...types, 'novo_paciente'], task.batchSize);
    const lease = (table: Parameters<typeof leases.get>[0]) => {
      const found = leases.get(table);
      if (found === undefined) throw new Error(`no lease for ${table}`);
      return found;
    };
    this.#task = task;
    this.#random = random;
    this.#control = new Control(task.control);
    this.#tally = new Tally(task.tally);
    this.#reporter = new Reporter(task.reports);
    this.#pacer = makePacer(task.pace, random);
    const { updateRatio, deleteRatio } = task;
    this.#writer = new BatchWriter({
      composer: new Composer({
        maker: new RowMaker(task.rng, task.pools),
        view,
        candidates,
        lease,
        updateRatio,
        deleteRatio,
        random,
      }),
      view,
      candidates,
      leases,
      onGone: (table, id) => this.#reporter.gone(table, id),
    });
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
    for (;;) {
      const size = this.#nextSize();
      if (size <= 0) return { ended: 'finished' };
      await this.#untilStarted();
      const now = this.#control.active();
      const due = this.#pacer({ attempted: this.#tally.get('attempted'), previousDue, now });
      const ended = await this.#waitUntil(due);
      if (ended !== null) return ended;
      const type = nextType(this.#task.share, this.#done);
      const failed = await this.#commit(EVENTS[type], size, due);
      if (failed !== null) return failed;
      this.#done.set(type, (this.#done.get(type) ?? 0) + size);
      previousDue = due;
      this.#reporter.flushIfDue();
    }
  }

  async close(): Promise<void> {
    await this.#session.close();
    this.#reporter.flush();
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
      const wait = state === 'paused' ? SLICE_MS : Math.min(due - now, SLICE_MS);
      await sleep(wait);
    }
  }

  /** Writes and commits one batch, whatever it takes. Null when it is in the database. */
  async #commit(spec: EventSpec, size: number, due: number): Promise<ProducerResult | null> {
    for (let retries = 0; ; ) {
      const sent = this.#control.active();
      let batch: OpenBatch | null = null;
      try {
        batch = await this.#writer.write(
          this.#session.client,
          spec,
          size,
          this.#session.serverNow(),
        );
        await this.#end(batch);
        this.#confirm(spec, batch, due, sent);
        return this.#checkBarren(batch.rejections.at(-1)?.failure ?? null, batch.xid !== null);
      } catch (error) {
        const failure = describeFailure(error);
        const inDoubt = this.#tally.pendingXid !== null;
        if (failure.class === 'retry' && ++retries <= MAX_RETRIES) {
          await this.#retry(failure, retries);
          this.#writer.abandon(spec);
          continue;
        }
        if (!inDoubt) this.#tally.count('rolledBack');
        if (failure.class === 'light' && batch !== null) return this.#refuse(spec, batch, failure);
        if (failure.class !== 'critical') return { ended: 'failed', failure };
        const committed = this.#tally.get('committed');
        const ended = await this.#recover(failure);
        if (ended !== null) return ended;
        if (batch !== null && inDoubt && this.#tally.get('committed') > committed) {
          this.#confirm(spec, batch, due, sent);
          return null;
        }
        this.#writer.abandon(spec);
      }
    }
  }

  /** COMMIT, entered in the tally before it is sent and settled when it is answered. */
  async #end(batch: OpenBatch): Promise<void> {
    const { client } = this.#session;
    if (batch.xid === null) {
      await client.query('ROLLBACK');
      this.#tally.count('rolledBack');
      this.#tally.count('attempted', batch.events);
      return;
    }
    this.#tally.intend(batch.xid, batch.rows, batch.events);
    let committed: boolean;
    try {
      // A transaction that had failed unnoticed answers COMMIT with ROLLBACK.
      committed = (await client.query('COMMIT')).command === 'COMMIT';
    } catch (error) {
      // An error that the server answered with is its decision against the transaction.
      if (describeFailure(error).class !== 'critical') this.#tally.withdraw();
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
    if (batch.xid !== null) {
      this.#tally.response.record(now - due);
      this.#tally.service.record(now - sent);
    }
    this.#writer.confirm(spec, batch);
    for (const table of TABLE_NAMES) {
      for (const operation of OPERATIONS) {
        const count = batch.rows[table][operation];
        if (count > 0) this.#reporter.written(table, operation, count);
      }
    }
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
    this.#tally.reject(failure.sqlstate ?? UNKNOWN_SQLSTATE);
    const { table } = spec;
    const field = failure.column;
    this.#reporter.send({ kind: 'rejected', table, operation: 'insert', field, failure });
    return this.#checkBarren(failure, false);
  }

  async #retry(failure: Failure, attempt: number): Promise<void> {
    this.#tally.count('rolledBack');
    this.#tally.count('retries');
    this.#reporter.send({ kind: 'retried', failure });
    await this.#session.client.query('ROLLBACK');
    // A few milliseconds, growing: the other side of a deadlock needs time to finish.
    await sleep(Math.min(attempt * 5, SLICE_MS) * this.#random());
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

  /** Ends the run when one batch after the other had all of its rows rejected. */
  #checkBarren(failure: Failure | null, wrote: boolean): ProducerResult | null {
    this.#barren = wrote || failure === null ? 0 : this.#barren + 1;
    if (this.#barren < MAX_BARREN || failure === null) return null;
    return { ended: 'failed', failure: { ...failure, class: 'hopeless' } };
  }
}
