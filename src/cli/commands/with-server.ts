import type { EmbeddedEvent } from '../../embedded/events.js';
import { type EmbeddedServer, openEmbedded } from '../../embedded/server.js';
import { unlessAborted } from '../../lib/signals.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { CommandContext } from './context.js';
import { watchingWaits } from './watch-waits.js';

/** The embedded server, as far as a command tells of it: its data folder and its log. */
export type OwnServer = Pick<EmbeddedServer, 'dir' | 'log'>;

/** What goes by itself each time; the rest of the events an operator wants to know of. */
const ROUTINE: readonly EmbeddedEvent['kind'][] = ['started', 'joined', 'left', 'stopped'];

/**
 * Runs `body` against the operator's server, or against the embedded one: found down it is started,
 * and stopped again at the end, also a forced one, unless another command still uses it. Says what the work
 * waits for when it waits for long.
 *
 * @param body gets the embedded server besides; null: the server is the operator's
 */
export async function withServer<T>(
  context: CommandContext,
  body: (target: ConnectionTarget, own: OwnServer | null) => Promise<T>,
): Promise<T> {
  const { settings, messages, forced, interrupted } = context;
  const { server: named } = settings;
  const watched = (target: ConnectionTarget, own: OwnServer | null) =>
    unlessAborted(forced, () => watchingWaits(context, target, () => body(target, own)));
  if (named !== null) return watched(named, null);
  const log = context.log.component('db');
  const server = await openEmbedded({ ...settings.embedded, db: settings.db }, (event) => {
    const message = messages.db.embedded(event);
    if (ROUTINE.includes(event.kind)) log.debug(message);
    else log.info(message);
  });
  try {
    interrupted.throwIfAborted();
    return await watched(server.target, server);
  } finally {
    await server.release();
  }
}
