import { schemaWith } from '../../schemas/index.js'; // seam
import type { Client } from 'pg';
import { requireWritable, runScript } from '../../database/scripts.js';
import { EXIT, OperatorError } from '../../errors.js';
import { TABLE_NAMES } from '../../legacy/tables.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { forget } from '../../seed/indexes.js';
import { lockSeed, requireNoStream } from '../../seed/locks.js';
import { confirm } from '../ask.js';
import type { Command, CommandContext } from './context.js';
import { prepareSchema } from './init-db.js';
import { printSeed, seedTables } from './seed.js';
import { withServer } from './with-server.js';

/** The schema that sql/99_drop_all.sql empties. */
const DROPPED_SCHEMA = 'public';

/** `reset`: drop, schema, indexes, lookups, seed; lists first the tables that it would drop, and asks. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    let dropping = false;
    await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireWritable(client, target, schemaWith([]));
        await requireDroppable(client, target);
        // A running seed would lose its tables.
        await lockSeed(client);
        await requireConsent(context, client, target);
        context.interrupted.throwIfAborted();
        // After the question, which may wait for long.
        await requireNoStream(client, schemaWith([]).tables);
        dropping = true;
        await runScript(client, '99_drop_all.sql');
        await forget(client);
      }),
    ).catch((error: unknown) => {
      if (dropping || error !== context.interrupted.reason) throw error;
      throw new OperatorError(EXIT.forced, (m) => m.reset.refused());
    });
    await prepareSchema(context, target);
    const { exitCode, outcome } = await seedTables(context, target);
    printSeed(context, outcome);
    return exitCode;
  });

/** Refuses a search_path that would create the new tables in another schema than the dropped ones. */
async function requireDroppable(client: Client, { searchPath }: ConnectionTarget): Promise<void> {
  const { rows } = await client.query<{ schema: string | null }>(
    'SELECT current_schema() AS schema',
  );
  if (rows[0]?.schema === DROPPED_SCHEMA) return;
  throw new OperatorError(EXIT.state, (m) => m.reset.schema({ searchPath }));
}

/** Returns when the tables may be dropped; throws the reason when they may not. */
async function requireConsent(
  context: CommandContext,
  client: Client,
  target: ConnectionTarget,
): Promise<void> {
  const { messages: m, log } = context;
  const out = log.component('reset');
  const tables = await listTables(client);
  if (tables.length === 0) {
    out.info(m.reset.nothing());
    return;
  }
  const own = new Set<string>(TABLE_NAMES);
  const names = tables.map(({ name }) => name);
  out.info(m.reset.list({ tables: names.join(', '), schema: DROPPED_SCHEMA }));
  const foreign = names.filter((name) => !own.has(name));
  if (foreign.length > 0 && !context.dropForeignTables) {
    throw new OperatorError(EXIT.state, (msg) => msg.reset.foreign({ tables: foreign.join(', ') }));
  }
  if (context.yes) return;
  const rows = Math.round(tables.reduce((sum, table) => sum + table.rows, 0));
  const { database, host } = target;
  await confirm(m.reset.ask({ database, host, rows }), context, {
    noTerminal: (msg) => msg.reset.noTerminal(),
    refused: (msg) => msg.reset.refused(),
  });
}

/** The tables that would be dropped, with the server's estimate of their rows. */
async function listTables(client: Client): Promise<{ name: string; rows: number }[]> {
  const { rows } = await client.query<{ name: string; rows: number }>(
    `SELECT relname AS name,
            CASE relkind WHEN 'r'
              THEN greatest(reltuples, pg_stat_get_live_tuples(oid), 0) ELSE 0 END::float8 AS rows
       FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') ORDER BY relname`,
    [DROPPED_SCHEMA],
  );
  return rows;
}
