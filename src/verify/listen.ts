import { machineMicros, monotonicMs, sleep } from '../lib/clock.js';
import { onAbort, unlessStuck } from '../lib/signals.js';
import type { Inbox } from './inbox.js';
import type { VerificationTask } from './task.js';
import type { Verifier } from './verify.js';

/** How often the end is looked for. */
const LOOK_MS = 25;
/** After the last expected event of a run that was under way: how long to listen for unexpected events. */
const LINGER_MS = 500;

/**
 * Runs the source until the run is over and all of its changes have arrived, or no more arrive. True: the source has
 * delivered everything up to the end of the WAL. Rejects with the source's failure.
 *
 * @param isRefused whether an input ended it
 */
export async function listen(
  task: VerificationTask,
  inbox: Inbox,
  verifier: Verifier,
  isRefused: () => boolean,
): Promise<boolean> {
  const { source, interrupted } = task;
  const wasUnderWay = task.isUnderWay();
  const { events } = verifier.results;
  const quiet = new QuietTime();
  let ended = false;
  let failure: { readonly error: unknown } | null = null;
  const running = source
    .run(inbox, task.scope)
    .catch((error: unknown) => {
      failure = { error };
    })
    .finally(() => {
      ended = true;
    });
  let over = false;
  let goal: number | null = null;
  let whole = false;
  try {
    while (!interrupted.aborted && !isRefused()) {
      if (!over && !task.isUnderWay()) {
        over = true;
        inbox.noteRunEnd(machineMicros() + task.offset.offset);
        quiet.restart();
        verifier.noteRunEnd();
        inbox.drain();
        goal = await walEnd(task);
      }
      const { delivered, replayed, unjudged, snapshot } = events;
      // Heartbeats, and changes that others commit after the run, go on for ever: they do not count.
      quiet.note(delivered + replayed + unjudged + snapshot + inbox.precedingEnd);
      // A thread may take long to start, which is no silence of the source.
      if (inbox.isStarting) quiet.restart();
      const { rows, waiting } = inbox;
      task.onProgress({ events: rows, delivered, waiting, runOver: over });
      if (ended && (over || failure !== null)) break;
      if (over && goal !== null) {
        whole = waiting === 0 && inbox.reached >= goal;
        if (whole) break;
      } else if (over) {
        if (quiet.ms >= task.quietMs) break;
        const lingered = !wasUnderWay || quiet.ms >= LINGER_MS;
        if (inbox.isIdle && lingered && !verifier.hasMore()) break;
      }
      await (ended ? sleep(LOOK_MS) : Promise.race([running, sleep(LOOK_MS)]));
    }
  } finally {
    source.stop();
    await unlessStuck(interrupted, running);
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  inbox.drain();
  return whole;
}

/** The LSN of the server's WAL end; null if the server cannot be asked, or the operator interrupts. */
async function walEnd({ serverPosition, interrupted }: VerificationTask): Promise<number | null> {
  if (serverPosition === null || interrupted.aborted) return null;
  const asking = serverPosition();
  asking.catch(() => undefined);
  await Promise.race([asking, new Promise<void>((resolve) => onAbort(interrupted, resolve))]);
  return interrupted.aborted ? null : asking;
}

/** Milliseconds since a count last changed, as far as `note` has seen it. */
class QuietTime {
  #count = 0;
  #changedAt = monotonicMs();
  ms = 0;

  restart(): void {
    this.#changedAt = monotonicMs();
    this.ms = 0;
  }

  note(count: number): void {
    const now = monotonicMs();
    if (count !== this.#count) this.#changedAt = now;
    this.#count = count;
    this.ms = now - this.#changedAt;
  }
}
