import { fileURLToPath } from 'node:url';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { sleep } from './clock.js';

/** The workers, each bundled into one file. */
const ENTRIES = {
  hazard: new URL('../../workers/hazard.cjs', import.meta.url),
  producer: new URL('../../workers/producer.cjs', import.meta.url),
  seeder: new URL('../../workers/seeder.cjs', import.meta.url),
} as const;
/** Runs one of them in a thread. */
const BOOT = new URL('../../workers/boot.cjs', import.meta.url);

export type WorkerEntry = keyof typeof ENTRIES;

/** The bundle of a pool's threads. */
export interface Bundle {
  readonly file: string;
  /** Code that V8 compiled of it in another thread; null: there is none yet. */
  readonly code: Uint8Array | null;
}

/** The message of a thread that shares its compiled code. */
export interface CompiledCode {
  readonly code: Uint8Array;
}

/**
 * V8's young generation of a thread, in megabytes. A batch leaves tens of kilobytes of garbage; the default of dozens
 * of megabytes a thread would be most of the program's memory.
 */
const YOUNG_MB = 8;
/** The same in a large pool: collecting more often costs little, and saves 4 MB a thread. */
const YOUNG_OF_MANY_MB = 2;
/**
 * In a pool of more threads, the first one starts alone, and the others take over its compiled code: that saves each of
 * them 30 ms. Fewer threads are sooner ready if they start together.
 */
const TOGETHER = 8;
/** The others wait no longer for it, in milliseconds: the server may keep the first thread waiting. */
const PATIENCE_MS = 500;

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
  /** Resolves when the compiled code is there. */
  readonly #compiled: Promise<unknown>;
  /** Resolves when threads may start; null: none has been asked for yet. */
  #others: Promise<unknown> | null;

  constructor(entry: WorkerEntry, workers: number) {
    const bundle: { file: string; code: Uint8Array | null } = {
      file: fileURLToPath(ENTRIES[entry]),
      code: null,
    };
    const together = workers <= TOGETHER;
    this.#others = together ? Promise.resolve() : null;
    this.#piscina = new Piscina({
      filename: fileURLToPath(BOOT),
      minThreads: together ? workers : 1,
      maxThreads: workers,
      // Each thread gets its members as they are when it starts.
      workerData: bundle,
      // Threads live as long as the run: an idle one is waiting for a restart of its task.
      idleTimeout: Number.POSITIVE_INFINITY,
      execArgv: process.execArgv.filter((flag) => KEPT_FLAGS.includes(flag)),
      resourceLimits: { maxYoungGenerationSizeMb: together ? YOUNG_MB : YOUNG_OF_MANY_MB },
      // The default blocks an idle thread, which then receives no messages.
      atomics: 'disabled',
    });
    this.#failed = new Promise((_, reject) => {
      this.#piscina.on('error', reject);
    });
    this.#failed.catch(() => undefined);
    this.#compiled = new Promise((resolve) => {
      this.#piscina.once('message', ({ code }: CompiledCode) => {
        bundle.code = new Uint8Array(new SharedArrayBuffer(code.length));
        bundle.code.set(code);
        resolve(null);
      });
    });
  }

  async run(task: Task, transferList: MessagePort[] = []): Promise<Result> {
    if (this.#others === null) {
      const result = this.#start(task, transferList);
      const ended = result.catch(() => undefined);
      this.#others = Promise.race([this.#compiled, sleep(PATIENCE_MS), ended]);
      return result;
    }
    await this.#others;
    return this.#start(task, transferList);
  }

  #start(task: Task, transferList: MessagePort[]): Promise<Result> {
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
