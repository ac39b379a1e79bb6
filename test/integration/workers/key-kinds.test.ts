import assert from 'node:assert/strict';
import test from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { Client } from 'pg';
import { IdCache } from '../../../src/ids/cache.js';
import { loadIds } from '../../../src/ids/load.js';
import { keyOf } from '../../../src/ledger/row-key.js';
import type { Change } from '../../../src/ledger/writer.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { identify } from '../../../src/postgres/identity.js';
import { verdictOn } from '../../../src/postgres/in-doubt.js';
import { lsnBytes } from '../../../src/postgres/lsn.js';
import { send } from '../../../src/postgres/packet.js';
import type { Backend, Pending } from '../../../src/postgres/pending.js';
import {
  BEGIN,
  COMMIT,
  identifyingLength,
  insertRows,
  parseNumbers,
  parseRows,
  updateRows,
} from '../../../src/postgres/statements.js';
import { readTableOids } from '../../../src/postgres/table-oids.js';
import { RNG_PURPOSE, Rng } from '../../../src/random/rng.js';
import { Control } from '../../../src/run/control.js';
import type { ProducerTask } from '../../../src/run/protocol.js';
import { Totals } from '../../../src/run/totals.js';
import { WorkerStats } from '../../../src/run/worker-stats.js';
import { columnIndex, type Key, type Row, type Table } from '../../../src/schema/table.js';
import { BatchWriter } from '../../../workers/batch.js';
import { type BatchOutcome, BatchResult } from '../../../workers/batch-result.js';
import { Candidates } from '../../../workers/candidates.js';
import { warmUp } from '../../../workers/warm-up.js';
import { cascadesOf, statementOf } from '../../../workers/writes.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { createKeyKinds, HARD_NOTE, KEY_KINDS } from '../../helpers/key-kinds.js';
import { randomNumbers } from '../../helpers/random.js';
import { startServers } from '../../helpers/server.js';

const { tables } = KEY_KINDS;
const BATCH = 30;
const ROUNDS = 12;
/** A share of updates that makes many batches change a row and another one that follows it. */
const OFTEN = 0.6;

