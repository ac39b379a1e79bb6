/*
 * Loaded before the program by `--import`, in every thread: makes the host's clock one that nobody can
 * trust, and lets the parent process end a worker thread, which nothing outside the process can.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Worker as RealWorker } from 'node:worker_threads';

/** How far the clock may be off, and how long it stays so. */
const SKEW_MS = 3 * 3_600_000;
const SPELL_CALLS = 500;

let skew = 0;
let calls = 0;
const trueNow = Date.now;
Date.now = () => {
  if (calls++ % SPELL_CALLS === 0) skew = Math.round((Math.random() - 0.5) * SKEW_MS);
  return trueNow() + skew;
};

const threads = createRequire(import.meta.url)('node:worker_threads') as {
  Worker: typeof RealWorker;
  isMainThread: boolean;
};
if (threads.isMainThread) {
  const alive: RealWorker[] = [];
  threads.Worker = class extends threads.Worker {
    constructor(...args: ConstructorParameters<typeof RealWorker>) {
      super(...args);
      alive.push(this);
      this.once('exit', () => alive.splice(alive.indexOf(this), 1));
    }
  };
  syncBuiltinESMExports();
  process.on('message', () => {
    void alive[Math.floor(Math.random() * alive.length)]?.terminate();
  });
  process.channel?.unref();
}
