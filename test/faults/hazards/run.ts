import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { initDb } from '../../../src/database/scripts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { Client } from '../../../src/postgres/driver.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { currentWalLsn } from '../../../src/sources/slot/wal-position.js';
import { runCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import type { TestServer } from '../../helpers/server.js';
import { envOf } from '../../helpers/test-target.js';
import { type Column, lsnOf, SESSION } from '../hard-rows/consumer.js';
import type { RelationColumn } from '../hard-rows/pgoutput.js';
import { type Columns, type Event, eventsOf, type RawMessage } from './reader.js';

const DATABASE = 'hazards';
const EXTENSIONS = ['prontuario'];
export const SCHEMA = schemaWith(EXTENSIONS);

/** Rows that a snapshot has of a table. */
const SNAPSHOT_ROWS = 100;

/** The publication that a table leaves and comes back to. */
const LISTED = 'listed';
const WHOLE = 'whole';

/** Often enough that a short run has each several times. */
const HAZARDS = [
  ...['rollback=8%', 'savepoints=25%', 'hot-keys=30%', 'same-row=15%', 'out-of-order=10%'],
  ...['copy=8%', 'unchanged-toast=20%', 'two-phase=20%', 'message=15%', 'key-change=300ms'],
  ...['huge=1500/3s', 'long=1s/3s', 'truncate=700ms', 'quiet=300ms/4s', 'ddl=300ms'],
  `publication=${LISTED}/900ms`,
].join();
const LOAD = [
  ...['stream', '--batch-size', '8', '--rate', '250', '--hazard', HAZARDS],
  ...['--update-ratio', '0.3', '--delete-ratio', '0.05', '--workers', '4'],
];

/** A way of reading the run's slot. */
export interface Way {
  readonly name: string;
  readonly publication: string;
  /** Options of pgoutput: names and values. */
  readonly options: readonly string[];
  /** Settings of the session that reads. */
  readonly settings: readonly string[];
  readonly twoPhase: boolean;
  /** With the message's key beside the event. */
  readonly isKeyed: boolean;
}

const PLAIN = {
  ...{ publication: WHOLE, options: ['proto_version', '1'], settings: [] },
  ...{ twoPhase: false, isKeyed: false },
};
/** The least: a transaction of some hundred rows is streamed. */
const STREAMING = ['SET logical_decoding_work_mem = 64'];

/** The ways that a server has. */
function waysOf(version: number): readonly Way[] {
  const ways: Way[] = [
    { ...PLAIN, name: 'plain' },
    { ...PLAIN, name: 'listed', publication: LISTED, isKeyed: true },
    {
      ...{ ...PLAIN, name: 'streamed', settings: STREAMING },
      options: ['proto_version', '2', 'streaming', 'on'],
    },
  ];
  if (version < 18) return ways;
  ways.push({
    ...{ ...PLAIN, name: 'two-phase', settings: STREAMING, twoPhase: true },
    options: ['proto_version', '3', 'streaming', 'on', 'two_phase', 'on'],
  });
  ways.push({
    ...{ ...PLAIN, name: 'streamed at once' },
    options: ['proto_version', '2', 'streaming', 'on'],
    settings: ["SET debug_logical_replication_streaming = 'immediate'"],
  });
  return ways;
}

/** A row as a snapshot has it: each column, and its value as PostgreSQL prints it. */
export interface SnapshotRow {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Pick<Column, 'name' | 'type'>[];
  readonly values: readonly (string | null)[];
}

/** A run with all hazards, and what slots delivered of it. */
export interface HazardRun {
  /** Rows from before the run, some of each table, and an LSN from then. */
  readonly snapshot: { readonly lsn: bigint; readonly rows: readonly SnapshotRow[] };
  readonly target: ConnectionTarget;
  readonly ledger: string;
  readonly recordings: readonly { readonly way: Way; readonly events: readonly Event[] }[];
}

/** Carries out a run with the extension in a new database, and reads it in each way. */
export async function carryOut(
  server: TestServer,
  folder: string,
  seconds: number,
): Promise<HazardRun> {
  const cwd = join(folder, String(server.version));
  await mkdir(cwd);
  await server.query(`CREATE DATABASE ${DATABASE} TEMPLATE ${TEMPLATE_DATABASE}`);
  const target = server.target(DATABASE);
  const env = { ...envOf(target), SCHEMA_EXTENSIONS: EXTENSIONS.join() };
  const execute = async (...args: string[]) => {
    const { code, stderr } = await runCli(args, { cwd, env });
    assert.equal(code, 0, stderr);
  };
  await withConnection(target, (client) => initDb(client, target, SCHEMA));
  await execute('seed', '--scale', '0.1');
  const ways = waysOf(server.version);
  await withConnection(target, async (client) => {
    const tables = [...SCHEMA.tables].map(({ name }) => name);
    await client.query(`CREATE PUBLICATION ${WHOLE} FOR ALL TABLES`);
    await client.query(
      `CREATE PUBLICATION ${LISTED} FOR TABLE ${tables.join(', ')}
         WITH (publish_via_partition_root)`,
    );
    for (const way of ways) {
      const create = way.twoPhase ? ', false, true' : '';
      await client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput'${create})`, [
        slotOf(way),
      ]);
    }
  });
  const snapshot = await withConnection(target, readSnapshot);
  await execute(...LOAD, '--duration', `${seconds}s`);
  const runs = join(cwd, 'logs', 'runs');
  const [run = ''] = readdirSync(runs);
  const recordings = [];
  for (const way of ways) recordings.push({ way, events: await readSlot(target, way) });
  return { target, ledger: join(runs, run, 'ledger'), recordings, snapshot };
}

