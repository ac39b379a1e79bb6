import type { Client } from 'pg';
import { hasLeftovers, undoLeftovers } from '../../database/hazard-leftovers.js';
import { dropQuiet, isQuietLeft } from '../../database/hazards.js';
import { initDb } from '../../database/scripts.js';
import { EXIT } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { readTableOids } from '../../postgres/table-oids.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { Schema } from '../../schema/schema.js';
import type { TableName } from '../../schema/table.js';
import { restore } from '../../seed/indexes.js';
import { lockTables } from '../../seed/locks.js';
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
    const undone = await withConnection(target, async (client) => {
      await initDb(client, target, schema);
      return undoHazards(client, schema);
    });
    if (undone.length > 0) out.info(messages.db.hazardsUndone({ tables: undone }));
  });
  out.info(messages.server.schemaReady({ database: target.database }));
}

/** Undoes what hazards of a killed run left, and returns the tables. A stream that is under way undoes its own changes. */
async function undoHazards(client: Client, schema: Schema): Promise<TableName[]> {
  const quiet = await isQuietLeft(client);
  if (!quiet && !(await hasLeftovers(client, schema))) return [];
  // Until the session ends.
  if (!(await lockTables(client, await readTableOids(client, schema.tables)))) return [];
  if (quiet) await dropQuiet(client);
  return undoLeftovers(client, schema);
}