for (const server of await startServers()) {
  const { version } = server;

  const withTables = (body: (db: TestDatabase) => Promise<void>) =>
    withDatabase(server, async (db) => {
      await createKeyKinds(db);
      await body(db);
    });

  test(`${version}: values of every type are stored as they are printed`, () =>
    withTables((db) =>
      withConnection(db.target, async (client) => {
        const notes = tables.get('notes');
        await client.query("INSERT INTO owners (id, since) VALUES (1, '2026-01-01')");
        const most = Math.max(...Object.values(HARD_NOTE).map(({ length }) => length));
        const rows = Array.from({ length: most }, (_, i): Row => {
          const values = Object.values(HARD_NOTE).map((list) => list[i % list.length]!);
          return [i + 1, 1, ...values];
        });
        for (const returned of ['rows', 'exact'] as const) {
          await client.query('TRUNCATE notes');
          const [answer] = await send(client, [insertRows(notes, rows, returned)]);
          if (returned === 'rows') {
            assert.deepEqual(asTexts(parseRows(notes, answer?.fields[3] ?? null)), asTexts(rows));
          }
          assert.deepEqual(await held(client, notes), asTexts(rows));
        }
      }),
    ));

  test(`${version}: the changes of batches make the tables what they are, with any kind of key`, () =>
    withTables((db) =>
      withWriter(
        db,
        async (write, client) => {
          const models = tables.record((table) => new Model(table));
          const written = { insert: 0, update: 0, delete: 0 };
          for (let round = 0; round < ROUNDS; round++) {
            for (const type of KEY_KINDS.eventTypes) {
              const { changes, rows, pending, events, rejections } = await write(type);
              assert.deepEqual(rejections, [], type);
              assert.equal(events, BATCH, type);
              for (const { operation, count } of rows) written[operation] += count;
              for (const change of changes) models[change.table]!.apply(change);
              requireOnce(changes);
              assert.ok(pending !== null);
              if (tables.get(pending.witness.table).keyKind !== 'id')
                assert.ok(pending.xid !== null);
            }
            for (const table of tables) {
              assert.deepEqual(models[table.name]!.rows(), await held(client, table), table.name);
            }
          }
          assert.equal(
            written.insert + written.update + written.delete,
            ROUNDS * BATCH * KEY_KINDS.eventTypes.length,
          );
          assert.ok(written.update > ROUNDS * BATCH && written.delete > ROUNDS);
          const { renamed, followed } = models['billing."Line Items"']!;
          assert.ok(renamed > 0, 'no key was changed');
          assert.ok(followed > 0, 'no row followed a changed key');
        },
        OFTEN,
      ),
    ));

  test(`${version}: the position of a batch is beyond the rows that followed its keys`, () =>
    withTables(async (db) => {
      await db.query(`
        INSERT INTO owners (id, since) VALUES (1, '2026-01-01');
        INSERT INTO billing."Line Items" VALUES ('a-1', NULL, 1, 1.00);
        INSERT INTO billing."Line Items" SELECT 'b-' || n, 'a-1', 1, 2.00 FROM generate_series(1, 50) n`);
      await withConnection(db.target, async (client) => {
        const table = tables.get('billing."Line Items"');
        const spec = KEY_KINDS.event('item');
        const rows = [['a-1', 'a-1-1', '3.00']];
        const candidates = [{ key: ['a-1'], at: 0 }];
        const write = { table, operation: 'update', rows, candidates, spec } as const;
        const cascades = cascadesOf(tables, write);
        const statements = [statementOf(write, 'rows'), ...cascades.map((each) => each.statement)];
        const [, answer, ...followed] = await send(client, [BEGIN, ...statements]);
        const result = new BatchResult(spec);
        const own = cascades.map((cascade, i) => ({ cascade, answer: followed[i] }));
        result.add({ write, answer, cascades: own });
        await send(client, [COMMIT]);
        const [, , ofUpdate = ''] = answer?.fields ?? [];
        // The cascade wrote fifty rows after the UPDATE had returned its position.
        const { lsn } = result.outcome();
        assert.ok(lsnBytes(lsn!)! - lsnBytes(ofUpdate!)! > 50 * 24, `${ofUpdate} ${lsn}`);
      });
    }));

  test(`${version}: rows written one by one are as stored, too`, () =>
    withTables(async (db) => {
      await db.query(`
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN IF random() < 0.1 THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON log FOR EACH ROW EXECUTE FUNCTION refuse();
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON billing."Line Items"
          FOR EACH ROW EXECUTE FUNCTION refuse()`);
      await withWriter(
        db,
        async (write, client) => {
          const models = tables.record((table) => new Model(table));
          let rejected = 0;
          for (let round = 0; round < ROUNDS; round++) {
            for (const type of ['entry', 'item']) {
              const { changes, rejections } = await write(type);
              rejected += rejections.length;
              for (const change of changes) models[change.table]!.apply(change);
              requireOnce(changes);
            }
          }
          assert.ok(rejected > 0);
          for (const name of ['log', 'billing."Line Items"']) {
            assert.deepEqual(models[name]!.rows(), await held(client, tables.get(name)), name);
          }
        },
        OFTEN,
      );
    }));

  test(`${version}: two writers of equal rows without a key take different ones, and do not wait`, () =>
    withTables(async (db) => {
      const log = tables.get('log');
      const spec = KEY_KINDS.event('entry');
      await db.query(
        `INSERT INTO log SELECT '2026-01-31', 'ana', NULL, false FROM generate_series(1, 3)`,
      );
      const update = updateRows(log, spec, [['2026-01-31', 'ana', null, 'f', 't', 'read']], 'ids');
      await withConnection(db.target, (one) =>
        withConnection(db.target, async (other) => {
          await other.query("SET lock_timeout = '2s'");
          for (const client of [one, other]) {
            const [, answer] = await send(client, [BEGIN, update]);
            assert.deepEqual(parseNumbers(answer?.fields[0] ?? null), [1]);
          }
          for (const client of [one, other]) await send(client, [COMMIT]);
          assert.deepEqual(
            (await held(one, log)).map((row) => row.slice(2)),
            [
              ['read', 't'],
              ['read', 't'],
              [null, 'f'],
            ],
          );
        }),
      );
    }));

  test(`${version}: open rows without numbers are shared out by a hash, equal ones to one worker`, () =>
    withTables(async (db) => {
      await db.query(`
        INSERT INTO owners (id, since) VALUES (1, '2026-01-01');
        INSERT INTO signs SELECT 1, '2026-05-31'::timestamptz + n * interval '1 hour', n FROM generate_series(1, 100) n;
        INSERT INTO signs VALUES (1, '2020-01-01', 'NaN');
        INSERT INTO log SELECT '2026-01-31', n % 7, NULL, false FROM generate_series(1, 70) n`);
      await withConnection(db.target, async (client) => {
        for (const [type, expected] of [
          ['sign', 100],
          ['entry', 70],
        ] as const) {
          const spec = KEY_KINDS.event(type);
          const table = tables.get(spec.table);
          const length = identifyingLength(table);
          const owners = new Map<Key, number>();
          let all = 0;
          for (let index = 0; index < 3; index++) {
            const kept = new Candidates(randomNumbers(1));
            await kept.loadByHash(client, table, spec, { index, of: 3 });
            for (const { key, at } of kept.take(1000)) {
              assert.equal(key.length, length);
              assert.ok(at >= Date.UTC(2026, 0, 1));
              const text = JSON.stringify(key);
              assert.equal(owners.get(text) ?? index, index);
              owners.set(text, index);
              all++;
            }
          }
          assert.equal(all, expected);
          assert.equal(new Set(owners.values()).size, 3);
        }
      });
    }));

  test(`${version}: a row with any key shows whether its transaction was committed`, () =>
    withTables(async (db) => {
      const [{ xid } = { xid: '' }] = await db.query<{ xid: string }>(`
        WITH p AS (INSERT INTO owners (id, since) VALUES (1, '2026-01-01') RETURNING 1),
             o AS (INSERT INTO orders VALUES ('00000000-0000-4000-8000-000000000001', 1, 'calm') RETURNING 1),
             s AS (INSERT INTO signs VALUES (1, '2026-01-01 00:00:00.5+00', 1) RETURNING 1),
             l AS (INSERT INTO log VALUES ('2026-01-01', 'ana', NULL, false) RETURNING 1)
        SELECT pg_current_xact_id()::text AS xid FROM p, o, s, l`);
      await withConnection(db.target, async (client) => {
        const { backend } = await identify(client);
        const fate = async (
          table: string,
          key: Key,
          id: string | null = xid,
          sentTo: Backend | null = null,
          lsn: string | null = null,
        ) => {
          const pending: Pending = { xid: id, witness: { table, operation: 'insert', key }, lsn };
          const how = { keyOf, backend: sentTo, server: 'same' } as const;
          return (await verdictOn(client, tables, pending, how)).fate;
        };
        const sign = (at: string) => JSON.stringify(['1', at]);
        assert.equal(await fate('orders', '00000000-0000-4000-8000-000000000001'), 'committed');
        assert.equal(await fate('orders', '00000000-0000-4000-8000-000000000002'), 'aborted');
        assert.equal(await fate('signs', sign('2026-01-01 00:00:00.5+00')), 'committed');
        assert.equal(await fate('signs', sign('2026-01-01 00:00:00+00'), null), 'aborted');
        const entry = (name: string) => {
          return String(keyOf(tables.get('log'), ['2026-01-01', name, null, 'f']));
        };
        // Rows that it deleted or that others wrote again are no longer there.
        assert.equal(await fate('log', entry('bia') + entry('ana')), 'committed');
        // Another transaction has the xid since a crash: it wrote another row, or the row twice.
        assert.equal(await fate('log', entry('bia')), 'aborted');
        assert.equal(await fate('log', ''), 'aborted');
        // No row has this xid: there was a crash, or they were written again. The latter if the server has not crashed.
        await client.query('UPDATE log SET seen = true');
        assert.equal(await fate('log', entry('ana')), 'unknown');
        assert.equal(await fate('log', entry('ana'), xid, backend), 'committed');
        const crashed = { ...backend, startedMicros: 1 };
        assert.equal(await fate('log', entry('ana'), xid, crashed), 'unknown');
        assert.equal(await fate('log', entry('ana'), xid, crashed, '0/1'), 'unknown');
        // Recovery ended before it: its writes were lost.
        assert.equal(await fate('log', entry('ana'), xid, crashed, 'FFFFFF/0'), 'aborted');
      });
    }));

  test(`${version}: rows of all partitions are counted slice by slice`, () =>
    withTables(async (db) => {
      await db.query(`
        INSERT INTO owners (id, since) VALUES (1, '2026-01-01');
        INSERT INTO signs SELECT 1, '2026-05-01'::timestamptz + n * interval '1 second', n
          FROM generate_series(1, 5000000, 250) n`);
      await withConnection(db.target, async (client) => {
        const totals = new Totals(tables, 0);
        const { count } = await totals.start(client);
        await count();
        assert.equal(totals.of('signs'), 20_000);
      });
    }));

  test(`${version}: the warm-up plans statements for every kind of key, and writes nothing`, () =>
    withTables((db) =>
      withConnection(db.target, async (client) => {
        const task = await taskOf(db, client);
        await warmUp(KEY_KINDS, task, { client, serverNow: () => Date.now() });
        task.reports.close();
        const { rows } = await client.query<{ name: string }>(
          "SELECT name FROM pg_prepared_statements WHERE name ~ '^(insert|update|delete|cascaded)'",
        );
        const names = new Set(rows.map(({ name }) => name));
        for (const name of [
          ...['insert-notes-exact', 'insert-notes-ids', 'update-note-exact', 'update-note-ids'],
          ...['insert-signs-rows', 'update-sign-ids', 'insert-orders-rows', 'insert-log-rows'],
          ...['update-item-rows', 'insert-table-4-rows', 'cascaded-table-4-1', 'update-entry-ids'],
        ]) {
          assert.ok(names.has(name), `${name} is not among ${[...names].join(', ')}`);
        }
        for (const table of tables) assert.deepEqual(await held(client, table), [], table.name);
      }),
    ));
}

