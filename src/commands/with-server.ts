import { openEmbedded } from '../postgres/embedded.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { CommandContext } from './context.js';

/**
 * Runs `body` against the operator's server, or against the embedded one: found down it is started,
 * and stopped again at the end unless another command still uses it.
 */
export async function withServer<T>(
  context: CommandContext,
  body: (target: ConnectionTarget) => Promise<T>,
): Promise<T> {
  const { settings, log, messages } = context;
  if (settings.server !== null) return body(settings.server);
  const server = await openEmbedded({ ...settings.embedded, db: settings.db }, (event) =>
    log.component('db').info(JSON.stringify(event)),
  );
  try {
    return await body(server.target);
  } finally {
    await server.release();
  }
}
