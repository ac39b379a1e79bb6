import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';

/** The compiled worker files. */
const ENTRIES = {
  hazard: new URL('../../workers/hazard.js', import.meta.url),
  producer: new URL('../../workers/producer.js', import.meta.url),
  seeder: new URL('../../workers/seeder.js', import.meta.url),
} as const;

export type WorkerEntry = keyof typeof ENTRIES;

/**
 * V8's young generation of a thread, in megabytes. A batch leaves tens of kilobytes of garbage; the default of dozens
 * of megabytes a thread would be most of the program's memory.
 */
const YOUNG_MB = 8;

/**
 * A thread imports its file. Piscina would `require` it first, which Node.js from 20.19 on does synchronously for ES
 * modules, and a thread that is ended meanwhile then ends the whole process (a fatal error in `IsGraphAsync`).
 */
const IMPORT_ONLY = '--no-experimental-require-module';
/** Flags of the process that threads keep; V8's own would be refused. */
const KEPT_FLAGS = ['--enable-source-maps'];

/**
 * Worker threads for long tasks, one task a thread. The only module that uses Piscina. If a thread dies, its task's
 * promise rejects, and a new thread replaces it.
 */
export class WorkerPool<Task, Result> {
  readonly #piscina: Piscina;
  /** Rejects if a thread could not start: its tasks would never end. */
  readonly #failed: Promise<never>;

  constructor(entry: WorkerEntry, workers: number) {
    this.#piscina = new Piscina({
      filename: ENTRIES[entry].href,
      minThreads: workers,
      maxThreads: workers,
      // Threads live as long as the run: an idle one is waiting for a restart of its task.
      idleTimeout: Number.POSITIVE_INFINITY,
      execArgv: [...process.execArgv.filter((flag) => KEPT_FLAGS.includes(flag)), IMPORT_ONLY],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
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
