import { monotonicMs } from '../../../src/lib/clock.js';
import { SAME_SIGNAL_MS } from '../../../src/lib/signals.js';
import type { RunningCli } from '../../helpers/cli.js';
import { waitFor } from '../../helpers/wait-for.js';

/** Sends SIGINT, and after the program has responded another one, late enough to count as a second request. */
export async function insist(running: RunningCli): Promise<void> {
  running.child.kill('SIGINT');
  await running.until(/stop requested/);
  const heeded = monotonicMs();
  // Two signals within that time count as one.
  await waitFor(() => monotonicMs() - heeded > SAME_SIGNAL_MS);
  running.child.kill('SIGINT');
}
