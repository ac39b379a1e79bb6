/*
 * Loaded before the program by `--import`, in every thread: makes the host's clock jump, and lets the parent process
 * end a worker thread, which nothing outside the process can. `GAUNTLET_SEED`: the seed of the jumps.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { type Worker as RealWorker, threadId } from 'node:worker_threads';
import { randomNumbers } from '../../helpers/random.js';

/** The clock is at most half of this off, and jumps after so many calls. */
const SKEW_MS = 3 * 3_600_000;
const SPELL_CALLS = 500;

const random = randomNumbers(Number(process.env.GAUNTLET_SEED) + threadId);
let skew = 0;
let calls = 0;
const trueNow = Date.now;
Date.now = () => {
  if (calls++ % SPELL_CALLS === 0) skew = Math.round((random() - 0.5) * SKEW_MS);
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
  process.on('message', (draw: number) => {
    void alive[Math.floor(draw * alive.length)]?.terminate();
  });
  process.channel?.unref();
}
