import type { Pacer } from '../src/load/pacer.js';
import { nextType } from '../src/load/shares.js';
import type { Control } from '../src/run/control.js';
import type { ProducerTask } from '../src/run/protocol.js';
import type { WorkerStats } from '../src/run/worker-stats.js';
import type { EventType } from '../src/schema/event.js';
import type { Batch } from './batch.js';
import type { DrawnHazards, Lottery } from './hazards/lottery.js';
import { packetDepth } from './pipelined-commit.js';

/** With `--on-lag shed`, batches later than this are shed. A timer's jitter or one slow answer is less. */
const SHED_AFTER_MS = 50;

/** A batch that is due, or will be next, and is not committed yet. */
export interface ScheduledBatch {
  readonly type: EventType;
  readonly size: number;
  /** When it is due, in active milliseconds of the run. */
  readonly due: number;
  /** Its rows; null before they are built, and after they were given up for others. */
  batch: Batch | null;
  /** True after one of its rows failed: it is written step by step then. */
  rowByRow: boolean;
  /** It is in a packet that has no answer yet. */
  inFlight: boolean;
  /** The hazards that are still to happen in it. */
  hazards: DrawnHazards;
}

/** The batches of a worker in the order of their due times, as the pacer schedules them. */
export class BatchQueue {
  readonly #task: ProducerTask;
  readonly #control: Control;
  readonly #stats: WorkerStats;
  readonly #pacer: Pacer;
  readonly #lottery: Lottery | null;
  /** Events scheduled so far of each type: the types take turns by it. */
  readonly #scheduled = new Map<EventType, number>();
  /** Batches of a packet at most, where so many are due; in the cycle one. */
  readonly #depth: number;
  /** False in the cycle: there, a batch is due a while after the one before was answered. */
  readonly #sendsAhead: boolean;
  #open: ScheduledBatch[] = [];
  /** Events of the open batches. */
  #openEvents = 0;
  #previousDue: number | null = null;

  /** @param lottery null: the run has no hazards */
  constructor(
    task: ProducerTask,
    pacer: Pacer,
    control: Control,
    stats: WorkerStats,
    lottery: Lottery | null,
  ) {
    this.#task = task;
    this.#control = control;
    this.#stats = stats;
    this.#pacer = pacer;
    this.#lottery = lottery;
    this.#sendsAhead = task.pace.kind !== 'cycle';
    this.#depth = this.#sendsAhead ? packetDepth(task.batchSize) : 1;
  }

  /** Batches that are not closed yet. */
  get open(): readonly ScheduledBatch[] {
    return this.#open;
  }

  /** The batches of the next packet: those that are in none without an answer. */
  get waiting(): readonly ScheduledBatch[] {
    return this.#open.filter(({ inFlight }) => !inFlight).slice(0, this.#depth);
  }

  get first(): ScheduledBatch | undefined {
    return this.#open.find(({ inFlight }) => !inFlight);
  }

  /** Whether a batch is due now that may be sent before the answers to those in flight. */
  isDueAhead(): boolean {
    if (!this.#sendsAhead) return false;
    const now = this.#control.active();
    const { size, due } = this.first ?? this.#next(now);
    return size > 0 && due <= now && !this.#isAfterEnd(due);
  }

  /** Schedules a first batch where none is waiting, and sheds those that are too late; false at the end. */
  takeFirst(): boolean {
    while (this.first === undefined) {
      const { size, due } = this.#next();
      if (size <= 0 || this.#isAfterEnd(due)) return false;
      this.#take(size, due);
    }
    return true;
  }

  /** Adds the batches that are due by now, up to as many as may be sent in one go, and sheds those that are too late. */
  takeDue(): void {
    for (let waiting = this.waiting.length; waiting < this.#depth; ) {
      const now = this.#control.active();
      const { size, due } = this.#next(now);
      if (size <= 0 || due > now || this.#isAfterEnd(due)) return;
      if (this.#take(size, due)) waiting++;
    }
  }

  /** Events of the worker that have fallen due so far, those of the open batches included. */
  get due(): number {
    return this.#stats.get('attempted') + this.#openEvents;
  }

  /** Events of the batch after the open ones, if it is due by now; else 0. */
  overdue(): number {
    const now = Math.min(this.#control.active(), this.#task.endMs ?? Number.POSITIVE_INFINITY);
    const { size, due } = this.#next(now);
    return due > now ? 0 : Math.max(0, size);
  }

  /** Takes out a batch that is committed, refused or given up. */
  close(batch: ScheduledBatch): void {
    // Nearly always the first one.
    const at = this.#open.indexOf(batch);
    if (at < 0) return;
    this.#open.splice(at, 1);
    this.#openEvents -= batch.size;
  }

  /** The next batch: its due time, and its events, fewer than a whole batch where a limit leaves fewer. */
  #next(now = this.#control.active()): { size: number; due: number } {
    const { batchSize, commitLimit } = this.#task;
    const { at, events } = this.#pacer({
      attempted: this.due,
      previousDue: this.#previousDue,
      now,
    });
    const left =
      commitLimit === null
        ? Number.POSITIVE_INFINITY
        : commitLimit - this.#stats.events - this.#openEvents;
    return { size: Math.min(batchSize, events, left), due: at };
  }

  #isAfterEnd(due: number): boolean {
    const { endMs } = this.#task;
    return endMs !== null && due > endMs;
  }

  /** Schedules a batch, or sheds it where it is too late: then false. */
  #take(size: number, due: number): boolean {
    const late = this.#control.active() - due > SHED_AFTER_MS;
    const isShed = this.#task.shed && late && !this.#control.stopping;
    if (isShed) this.#shed(size, due);
    else this.#schedule(size, due);
    return !isShed;
  }

  /** Counts a batch as shed: it should have been sent long ago. */
  #shed(size: number, due: number): void {
    this.#stats.count('shed', size);
    this.#stats.count('attempted', size);
    this.#previousDue = due;
  }

  #schedule(size: number, due: number): void {
    const type = nextType(this.#task.share, this.#scheduled);
    this.#scheduled.set(type, (this.#scheduled.get(type) ?? 0) + size);
    const hazards = this.#lottery === null ? null : this.#lottery.draw();
    this.#open.push({ type, size, due, batch: null, rowByRow: false, inFlight: false, hazards });
    this.#openEvents += size;
    this.#previousDue = due;
  }
}
