import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import type { Client } from 'pg';
import { initDb } from '../../../../src/database/scripts.js';
import { IdCache } from '../../../../src/ids/cache.js';
import { loadIds } from '../../../../src/ids/load.js';
import { WorkerIds } from '../../../../src/ids/worker-ids.js';
import { sleep } from '../../../../src/lib/clock.js';
import { withConnection } from '../../../../src/postgres/connect.js';
import { describeFailure } from '../../../../src/postgres/failures.js';
import { lsnBytes } from '../../../../src/postgres/lsn.js';
import { readTableOids } from '../../../../src/postgres/table-oids.js';
import { Control } from '../../../../src/run/control.js';
import type { ProducerTask } from '../../../../src/run/protocol.js';
import { WorkerStats } from '../../../../src/run/worker-stats.js';
import { RowMaker } from '../../../../src/schema/row-maker.js';
import type { TableName } from '../../../../src/schema/table.js';
import { schemaWith } from '../../../../src/schemas/index.js';
import {
  decode,
  type PgOutputMessage,
  type RelationMessage,
  type Tuple,
  UNCHANGED,
} from '../../../../src/sources/slot/pgoutput.js';
import { BatchWriter } from '../../../../workers/batch.js';
import { BatchBuilder } from '../../../../workers/batch-builder.js';
import type { BatchOutcome } from '../../../../workers/batch-result.js';
import { HazardTransaction } from '../../../../workers/hazards/transaction.js';
import type { TimedPolicy, Turn } from '../../../../workers/hazards/turn.js';
import { type TestDatabase, withDatabase } from '../../../helpers/database.js';
import { randomNumbers } from '../../../helpers/random.js';
import type { TestServer } from '../../../helpers/server.js';

export const schema = schemaWith(['prontuario']);
export const { tables } = schema;

export const BATCH = 8;
const WRITERS = 2;
/** The event types of the extension: hazards change its tables. */
const TYPES = ['prontuario', 'sinal_vital', 'prescricao', 'auditoria', 'item_conta'];
/** Rows that others may reference, of each parent. */
const PARENTS = 20;

/** A committed transaction, as the ledger would have it. */
export interface Recorded {
  readonly xid: string;
  /** The position that the ledger has of it, in bytes. */
  readonly lsn: number;
  readonly outcome: BatchOutcome;
}

/** A change or a TRUNCATE of a table, as pgoutput gives it. */
export interface Decoded {
  /** 32 bits. */
  readonly xid: number;
  readonly table: TableName;
  readonly operation: 'insert' | 'update' | 'delete' | 'truncate';
  /** The row after the change, and the row before it, by the columns' names; null: the event has none. */
  readonly row: Values | null;
  /** Null where it has the key alone. */
  readonly old: Values | null;
  /** An update that changed the key. */
  readonly renamed: boolean;
}

type Values = Readonly<Record<string, Tuple[number]>>;

/** The transactions of a database: batches of some writers, and those of a hazard. */
export interface History {
  readonly db: TestDatabase;
  /** Of the hazard. */
  readonly client: Client;
  readonly recorded: readonly Recorded[];
  /** Gives a hazard its turn, again where a batch was in its way. */
  happen(policy: TimedPolicy): Promise<void>;
  undo(policy: TimedPolicy): Promise<void>;
  /** Waits until every writer has committed some more batches of each type. */
  others(): Promise<void>;
}

/** Lends `body` a history of a database; once it is over, `check` gets what pgoutput gives of it. */
export function withHistory(
  server: TestServer,
  publication: string,
  body: (history: History) => Promise<void>,
  check: (
    decoded: readonly Decoded[],
    recorded: readonly Recorded[],
    client: Client,
  ) => void | Promise<void>,
): Promise<void> {
  return withDatabase(server, (db) =>
    withConnection(db.target, async (client) => {
      await initDb(client, db.target, schema);
      await client.query(`CREATE PUBLICATION history FOR ${publication}`);
      const recorded: Recorded[] = [];
      const task = await taskOf(db, client);
      const tools = toolsOf(task, client);
      const { ids } = tools;
      await prepareParents(tools);
      const slot = db.name;
      await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
      try {
        const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(db, i + 1, recorded));
        const running = Promise.all(writers.map((writer) => writer.run()));
        const others = async () => {
          const goals = writers.map(({ rounds }) => rounds + 2);
          while (writers.some(({ rounds }, i) => rounds < goals[i]!)) {
            await Promise.race([sleep(2), running]);
          }
        };
        const transact: Turn['transact'] = async (act) => {
          await ids.reserve(client, schema.filler.name, 1);
          await client.query('BEGIN');
          const transaction = new HazardTransaction({ ...tools, now: Date.now() });
          await act(transaction);
          await transaction.write(tools.builder.fillers(1, Date.now()));
          const outcome = transaction.outcome();
          await client.query('COMMIT');
          record(recorded, outcome);
        };
        const turn = { client, transact, stopping: false } as Turn;
        const untilDone = async (act: () => Promise<void>) => {
          while ((await attempt(client, () => act().then(() => true))) === null) await sleep(2);
        };
        const happen = (policy: TimedPolicy) =>
          untilDone(async () => {
            for (const [table, count] of policy.ids ?? []) await ids.reserve(client, table, count);
            await policy.happen(turn);
          });
        const undo = (policy: TimedPolicy) => untilDone(() => policy.undo!(turn));
        try {
          await body({ db, client, recorded, happen, undo, others });
        } finally {
          for (const writer of writers) writer.stop();
          await running;
        }
        await check(await decodedOf(client, slot), recorded, client);
      } finally {
        task.reports.close();
        await client.query('SELECT pg_drop_replication_slot($1)', [slot]);
      }
    }),
  );
}

