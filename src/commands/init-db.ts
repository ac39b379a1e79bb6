import { EXIT } from '../errors.js';
import { withConnection } from '../postgres/connect.js';
import { initDb } from '../postgres/scripts.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { unlessAborted } from '../signals.js';
import type { Command, CommandContext } from './context.js';
import { withServer } from './with-server.js';

/** `init-db`: schema, indexes and lookups; safe to repeat. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    await prepareSchema(context, target);
    context.print({ json: { database: target.database, ready: true }, text: '' });
    return EXIT.done;
  });

/** Makes the schema and says so. */
export async function prepareSchema(
  { log, messages, interrupted }: CommandContext,
  target: ConnectionTarget,
): Promise<void> {
  await unlessAborted(interrupted, () => withConnection(target, initDb));
  log.component('init-db').info(messages.server.schemaReady({ database: target.database }));
}
