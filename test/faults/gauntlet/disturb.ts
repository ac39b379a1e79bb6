import { monotonicMs } from '../../../src/lib/clock.js';
import { Rng } from '../../../src/random/rng.js';
import type { TestServer } from '../../helpers/server.js';
import { summaryOf } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run as runCommand, type Workspace } from '../../helpers/workspace.js';
import type { DisturbedRun } from './disturbed-run.js';

/** From this length on a run has half of the measured capacity; a shorter one has a rate that every machine takes. */
export const MEASURED_SECONDS = 60;
/** Of the run that measures the capacity. */
const CAPACITY_SECONDS = 5;
/** The server is stopped after these parts of the run. */
const STOPS = [1 / 3, 2 / 3];

/** Half of the events per second that the server takes. `load`: options of `stream`, without a rate. */
export async function halfOfCapacity(
  workspace: Workspace,
  load: readonly string[],
): Promise<number> {
  const args = [...load, '--rate', 'max', '--duration', `${CAPACITY_SECONDS}s`];
  const { achieved_rate } = summaryOf(await runCommand(workspace, ['stream', '--json', ...args]));
  return Math.round(achieved_rate / 2);
}

interface Disturbance {
  readonly seconds: number;
  /** Between the ends of two threads. */
  readonly threadLivesSeconds: number;
  /** Decides which threads end. */
  readonly seed: number;
  /** Run when the time is over: waits for the last that the test needs. */
  readonly last: () => Promise<void>;
}

/** Lets a run go on so long, and meanwhile ends a thread every few seconds, and stops the server twice. */
export async function disturb(
  run: DisturbedRun,
  server: TestServer,
  { seconds, threadLivesSeconds, seed, last }: Disturbance,
): Promise<void> {
  const rng = new Rng(seed).at(1, 1);
  const began = monotonicMs();
  const threads = Math.ceil(seconds / threadLivesSeconds) - 1;
  const acts = [
    ...Array.from({ length: threads }, (_, i) => ({
      at: (i + 1) * threadLivesSeconds,
      act: async () => run.endThread(rng.unit()),
    })),
    ...STOPS.map((part) => ({ at: part * seconds, act: () => restart(server) })),
    { at: seconds, act: last },
  ].sort((a, b) => a.at - b.at);
  for (const { at, act } of acts) {
    const isTime = () => monotonicMs() - began >= at * 1000;
    await waitFor(isTime, { deadline: seconds * 1000 });
    await act();
  }
}

/** Stops the server as a crash would, and starts it again. Orphaned backends keep its memory for a moment. */
async function restart(server: TestServer): Promise<void> {
  await server.stop('immediate');
  await waitFor(() =>
    server.start().then(
      () => true,
      () => false,
    ),
  );
}
