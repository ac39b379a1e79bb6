import type { Client } from 'pg';
import { dropAll, existingTables } from '../../database/drop.js';
import { requireWritable } from '../../database/scripts.js';
import { EXIT, OperatorError } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { Schema } from '../../schema/schema.js';
import type { Tables } from '../../schema/tables.js';
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
        await requireWritable(client, target, schemaWith([]));
        await requireDroppable(client, target);
        await requireNoOtherExtension(client, schemaWith([]));
        // A running seed would lose its tables.
        await lockSeed(client);
        await requireConsent(context, client, target);
        context.interrupted.throwIfAborted();
        // After the question, which may wait for long.
        await requireNoStream(client, schemaWith([]).tables);
        dropping = true;
        await dropAll(client, schemaWith([]));
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

/** Refuses to drop a part of an extension that is not asked for: some of its tables, or what its tables reference. */
async function requireNoOtherExtension(client: Client, asked: Schema): Promise<void> {
  const others = EXTENSION_NAMES.filter((name) => !asked.extensions.includes(name));
  for (const extension of others) {
    const own = schemaWith([extension]).tables.filter(({ name }) => !asked.tables.has(name));
    const tables = await existingTables(client, own);
    if (tables.length === 0) continue;
    throw new OperatorError(EXIT.state, (m) =>
      m.reset.otherExtension({ tables: tables.join(', '), extension }),
    );
  }
}

/** Returns when the tables may be dropped; throws the reason when they may not. */
async function requireConsent(
  context: CommandContext,
  client: Client,
  target: ConnectionTarget,
): Promise<void> {
  const { messages: m, log } = context;
  const out = log.component('reset');
  const { tables: own } = schemaWith([]);
  const tables = await listTables(client, own);
  if (tables.length === 0) {
    out.info(m.reset.nothing());
    return;
  }
  const listed = tables.filter(({ part }) => !part);
  for (const schema of new Set(listed.map((table) => table.schema))) {
    const names = listed.filter((table) => table.schema === schema).map(({ name }) => name);
    out.info(m.reset.list({ tables: names.join(', '), schema }));
  }
  const known = new Set(own.map(({ relation }) => relation));
  const foreign = listed.filter(({ name }) => !known.has(name));
  if (foreign.length > 0 && !context.dropForeignTables) {
    throw new OperatorError(EXIT.state, (msg) =>
      msg.reset.foreign({ tables: foreign.map(({ name }) => name).join(', ') }),
    );
  }
  if (context.yes) return;
  const rows = Math.round(tables.reduce((sum, table) => sum + table.rows, 0));
  const { database, host } = target;
  await confirm(m.reset.ask({ database, host, rows }), context, {
    noTerminal: (msg) => msg.reset.noTerminal(),
    refused: (msg) => msg.reset.refused(),
  });
}

interface DroppedTable {
  readonly schema: string;
  readonly name: string;
  /** The server's estimate. */
  readonly rows: number;
  /** A partition of an own table. */
  readonly part: boolean;
}

/** The tables that would be dropped: those of the schema `public`, and the own ones of other schemas. */
async function listTables(client: Client, own: Tables): Promise<DroppedTable[]> {
  const partitioned = own.filter((table) => table.partitioned);
  const elsewhere = own.filter((table) => table.schema !== null);
  const { rows } = await client.query<DroppedTable>(
    `SELECT n.nspname AS schema, relname AS name,
            CASE relkind WHEN 'r'
              THEN greatest(reltuples, pg_stat_get_live_tuples(c.oid), 0) ELSE 0 END::float8 AS rows,
            c.oid IN (SELECT p.relid FROM unnest($2::text[]) AS t (name)
                       CROSS JOIN pg_partition_tree(to_regclass(t.name)) p WHERE p.level > 0) AS part
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE relkind IN ('r', 'p')
        AND (n.nspname = $1 OR c.oid IN (SELECT to_regclass(name) FROM unnest($3::text[]) AS t (name)))
      ORDER BY n.nspname <> $1, relname`,
    [DROPPED_SCHEMA, partitioned.map(({ name }) => name), elsewhere.map(({ name }) => name)],
  );
  return rows;
}
