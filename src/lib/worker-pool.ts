import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';

/** The worker files, as they lie beside the compiled program. */
const ENTRIES = {
  producer: new URL('../../workers/producer.js', import.meta.url),
  seeder: new URL('../../workers/seeder.js', import.meta.url),
} as const;

/**
 * Megabytes of short-lived objects that a thread gathers before it sweeps them. A batch leaves tens of
 * kilobytes behind; the default of dozens of megabytes a thread would be most of the program's memory.
 */
const YOUNG_MB = 8;

/**
 * Worker threads for long tasks, one a thread: the only place that knows Piscina. A thread that dies
 * rejects its task's promise and is replaced.
 */
export class WorkerPool<Task, Result> {
  readonly #piscina: Piscina;
  /** Rejects when a thread could not even begin: no task of it would ever end. */
  readonly #failed: Promise<never>;

  constructor(entry: keyof typeof ENTRIES, workers: number) {
    this.#piscina = new Piscina({
      filename: ENTRIES[entry].href,
      minThreads: workers,
      maxThreads: workers,
      // Threads live as long as the run; one that idles is waiting for a restart.
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      // The default blocks a thread between tasks, and with it the messages of its ports.
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

  /** Ends the threads. Their tasks must be over: a thread ends without a chance to clean up. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}
