import { createInterface } from 'node:readline/promises';
import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { TABLE_NAMES } from '../hospital/tables.js';
import { withConnection } from '../postgres/connect.js';
import { requireWritable, runScript } from '../postgres/scripts.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Command, CommandContext } from './context.js';
import { prepareSchema } from './init-db.js';
import { printSeed, seedTables } from './seed.js';
import { withServer } from './with-server.js';

/** The schema that sql/99_drop_all.sql empties. */
const DROPPED_SCHEMA = 'public';

/** `reset`: drop, schema, indexes, lookups, seed; says first what it would drop, and asks. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    await withConnection(target, async (client) => {
      await requireWritable(client);
      await confirm(context, client, target);
      await runScript(client, '99_drop_all.sql');
    });
    await prepareSchema(context, target);
    const { exitCode, outcome } = await seedTables(context, target);
    printSeed(context, outcome);
    return exitCode;
  });

/** Returns when the tables may be dropped; throws the reason when they may not. */
async function confirm(
  context: CommandContext,
  client: Client,
  target: ConnectionTarget,
): Promise<void> {
  const { messages: m, log } = context;
  const out = log.component('reset');
  const { rows } = await client.query<{ name: string; rows: number }>(
    `SELECT relname AS name, greatest(reltuples, 0)::float8 AS rows
       FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') ORDER BY relname`,
    [DROPPED_SCHEMA],
  );
  if (rows.length === 0) {
    out.info(m.reset.nothing());
    return;
  }
  const own = new Set<string>(TABLE_NAMES);
  const names = rows.map(({ name }) => name);
  out.info(m.reset.list({ tables: names.join(', '), schema: DROPPED_SCHEMA }));
  const foreign = names.filter((name) => !own.has(name));
  if (foreign.length > 0 && !context.dropForeignTables) {
    throw new OperatorError(EXIT.state, (msg) => msg.reset.foreign({ tables: foreign.join(', ') }));
  }
  if (context.yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new OperatorError(EXIT.state, (msg) => msg.reset.noTerminal());
  }
  const total = Math.round(rows.reduce((sum, table) => sum + table.rows, 0));
  const question = m.reset.ask({ database: target.database, host: target.host, rows: total });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(question);
    if (!m.reset.yes().test(answer.trim())) {
      throw new OperatorError(EXIT.state, (msg) => msg.reset.refused());
    }
  } finally {
    terminal.close();
  }
}
