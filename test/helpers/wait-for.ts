import { monotonicMs, sleep } from '../../src/lib/clock.js';

const POLL_MS = 20;
/** Generous: it is only ever waited out by a test that fails. */
const DEADLINE_MS = 60_000;

/**
 * Waits until `condition` gives something other than false, null or undefined, and returns it. Fails
 * after `deadline` milliseconds, naming `what` was awaited.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { readonly deadline?: number; readonly what?: string } = {},
): Promise<NonNullable<T>> {
  const end = monotonicMs() + (options.deadline ?? DEADLINE_MS);
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value;
    if (monotonicMs() > end) throw new Error(`waited in vain for ${options.what ?? condition}`);
    await sleep(POLL_MS);
  }
}
