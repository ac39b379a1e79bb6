import { MessageChannel, type Worker } from 'node:worker_threads';
import { monotonicMs, within } from '../lib/clock.js';
import { type WorkerEntry, WorkerPool } from '../lib/worker-pool.js';
import { describeFailure } from '../postgres/failures.js';
import type { Control } from './control.js';
import type { ProducerReport, ProducerResult, ThreadTask } from './protocol.js';
import type { WorkerStats } from './worker-stats.js';

/** Deaths of one worker without progress in between, after which it is not started again. */
const MAX_STILLBORN = 3;
/** The last messages of a thread arrive within this, or its channel is lost. */
const LAST_MESSAGES_MS = 1_000;

/** The events of the threads. `worker`: position, from 0. */
export interface ThreadListener {
  /** A message of a worker. */
  report(worker: number, report: ProducerReport): void;
  /** A worker's thread ended by an error. */
  workerDied(worker: number, error: unknown): void;
}

/** Threads of a run: gives each worker its task, again if its thread dies. */
export class ProducerThreads<Task extends ThreadTask> {
  readonly #pool: WorkerPool<Task, ProducerResult>;
  readonly #control: Control;
  readonly #listener: ThreadListener;

  /** @param aThread workers that share a thread, at most */
  constructor(
    entry: WorkerEntry,
    { workers, aThread }: { readonly workers: number; readonly aThread: number },
    control: Control,
    listener: ThreadListener,
  ) {
    this.#pool = new WorkerPool(entry, workers, aThread);
    this.#control = control;
    this.#listener = listener;
  }

  /** For tests that end one. */
  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /**
   * Runs a worker's task to its end; a thread that dies is replaced and goes on with the same task.
   *
   * @param waitsMs a thread that lived so long made progress: it waits most of the time, and writes seldom
   */
  async keep(
    task: Omit<Task, 'reports'>,
    stats: WorkerStats,
    waitsMs = Number.POSITIVE_INFINITY,
  ): Promise<ProducerResult> {
    for (let stillborn = 0; ; ) {
      const before = progressOf(stats);
      const born = monotonicMs();
      try {
        return await this.#run(task);
      } catch (error) {
        if (this.#control.stopping) return { ended: 'stopped', givenUp: 0 };
        const failure = describeFailure(error);
        if (failure.class === 'hopeless') return { ended: 'failed', failure };
        this.#listener.workerDied(task.worker, error);
        const progressed = progressOf(stats) > before || monotonicMs() - born >= waitsMs;
        stillborn = progressed ? 0 : stillborn + 1;
        if (stillborn === MAX_STILLBORN) return { ended: 'failed', failure };
      }
    }
  }

  /** Ends the threads; their tasks must be over. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #run(task: Omit<Task, 'reports'>): Promise<ProducerResult> {
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise((resolve) => port1.once('close', resolve));
    port1.on('message', (report: ProducerReport) => this.#listener.report(task.worker, report));
    try {
      return await this.#pool.run({ ...task, reports: port2 } as unknown as Task, [port2]);
    } finally {
      // The result overtakes the last reports, which travel through the port.
      await within(closed, LAST_MESSAGES_MS);
      port1.close();
    }
  }
}

/** Grows with every batch and every hazard. */
export function progressOf(stats: WorkerStats): number {
  return stats.get('attempted') + stats.get('committed');
}
