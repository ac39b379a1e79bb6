import type { Pacer } from '../src/load/pacer.js';
import { nextType } from '../src/load/shares.js';
import type { Control } from '../src/run/control.js';
import type { ProducerTask } from '../src/run/protocol.js';
import type { WorkerStats } from '../src/run/worker-stats.js';
import type { EventType } from '../src/schemas/hospital/events/index.js';
import type { Batch } from './batch.js';
import { burstOf } from './pipelined-commit.js';

/** Where what is late is shed: being later than this is more than a timer's hiccup or a slow answer. */
const SHED_AFTER_MS = 50;

/** A batch that is to be written and is not committed yet. */
export interface ScheduledBatch {
  readonly type: EventType;
  readonly size: number;
  readonly due: number;
  /** Its rows; null before they are composed, and when others are to take their place. */
  batch: Batch | null;
  /** True: to be written step by step, since one of its rows failed. */
  rowByRow: boolean;
}

/** What a worker has to write, in the order in which it is due: the pacer's word made batches. */
export class BatchQueue {
  readonly #task: ProducerTask;
  readonly #control: Control;
  readonly #stats: WorkerStats;
  readonly #pacer: Pacer;
  /** Events ordered so far of each type, by which the types take turns. */
  readonly #ordered = new Map<EventType, number>();
  /** Batches sent in one go at most, when so many are due; in the cycle one at a time. */
  readonly #burst: number;
  #open: ScheduledBatch[] = [];
  #previousDue: number | null = null;

  constructor(task: ProducerTask, pacer: Pacer, control: Control, stats: WorkerStats) {
    this.#task = task;
    this.#control = control;
    this.#stats = stats;
    this.#pacer = pacer;
    this.#burst = task.pace.kind === 'cycle' ? 1 : burstOf(task.batchSize);
  }

  /** Those that are not closed. */
  get open(): readonly ScheduledBatch[] {
    return this.#open;
  }

  get first(): ScheduledBatch | undefined {
    return this.#open[0];
  }

  /** Makes sure that there is a first one; false when nothing is left to do. Sheds what is too late. */
  takeFirst(): boolean {
    while (this.#open.length === 0) {
      const { size, due } = this.#next();
      if (size <= 0 || this.#isAfterEnd(due)) return false;
      const late = this.#control.active() - due > SHED_AFTER_MS;
      if (this.#task.shed && late && !this.#control.stopping) this.#shed(size, due);
      else this.#order(size, due);
    }
    return true;
  }

  /** Adds those that are due by now, as many as may be sent in one go. */
  takeDue(): void {
    while (this.#open.length < this.#burst) {
      const { size, due } = this.#next();
      if (size <= 0 || due > this.#control.active() || this.#isAfterEnd(due)) return;
      this.#order(size, due);
    }
  }

  /** Events of the worker that have been due by now, once those that are open are. */
  get due(): number {
    return this.#stats.get('attempted') + this.#open.reduce((sum, { size }) => sum + size, 0);
  }

  /** Events of the batch behind those that are open, where it is due by now as well. */
  overdue(): number {
    const now = Math.min(this.#control.active(), this.#task.endMs ?? Number.POSITIVE_INFINITY);
    const { size, due } = this.#next(now);
    return due > now ? 0 : Math.max(0, size);
  }

  /** An order is over. */
  close(order: ScheduledBatch): void {
    this.#open = this.#open.filter((other) => other !== order);
  }

  /** The next batch: when it is due, and its events, a whole batch or what a limit leaves. */
  #next(now = this.#control.active()): { size: number; due: number } {
    const { batchSize, commitLimit } = this.#task;
    const ordered = this.#open.reduce((sum, { size }) => sum + size, 0);
    const { at, events } = this.#pacer({
      attempted: this.#stats.get('attempted') + ordered,
      previousDue: this.#previousDue,
      now,
    });
    const left = (commitLimit ?? Number.POSITIVE_INFINITY) - this.#stats.events - ordered;
    return { size: Math.min(batchSize, events, left), due: at };
  }

  #isAfterEnd(due: number): boolean {
    const { endMs } = this.#task;
    return endMs !== null && due > endMs;
  }

  /** Lets a batch go that should have been sent long ago. */
  #shed(size: number, due: number): void {
    this.#stats.count('shed', size);
    this.#stats.count('attempted', size);
    this.#previousDue = due;
  }

  #order(size: number, due: number): void {
    const type = nextType(this.#task.share, this.#ordered);
    this.#ordered.set(type, (this.#ordered.get(type) ?? 0) + size);
    this.#open.push({ type, size, due, batch: null, rowByRow: false });
    this.#previousDue = due;
  }
}
