import { openEmbedded } from '../postgres/embedded.js';
import type { EmbeddedEvent } from '../postgres/embedded-events.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { CommandContext } from './context.js';

/** What goes by itself each time; the rest of the events an operator wants to know of. */
const ROUTINE: readonly EmbeddedEvent['kind'][] = ['started', 'joined', 'left', 'stopped'];

/**
 * Runs `body` against the operator's server, or against the embedded one: found down it is started,
 * and stopped again at the end unless another command still uses it.
 */
export async function withServer<T>(
  context: CommandContext,
  body: (target: ConnectionTarget) => Promise<T>,
): Promise<T> {
  const { settings, messages } = context;
  if (settings.server !== null) return body(settings.server);
  const log = context.log.component('db');
  const server = await openEmbedded({ ...settings.embedded, db: settings.db }, (event) => {
    const message = messages.db.embedded(event);
    if (ROUTINE.includes(event.kind)) log.debug(message);
    else log.info(message);
  });
  try {
    return await body(server.target);
  } finally {
    await server.release();
  }
}
