import { fileURLToPath } from 'node:url';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { threadOptions } from './thread-options.js';

/** The workers, each bundled into one file: a thread would take three times as long to load a hundred modules. */
const ENTRIES = {
  hazard: new URL('../../workers/hazard.cjs', import.meta.url),
  producer: new URL('../../workers/producer.cjs', import.meta.url),
  seeder: new URL('../../workers/seeder.cjs', import.meta.url),
} as const;

export type WorkerEntry = keyof typeof ENTRIES;

/**
 * V8's young generation of a thread, in megabytes. A batch leaves tens of kilobytes of garbage; the default of dozens
 * of megabytes a thread would be most of the program's memory.
 */
const YOUNG_MB = 8;

/**
 * Workers with long tasks, each on a thread, or several on one. The only module that uses Piscina. If a thread dies, the
 * promises of its tasks reject, and a new thread replaces it.
 */
export class WorkerPool<Task, Result> {
  readonly #piscina: Piscina;
  /** Rejects if a thread could not start: its tasks would never end. */
  readonly #failed: Promise<never>;

  /** @param aThread workers that share a thread, at most */
  constructor(entry: WorkerEntry, workers: number, aThread = 1) {
    const threads = Math.ceil(workers / aThread);
    this.#piscina = new Piscina({
      filename: fileURLToPath(ENTRIES[entry]),
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: aThread,
      // Threads live as long as the run: an idle one is waiting for a restart of its task.
      idleTimeout: Number.POSITIVE_INFINITY,
      ...threadOptions(YOUNG_MB),
      // The default blocks an idle thread, which then receives no messages.
      atomics: 'disabled',
    });
    this.#failed = new Promise((_, reject) => {
      this.#piscina.on('error', reject);
    });
    this.#failed.catch(() => undefined);
  }

  run(task: Task, transferList: MessagePort[] = []): Promise<Result> {
    return Promise.race([this.#piscina.run(task, { transferList }), this.#failed]);
  }

  get threads(): readonly Worker[] {
    return this.#piscina.threads;
  }

  /** Terminates the threads, without cleaning up. Their tasks must have ended. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}
