import { initDb } from '../../database/scripts.js';
import { EXIT } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { restore } from '../../seed/indexes.js';
import type { Command, CommandContext } from './context.js';
import { withServer } from './with-server.js';

/** `init-db`: schema, indexes and lookups; safe to repeat. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    await prepareSchema(context, target);
    context.print({ json: { database: target.database, ready: true }, text: '' });
    return EXIT.done;
  });

/** Makes the schema, and restores the indexes and keys that a killed seed had removed. */
export async function prepareSchema(
  { settings, schema, log, messages, interrupted }: CommandContext,
  target: ConnectionTarget,
): Promise<void> {
  const out = log.component('init-db');
  await unlessAborted(interrupted, async () => {
    // First, since the schema's script would recreate only some of them.
    if (await restore(target, settings.seed.workers, schema.tables))
      out.info(messages.seed.restored());
    await withConnection(target, (client) => initDb(client, target, schema));
  });
  out.info(messages.server.schemaReady({ database: target.database }));
}
