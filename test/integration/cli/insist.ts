import { monotonicMs } from '../../../src/lib/clock.js';
import { SAME_SIGNAL_MS } from '../../../src/lib/signals.js';
import type { RunningCli } from '../../helpers/cli.js';
import { waitFor } from '../../helpers/wait-for.js';

/** Sends SIGINT, and once it is heeded another one, late enough to count as a second wish. */
export async function insist(running: RunningCli): Promise<void> {
  running.child.kill('SIGINT');
  await running.until(/parada pedida/);
  const heeded = monotonicMs();
  await waitFor(() => monotonicMs() - heeded > SAME_SIGNAL_MS);
  running.child.kill('SIGINT');
}