/** Commits batches of every type of the extension, until it is stopped. */
class Writer {
  /** Batches of all types that it has committed. */
  rounds = 0;
  readonly #db: TestDatabase;
  readonly #seed: number;
  readonly #recorded: Recorded[];
  #stopped = false;

  constructor(db: TestDatabase, seed: number, recorded: Recorded[]) {
    this.#db = db;
    this.#seed = seed;
    this.#recorded = recorded;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    await withConnection(this.#db.target, async (client) => {
      const task = await taskOf(this.#db, client);
      const random = randomNumbers(this.#seed);
      const writer = new BatchWriter(schema, task, random, () => undefined);
      try {
        while (!this.#stopped) {
          for (const type of TYPES) await this.#write(client, writer, type);
          this.rounds++;
        }
      } finally {
        task.reports.close();
      }
    });
  }

  async #write(client: Client, writer: BatchWriter, type: string): Promise<void> {
    await writer.reserve(client, schema.event(type), BATCH);
    const batch = writer.build(schema.event(type), BATCH, Date.now());
    const outcome = await attempt(client, async () => {
      const written = await writer.write(client, batch);
      await client.query('COMMIT');
      return written;
    });
    if (outcome === null) return writer.abandon(batch);
    assert.deepEqual(outcome.rejections, [], type);
    assert.equal(outcome.events, BATCH, type);
    writer.confirm(batch, outcome);
    record(this.#recorded, outcome);
  }
}

/** Null, and rolled back, where another transaction was in the way. */
async function attempt<T>(client: Client, act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (describeFailure(error).class !== 'retry') throw error;
    await client.query('ROLLBACK');
    return null;
  }
}

function record(recorded: Recorded[], outcome: BatchOutcome): void {
  const { pending, lsn } = outcome;
  assert.ok(pending !== null && pending.xid !== null && lsn !== null);
  recorded.push({ xid: pending.xid, lsn: lsnBytes(lsn)!, outcome });
}

function toolsOf(task: ProducerTask, client: Client) {
  const random = randomNumbers(99);
  const inserted = schema.tables.names;
  const ids = new WorkerIds(tables, task.ids, random, inserted, BATCH, () => undefined);
  const builder = new BatchBuilder(schema, task, ids, new Map(), random);
  const maker = new RowMaker(task.rng, task.pools);
  return { client, schema, returning: {}, ids, builder, maker, random, now: 0 };
}

/** Commits rows for all to reference. */
async function prepareParents({ client, ids, maker }: ReturnType<typeof toolsOf>): Promise<void> {
  await client.query('BEGIN');
  const transaction = new HazardTransaction({
    ...{ client, schema, returning: {}, ids, maker, random: Math.random, now: Date.now() },
    builder: null as never,
  });
  for (const name of ['pacientes', 'medicos']) {
    const table = tables.get(name);
    await ids.reserve(client, name, PARENTS);
    const rows = Array.from({ length: PARENTS }, () =>
      table.parent!.make(maker, ids.next(name), Date.now() - 1_000),
    );
    await transaction.write([{ table, operation: 'insert', rows, candidates: [], spec: null }]);
  }
  await client.query('COMMIT');
}