async function readSnapshot(client: Client): Promise<HazardRun['snapshot']> {
  await client.query(SESSION);
  const rows: SnapshotRow[] = [];
  for (const table of SCHEMA.tables) {
    const { rows: columns } = await client.query<{ name: string; type: string }>(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type
         FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table.name],
    );
    const texts = columns.map(({ name }) => `"${name}"::text`);
    const { rows: found } = await client.query<(string | null)[]>({
      text: `SELECT ${texts.join()} FROM ${table.name} LIMIT ${SNAPSHOT_ROWS}`,
      rowMode: 'array',
    });
    const place = { schema: table.schema ?? 'public', table: table.relation };
    rows.push(...found.map((values) => ({ ...place, columns, values })));
  }
  return { lsn: BigInt(await currentWalLsn(client)), rows };
}

function slotOf({ name }: Way): string {
  return name.replace(/\W/g, '_');
}

async function readSlot(target: ConnectionTarget, way: Way): Promise<Event[]> {
  return withConnection(target, async (client) => {
    await client.query([SESSION, ...way.settings].join('; '));
    const options = ['publication_names', way.publication, 'messages', 'true', ...way.options];
    const { rows } = await client.query<{ lsn: string; data: Buffer }>(
      'SELECT lsn::text, data FROM pg_logical_slot_get_binary_changes($1, NULL, NULL, VARIADIC $2)',
      [slotOf(way), options],
    );
    const messages = rows.map(({ lsn, data }): RawMessage => ({ lsn: lsnOf(lsn), data }));
    const { rows: types } = await client.query<{ name: string; oid: string }>(
      'SELECT oid::text, format_type(oid, NULL) AS name FROM pg_type',
    );
    const names = new Map(types.map(({ oid, name }) => [Number(oid), name]));
    const { rows: columns } = await client.query<Pick<Column, 'notNull'> & { place: string }>(
      `SELECT attrelid::int || ' ' || attname AS place, attnotnull AS "notNull"
         FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped`,
    );
    const notNull = new Map(columns.map(({ place, notNull }) => [place, notNull]));
    const catalog: Columns = {
      typeOf: (column) => typeOf(column, names),
      isNotNull: ({ oid }, column) => notNull.get(`${oid} ${column}`) ?? false,
    };
    return eventsOf(messages, catalog);
  });
}

/** The modifier of `numeric(precision, scale)`: both in one number, after the size of a header. */
const HEADER = 4;

/** As `format_type` prints it, as far as values depend on it: only a numeric's scale does. */
function typeOf({ type, modifier }: RelationColumn, names: ReadonlyMap<number, string>): string {
  const name = names.get(type);
  if (name === undefined) throw new Error(`no type ${type}`);
  if (name !== 'numeric' || modifier < 0) return name;
  const packed = modifier - HEADER;
  return `numeric(${packed >> 16},${packed & 0x7ff})`;
}
