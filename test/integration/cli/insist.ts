import { monotonicMs } from '../../../src/lib/clock.js';
import { SAME_WISH_MS } from '../../../src/lib/signals.js';
import type { RunningCli } from '../../helpers/cli.js';
import { waitFor } from '../../helpers/wait-for.js';

/** Sends SIGINT, and once it is heeded another one, late enough to count as a second wish. */
export async function insist(running: RunningCli): Promise<void> {
  running.child.kill('SIGINT');
  await running.until(/stop requested/);
  const heeded = monotonicMs();
  // Two signals within that time count as one.
  await waitFor(() => monotonicMs() - heeded > SAME_WISH_MS);
  running.child.kill('SIGINT');
}
