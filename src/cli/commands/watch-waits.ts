import { monotonicMs } from '../../lib/clock.js';
import { SideConnection } from '../../postgres/side-connection.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { causeOf, findWaits, watcherName } from '../../postgres/waits.js';
import type { CommandContext } from './context.js';

/** Most commands are over before the first look, and need no connection for it. */
const LOOK_MS = 2_000;
/** A wait that goes on is logged again after this. */
const AGAIN_MS = 30_000;

/**
 * Runs `work`, and says in the log what its sessions wait for when that takes seconds: a synchronous standby
 * that is away, or somebody else's lock.
 */
export async function watchingWaits<T>(
  { log, messages, status }: Pick<CommandContext, 'log' | 'messages' | 'status'>,
  target: ConnectionTarget,
  work: () => Promise<T>,
): Promise<T> {
  const out = log.component('db');
  const applicationName = watcherName(target.applicationName);
  const connection = new SideConnection({ ...target, applicationName });
  const began = monotonicMs();
  const told = new Map<string, number>();
  const look = async () => {
    const waits = await connection.ask((client) =>
      findWaits(client, (monotonicMs() - began) / 1000),
    );
    for (const wait of waits ?? []) {
      const cause = causeOf(wait);
      if (monotonicMs() - (told.get(cause) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) continue;
      told.set(cause, monotonicMs());
      status.clear();
      out.warning(messages.db.waits(wait));
    }
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    connection.close();
  }
}
