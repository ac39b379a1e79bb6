import type { Client } from 'pg';
import { dropAll, existingTables } from '../../database/drop.js';
import { dropQuiet, isQuietLeft } from '../../database/hazards.js';
import { requireWritable } from '../../database/scripts.js';
import { EXIT, OperatorError } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { Schema } from '../../schema/schema.js';
import { EXTENSION_NAMES, schemaWith } from '../../schemas/index.js';
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
        await requireWritable(client, target, context.schema);
        await requireDroppable(client, target);
        await requireAsked(client, context.schema);
        // A running seed would lose its tables.
        await lockSeed(client);
        const tables = await listTables(client, context.schema);
        await requireConsent(context, tables, target);
        context.interrupted.throwIfAborted();
        // After the question, which may wait for long.
        await requireNoStream(client, context.schema.tables);
        dropping = true;
        const elsewhere = tables.filter(({ is_public }) => !is_public);
        await dropAll(
          client,
          context.schema,
          elsewhere.map(({ name }) => name),
        );
        await forget(client);
        if (await isQuietLeft(client)) await dropQuiet(client);
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

/** Refuses to drop the tables that those of an extension reference, and to leave that one half. */
async function requireAsked(client: Client, { extensions, tables }: Schema): Promise<void> {
  for (const extension of EXTENSION_NAMES.filter((name) => !extensions.includes(name))) {
    const others = schemaWith([extension]).tables.filter(({ name }) => !tables.has(name));
    const found = await existingTables(client, others);
    if (found.length === 0) continue;
    const names = found.join(', ');
    throw new OperatorError(EXIT.state, (m) => m.reset.extension({ tables: names, extension }));
  }
}

/** Returns when the tables may be dropped; throws the reason when they may not. */
async function requireConsent(
  context: CommandContext,
  tables: readonly Dropped[],
  target: ConnectionTarget,
): Promise<void> {
  const { schema, messages: m, log } = context;
  const out = log.component('reset');
  if (tables.length === 0) {
    out.info(m.reset.nothing());
    return;
  }
  const names = tables.map(({ name }) => name);
  out.info(m.reset.list({ tables: names.join(', '), schema: schemasOf(schema).join(', ') }));
  const foreign = names.filter((name) => !schema.tables.has(name));
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

/** A table that would be dropped, with its partitions. */
interface Dropped {
  /** As SQL writes it. */
  readonly name: string;
  /** Its schema is the one that sql/99_drop_all.sql empties. */
  readonly is_public: boolean;
  /** The server's estimate. */
  readonly rows: number;
}

async function listTables(client: Client, schema: Schema): Promise<Dropped[]> {
  const partitioned = schema.tables.filter((table) => table.partitioned).map(({ name }) => name);
  const { rows } = await client.query<Dropped>(
    `SELECT CASE WHEN t.relnamespace = $1::regnamespace THEN t.relname::text
                 ELSE format('%I.%I', n.nspname, t.relname) END AS name,
            t.relnamespace = $1::regnamespace AS is_public,
            sum(CASE c.relkind WHEN 'r'
              THEN greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0) ELSE 0 END)::float8 AS rows
       FROM pg_class c
       JOIN pg_class t ON t.oid = CASE WHEN pg_partition_root(c.oid)::oid = ANY (
              SELECT to_regclass(name)::oid FROM unnest($3::text[]) AS p (name))
            THEN pg_partition_root(c.oid)::oid ELSE c.oid END
       JOIN pg_namespace n ON n.oid = t.relnamespace
      WHERE n.nspname = ANY ($2::text[]) AND c.relkind IN ('r', 'p')
      GROUP BY t.oid, t.relname, t.relnamespace, n.nspname ORDER BY is_public DESC, t.relname`,
    [DROPPED_SCHEMA, schemasOf(schema), partitioned],
  );
  return rows;
}

function schemasOf({ schemas }: Schema): readonly string[] {
  return [DROPPED_SCHEMA, ...schemas];
}