/** A table as its changes make it: rows by their key, of which there may be several where there is none. */
class Model {
  readonly #table: Table;
  readonly #rows = new Map<Key, Row[]>();
  /** Rows that an update inserted under a new key, and rows that followed such a key. */
  renamed = 0;
  followed = 0;

  constructor(table: Table) {
    this.#table = table;
  }

  apply({ operation, rows, columns = [], stored }: Change): void {
    const length = identifyingLength(this.#table);
    for (const [i, row] of rows.entries()) {
      const before = operation === 'insert' ? null : this.#take(row);
      if (operation === 'delete') continue;
      if (operation === 'insert' && /-\d+-\d+$/.test(String(row[0]))) this.renamed++;
      const after =
        stored?.[i] ?? (before === null ? row : this.#updated(before, columns, row.slice(length)));
      if (columns[0] === 'Parent Item') {
        assert.notEqual(after[1], before?.[1], 'recorded as changed and is not');
        this.followed++;
      }
      const key = keyOf(this.#table, after);
      this.#rows.set(key, [...(this.#rows.get(key) ?? []), after]);
    }
  }

  #updated(before: Row, columns: readonly string[], values: Row): Row {
    const after = [...before];
    for (const [i, name] of columns.entries()) {
      after[columnIndex(this.#table, name)] = values[i]!;
    }
    return after;
  }

  #take(row: Row): Row {
    const key = keyOf(this.#table, row);
    const [first, ...others] = this.#rows.get(key) ?? [];
    assert.ok(first !== undefined, `${this.#table.name} has no row ${key}`);
    if (others.length === 0) this.#rows.delete(key);
    else this.#rows.set(key, others);
    return first;
  }

  rows(): (string | null)[][] {
    return asTexts([...this.#rows.values()].flat());
  }
}

/** Is each row with a key written once by a transaction? */
function requireOnce(changes: readonly Change[]): void {
  const written = new Set<string>();
  for (const { table: name, rows } of changes) {
    const table = tables.get(name);
    if (table.keyKind === 'none') continue;
    for (const row of rows) {
      const label = `${name} ${keyOf(table, row)}`;
      assert.ok(!written.has(label), `${label}: written twice`);
      written.add(label);
    }
  }
}

/** The rows of a table as the server prints them: the driver asks for text, and does not parse it. */
async function held(client: Client, table: Table): Promise<(string | null)[][]> {
  const names = table.columns.map(({ name }) => `"${name}"`).join(', ');
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${names} FROM ${table.name}`,
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  });
  return asTexts(rows);
}

function asTexts(rows: readonly Row[]): (string | null)[][] {
  const texts = rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  return texts.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Lends `body` a function that writes and commits a batch of a type. */
async function withWriter(
  db: TestDatabase,
  body: (write: (type: string) => Promise<BatchOutcome>, client: Client) => Promise<void>,
  updateRatio?: number,
): Promise<void> {
  await withConnection(db.target, async (client) => {
    const task = await taskOf(db, client, updateRatio);
    const rng = new Rng(42).at(RNG_PURPOSE.workerPicks, 0);
    const writer = new BatchWriter(
      KEY_KINDS,
      task,
      () => rng.unit(),
      () => undefined,
    );
    let now = Date.UTC(2026, 5, 1);
    const write = async (type: string) => {
      await writer.reserve(client, KEY_KINDS.event(type), BATCH);
      const batch = writer.build(KEY_KINDS.event(type), BATCH, now++);
      const outcome = await writer.write(client, batch);
      await client.query('COMMIT');
      writer.confirm(batch, outcome);
      return outcome;
    };
    await body(write, client);
    task.reports.close();
  });
}

/** The task of a worker that never runs. */
async function taskOf(db: TestDatabase, client: Client, updateRatio = 0.3): Promise<ProducerTask> {
  const cache = new IdCache(tables, 1_000, randomNumbers(1));
  await loadIds(client, cache, tables);
  return {
    worker: 0,
    aThread: 1,
    rng: 42,
    target: db.target,
    extensions: [],
    tables: await readTableOids(client, tables),
    share: { share: 1, events: KEY_KINDS.eventTypes.map((type) => ({ type, weight: 1 })) },
    siblings: {},
    pace: { kind: 'max' },
    lastIds: tables.record(() => 0),
    shed: false,
    batchSize: BATCH,
    updateRatio,
    deleteRatio: 0.1,
    returning: {},
    commitLimit: null,
    endMs: null,
    reconnect: { attempts: 1, baseMs: 1, maxMs: 1, failFast: true },
    control: new Control().buffer,
    stats: new WorkerStats(KEY_KINDS).buffer,
    ids: cache.buffers,
    pools: {},
    ledger: null,
    hazards: null,
    reports: new MessageChannel().port1,
  };
}