async function taskOf(db: TestDatabase, client: Client): Promise<ProducerTask> {
  const cache = new IdCache(tables, 1_000, randomNumbers(1));
  await loadIds(client, cache, tables);
  return {
    worker: 0,
    aThread: 1,
    rng: 42,
    target: db.target,
    extensions: schema.extensions,
    tables: await readTableOids(client, tables),
    share: { share: 1, events: TYPES.map((type) => ({ type, weight: 1 })) },
    siblings: {},
    pace: { kind: 'max' },
    lastIds: tables.record(() => 0),
    shed: false,
    batchSize: BATCH,
    updateRatio: 0.4,
    deleteRatio: 0.1,
    returning: {},
    commitLimit: null,
    endMs: null,
    reconnect: { attempts: 1, baseMs: 1, maxMs: 1, failFast: true },
    control: new Control().buffer,
    stats: new WorkerStats(schema).buffer,
    ids: cache.buffers,
    pools: await schema.samplePools(),
    ledger: null,
    hazards: null,
    reports: new MessageChannel().port1,
  };
}

/** Everything that the slot has, in the order of commits. */
async function decodedOf(client: Client, slot: string): Promise<Decoded[]> {
  const { rows } = await client.query<{ data: Buffer }>(
    `SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL,
       'proto_version', '1', 'publication_names', 'history')`,
    [slot],
  );
  const relations = new Map<number, RelationMessage>();
  const decoded: Decoded[] = [];
  let xid = 0;
  for (const { data } of rows) {
    const message = decode(data);
    if (message.tag === 'begin') xid = message.xid;
    if (message.tag === 'relation') relations.set(message.relation, message);
    decoded.push(...eventsOf(message, relations, xid));
  }
  return decoded;
}

function eventsOf(
  message: PgOutputMessage,
  relations: ReadonlyMap<number, RelationMessage>,
  xid: number,
): Decoded[] {
  const about = (relation: number) => relations.get(relation)!;
  switch (message.tag) {
    case 'insert': {
      const relation = about(message.relation);
      const row = valuesOf(relation, message.row);
      return [{ ...headOf(relation, xid), operation: 'insert', row, old: null, renamed: false }];
    }
    case 'update': {
      const relation = about(message.relation);
      const row = valuesOf(relation, message.row);
      const old = message.old?.kind === 'full' ? valuesOf(relation, message.old.tuple) : null;
      const renamed = message.old?.kind === 'key';
      return [{ ...headOf(relation, xid), operation: 'update', row, old, renamed }];
    }
    case 'delete': {
      const relation = about(message.relation);
      const old = message.old.kind === 'full' ? valuesOf(relation, message.old.tuple) : null;
      return [{ ...headOf(relation, xid), operation: 'delete', row: null, old, renamed: false }];
    }
    case 'truncate':
      return message.relations.map((relation) => {
        const head = headOf(about(relation), xid);
        return { ...head, operation: 'truncate', row: null, old: null, renamed: false };
      });
    default:
      return [];
  }
}

function headOf({ name }: RelationMessage, xid: number): Pick<Decoded, 'table' | 'xid'> {
  const table = [...tables].find(
    ({ relation, partitioned }) =>
      relation === name || (partitioned && name.startsWith(`${relation}_`)),
  );
  assert.ok(table !== undefined, name);
  return { table: table.name, xid };
}

function valuesOf({ columns }: RelationMessage, tuple: Tuple): Values {
  return Object.fromEntries(columns.map(({ name }, i) => [name, tuple[i]!]));
}

/** The values of a row that are of no column which the table has in every run; an absent TOAST value is a text here. */
export function addedOf(table: TableName, values: Values): Record<string, string | null> {
  const { columns, serverColumns } = tables.get(table);
  const known = new Set([...columns, ...serverColumns].map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => !known.has(name))
      .map(([name, value]) => [name, value === UNCHANGED ? 'unchanged' : value]),
  );
}

/** Events by transaction, table and operation, as pgoutput has them: a new key is one update. */
export function counted(decoded: readonly Decoded[]): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (label: string) => counts.set(label, (counts.get(label) ?? 0) + 1);
  for (const { xid, table, operation, renamed } of decoded) {
    if (renamed) {
      add(`${xid} ${table} delete`);
      add(`${xid} ${table} insert`);
    } else if (operation !== 'truncate') add(`${xid} ${table} ${operation}`);
  }
  return counts;
}

/** The same of what was recorded. */
export function expected(recorded: readonly Recorded[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { xid, outcome } of recorded) {
    for (const { table, operation, rows } of outcome.changes) {
      const label = `${shortXid(xid)} ${table} ${operation}`;
      if (rows.length > 0) counts.set(label, (counts.get(label) ?? 0) + rows.length);
    }
  }
  return counts;
}

/** The 32 bits of an xid8 that events have. */
export function shortXid(xid: string): number {
  return Number(BigInt(xid) & 0xffff_ffffn);
}
