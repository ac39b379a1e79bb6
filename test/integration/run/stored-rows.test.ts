import assert from 'node:assert/strict';
import test from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { Client } from 'pg';
import { IdCache } from '../../../src/ids/cache.js';
import { loadIds } from '../../../src/ids/load.js';
import { checkLedger } from '../../../src/ledger/check.js';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import { decodeKeys } from '../../../src/ledger/keys.js';
import { readLedger } from '../../../src/ledger/totals.js';
import type { LedgerTransaction } from '../../../src/ledger/transactions.js';
import type { Change } from '../../../src/ledger/writer.js';
import { parseTimestamp } from '../../../src/lib/calendar.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { identify } from '../../../src/postgres/identity.js';
import { send } from '../../../src/postgres/packet.js';
import { BEGIN, insertRows, parseNumbers, parseRows } from '../../../src/postgres/statements.js';
import { readTableOids } from '../../../src/postgres/table-oids.js';
import { RNG_PURPOSE, Rng } from '../../../src/random/rng.js';
import { Control } from '../../../src/run/control.js';
import { RunEngine } from '../../../src/run/engine.js';
import { planLoad } from '../../../src/run/plan.js';
import type { ProducerTask, Returning } from '../../../src/run/protocol.js';
import { WorkerStats } from '../../../src/run/worker-stats.js';
import type { EventType } from '../../../src/schema/event.js';
import { idOf, type Row, type TableName, type Value } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { BatchWriter } from '../../../workers/batch.js';
import type { BatchOutcome } from '../../../workers/batch-result.js';
import { warmUp } from '../../../workers/warm-up.js';
import { AUDITED_APPLICATION, auditedRows, clearAudit } from '../../helpers/audit.js';
import type { TestDatabase } from '../../helpers/database.js';
import { beforeRow, factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { printedRow } from '../../helpers/printed-row.js';
import { randomNumbers } from '../../helpers/random.js';
import { startServers } from '../../helpers/server.js';
import { totalEvents } from '../../helpers/stream-run.js';
import { requireClean, withWorkspace } from '../../helpers/workspace.js';

const schema = schemaWith([]);
const { tables } = schema;

const WEIGHTS = { novo_paciente: 1, vinculo: 1, consulta: 1, exame: 1, internacao: 1 };
const BATCH = 20;

for (const server of await startServers()) {
  const { version } = server;

  test(`${version}: rows are returned as PostgreSQL prints them, in the order of their ids`, () =>
    withWorkspace(server, async ({ db }) => {
      await trigger(db, 'pacientes', 'INSERT', `NEW.data_cadastro := NEW.data_cadastro + '7 ms';`);
      await withConnection(db.target, async (client) => {
        const rows = [
          [
            9_000_002,
            'Ação "dupla" \\ \u0001\n',
            '1899-12-31',
            'a',
            null,
            '',
            '2026-02-28 23:59:59',
          ],
          [9_000_001, '😀', '2024-02-29', 'b', '', null, '1999-12-31 00:00:01'],
        ];
        const [, answer] = await send(client, [
          BEGIN,
          insertRows(tables.get('pacientes'), rows, 'rows'),
        ]);
        const [ids, , , stored] = answer?.fields ?? [];
        assert.deepEqual(parseNumbers(ids ?? null), [9_000_002, 9_000_001]);
        assert.deepEqual(
          parseRows(tables.get('pacientes'), stored ?? ''),
          rows.map((row) => [...row.slice(0, 6), `${row[6]}.007`]),
        );
        const none = await send(client, [insertRows(tables.get('pacientes'), [], 'rows')]);
        assert.deepEqual([none[0]?.fields[0], none[0]?.fields[3]], [null, null]);
        await client.query('ROLLBACK');
      });
    }));

  test(`${version}: a batch has its rows as triggers left them`, () =>
    withWorkspace(server, async ({ db }) => {
      await trigger(db, 'consultas', 'INSERT', 'NEW.motivo := upper(NEW.motivo COLLATE "C");');
      await trigger(db, 'exames', 'UPDATE', `NEW.resultado := NEW.resultado || ' *';`);
      await trigger(db, 'exames', 'INSERT', 'IF NEW.id % 5 = 0 THEN RETURN NULL; END IF;');
      await trigger(db, 'pacientes_convenios', 'INSERT', 'NEW.validade := NULL;');
      const returning: Returning = {
        consultas: ['insert'],
        exames: ['insert', 'update'],
        pacientes_convenios: ['insert'],
      };
      const changes = await writeBatches(db, returning);
      const of = (table: TableName, operation: Change['operation']) =>
        changes.filter((change) => change.table === table && change.operation === operation);
      for (const { rows, stored } of of('consultas', 'insert')) {
        assert.deepEqual(
          stored,
          rows.map((row) => printedRow(schema.tables.get('consultas'), row).with(4, upper(row[4]))),
        );
      }
      for (const { rows, stored } of of('exames', 'update')) {
        assert.deepEqual(
          stored?.map(([id, , , , resultado]) => [id, resultado]),
          rows.map(([id, resultado]) => [id, `${resultado} *`]),
        );
      }
      for (const { rows } of of('exames', 'insert')) {
        for (const row of rows) assert.notEqual(Number(row[0]) % 5, 0);
      }
      for (const { stored } of of('pacientes_convenios', 'insert')) {
        for (const row of stored ?? []) assert.equal(row[4], null);
      }
      for (const [table, operations] of Object.entries(returning)) {
        for (const operation of operations ?? []) {
          assert.ok(of(table as TableName, operation).length > 0, `${table}: no ${operation}`);
        }
      }
    }));

  test(`${version}: a row is known by the key that a trigger gave it`, () =>
    withWorkspace(server, async ({ db }) => {
      const rename = 'IF NEW.id % 3 = 0 THEN NEW.id := NEW.id + 1000000; END IF;';
      await trigger(db, 'exames', 'INSERT', rename);
      const changes = await writeBatches(db, { exames: ['insert', 'update'] }, ['exame']);
      const inserted = changes.filter(({ operation }) => operation === 'insert');
      const keys = inserted.flatMap(({ rows }) => rows.map((row) => Number(row[0])));
      assert.ok(keys.some((key) => key > 1_000_000));
      for (const key of keys) assert.ok(key > 1_000_000 || key % 3 !== 0);
    }));

  test(`${version}: an update whose trigger changes keys is known by the rows that were sent`, () =>
    withWorkspace(server, async ({ db }) => {
      await trigger(db, 'exames', 'UPDATE', 'NEW.id := NEW.id + 1000000;');
      await withWriter(db, { exames: ['update'] }, ['exame'], async (write) => {
        const outcomes = [await write('exame'), await write('exame')];
        const updates = outcomes
          .flatMap(({ changes }) => changes)
          .filter(({ operation }) => operation === 'update');
        assert.ok(updates.length > 0);
        for (const { rows, stored } of updates) {
          assert.equal(stored, undefined);
          for (const row of rows) assert.equal(row.length, 2);
        }
      });
    }));

  test(`${version}: rows written one by one are known as stored, too`, () =>
    withWorkspace(server, async ({ db }) => {
      await trigger(
        db,
        'consultas',
        'INSERT',
        `IF NEW.id % 7 = 0 THEN RAISE EXCEPTION 'refused'; END IF;
         NEW.motivo := upper(NEW.motivo COLLATE "C");`,
      );
      await withWriter(db, { consultas: ['insert'] }, ['consulta'], async (write) => {
        const { changes, rejections, subtransactions } = await write('consulta');
        assert.ok(subtransactions && rejections.length > 0);
        const inserted = changes.filter(({ operation }) => operation === 'insert');
        assert.ok(inserted.length > 1);
        for (const { stored } of inserted) {
          for (const row of stored ?? assert.fail()) {
            assert.equal(row[4], upper(row[4]));
          }
        }
      });
    }));

  test(`${version}: later batches reference the patients as stored`, () =>
    withWorkspace(server, async ({ db }) => {
      await trigger(
        db,
        'pacientes',
        'INSERT',
        `IF NEW.id % 4 = 0 THEN RETURN NULL; END IF;
         IF NEW.id % 4 = 1 THEN NEW.data_cadastro := 'infinity'; END IF;
         IF NEW.id % 4 = 2 THEN NEW.data_cadastro := '2031-01-31 08:15:00.000501'; END IF;`,
      );
      await withWriter(
        db,
        { pacientes: ['insert'] },
        ['novo_paciente'],
        async (write, _client, { ids }) => {
          const { candidates, changes, whole } = await write('novo_paciente');
          const { born } = ids.takeChanges();
          assert.ok(whole, 'that rows fall was known before');
          const inserted = changes.flatMap(({ stored }) => stored ?? []);
          assert.ok(inserted.some((row) => row[6] === 'infinity'));
          const usable = inserted.filter((row) => row[6] !== 'infinity').map((row) => row[0]);
          assert.deepEqual(
            born.map(({ known }) => known.id),
            usable,
          );
          assert.deepEqual(
            candidates.map(({ key }) => idOf(key)),
            usable,
          );
          const late = born.filter(({ known }) => known.id % 4 === 2);
          assert.ok(late.length > 0);
          // Rounded up: rows that reference the patient may not be older.
          const since = parseTimestamp('2031-01-31 08:15:00') + 1;
          for (const { known } of late) assert.equal(known.since, since);
        },
      );
    }));

  test(`${version}: the warm-up plans the statements of the run`, () =>
    withWorkspace(server, async ({ db }) => {
      await withConnection(db.target, async (client) => {
        const returning: Returning = { consultas: ['insert'], exames: ['update'] };
        const task = await taskOf(db, client, returning, ['consulta', 'exame', 'internacao']);
        await warmUp(schema, task, { client, serverNow: () => Date.now() });
        task.reports.close();
        const { rows } = await client.query<{ name: string }>(
          "SELECT name FROM pg_prepared_statements WHERE name ~ '^(insert|update)' ORDER BY name",
        );
        assert.deepEqual(
          rows.map(({ name }) => name),
          [
            'insert-consultas-rows',
            ...['insert-exames-exact', 'insert-exames-ids'],
            ...['insert-internacoes-exact', 'insert-internacoes-ids'],
            ...['update-consulta-exact', 'update-consulta-ids'],
            'update-exame-rows',
            ...['update-internacao-exact', 'update-internacao-ids'],
          ],
        );
      });
    }));

  test(`${version}: a run's ledger has its rows as triggers stored them, and only such rows are read back`, () =>
    withWorkspace(server, async (workspace) => {
      const { db, cwd } = workspace;
      await trigger(db, 'consultas', 'INSERT', 'NEW.motivo := upper(NEW.motivo COLLATE "C");');
      await trigger(db, 'exames', 'UPDATE', `NEW.resultado := NEW.resultado || ' *';`);
      await trigger(db, 'exames', 'INSERT', 'IF NEW.id % 5 = 0 THEN RETURN NULL; END IF;');
      const facts = factsWithTriggers({
        consultas: [beforeRow('a', 'insert')],
        exames: [beforeRow('b', 'update'), beforeRow('c', 'insert')],
      });
      const load = { workers: 2, rng: 42, rate: 'max' as const, batchSize: 5, maxEvents: 3000 };
      const engine = new RunEngine(
        {
          schema,
          target: { ...db.target, applicationName: AUDITED_APPLICATION },
          tables: await withConnection(db.target, (client) => readTableOids(client, tables)),
          rng: 42,
          plan: planLoad(
            {
              ...load,
              stages: [],
              arrivals: 'even',
              onLag: 'queue',
              intervalSeconds: 2,
              maxJitterMs: 0,
              durationSeconds: null,
              only: [],
              weights: WEIGHTS,
            },
            schema,
          ),
          batchSize: load.batchSize,
          updateRatio: 0.2,
          deleteRatio: 0.05,
          idCacheSize: 10_000,
          reconnect: { attempts: 5, baseMs: 10, maxMs: 100, failFast: true },
          stopGraceMs: 5_000,
          pools: await schema.samplePools(),
          facts,
          ledger: { folder: cwd, run: 'test' },
          hazards: null,
        },
        {
          written: () => undefined,
          report: () => undefined,
          workerDied: assert.fail,
          sampled: () => undefined,
        },
      );
      const { server: identity } = await withConnection(db.target, identify);
      writeFacts(schema, cwd, 'test', identity, facts);
      await clearAudit(db);
      const { failure } = await engine.start();
      assert.equal(failure, null);
      const events = engine.workerStats.reduce((sum, stats) => sum + stats.events, 0);
      assert.equal(events, load.maxEvents);
      assert.equal(events, totalEvents(await auditedRows(db)));
      const { totals, differences } = await withConnection(db.target, (client) =>
        checkLedger(schema.tables, client, cwd, () => undefined),
      );
      assert.deepEqual([totals.problems.examples, differences.count], [[], 0]);

      const transactions: LedgerTransaction[] = [];
      await readLedger(schema.tables, cwd, {
        onTransaction: (transaction) => transactions.push(transaction),
      });
      // The intent of a transaction that was sent in one go with its COMMIT has no xid.
      const inOneGo = { consultas: 0, exames: 0, internacoes: 0 };
      for (const { intent } of transactions) {
        for (const table of ['consultas', 'exames', 'internacoes'] as const) {
          if (intent.rows[table]?.insert !== undefined && intent.xid === null) inOneGo[table]++;
        }
        for (const key of decodeKeys({ keyKind: 'id' }, intent.rows.exames?.insert ?? '1')) {
          assert.notEqual(Number(key) % 5, 0);
        }
      }
      assert.deepEqual([inOneGo.consultas, inOneGo.exames], [0, 0]);
      assert.ok(inOneGo.internacoes > 0, 'nothing was sent in one go');
      await requireClean(workspace);
    }));
}

/** As `upper` does it in the locale C, where letters with an accent stay. */
function upper(value: Value | undefined): string {
  return String(value).replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** A BEFORE ROW trigger of this table that runs `body`, after which the row is stored. */
async function trigger(
  db: TestDatabase,
  table: TableName,
  operation: 'INSERT' | 'UPDATE',
  body: string,
): Promise<void> {
  const name = `change_${table}_${operation}`;
  await db.query(`CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN ${body} RETURN NEW; END $$`);
  await db.query(`CREATE TRIGGER ${name} BEFORE ${operation} ON ${table}
    FOR EACH ROW EXECUTE FUNCTION ${name}()`);
}

/**
 * Writes batches of these types, and returns their changes. The rows of each batch are compared with the table before
 * the next one.
 */
async function writeBatches(
  db: TestDatabase,
  returning: Returning,
  types: readonly EventType[] = ['vinculo', 'consulta', 'exame', 'internacao'],
): Promise<Change[]> {
  const changes: Change[] = [];
  await withWriter(db, returning, types, async (write, client) => {
    for (let i = 0; i < 5; i++) {
      for (const type of types) {
        const outcome = await write(type);
        changes.push(...outcome.changes);
        const counted = outcome.rows.map(({ count }) => count);
        assert.deepEqual(
          counted,
          outcome.changes.map(({ rows }) => rows.length),
        );
        for (const change of outcome.changes) await holdAgainst(client, change, returning);
      }
    }
  });
  return changes;
}

/** Does a change have its rows as the table holds them? */
async function holdAgainst(client: Client, change: Change, returning: Returning): Promise<void> {
  const { table, operation, rows, stored } = change;
  assert.equal(stored !== undefined, returning[table]?.includes(operation) ?? false);
  if (stored === undefined) return;
  const names = tables
    .get(table)
    .columns.map(({ name }) => `${name}::text`)
    .join(', ');
  const { rows: held } = await client.query<string[]>({
    text: `SELECT ${names} FROM ${table} WHERE id = ANY ($1) ORDER BY array_position($1, id)`,
    values: [rows.map((row) => row[0])],
    rowMode: 'array',
  });
  const asText = (row: Row) => row.map((value) => (value === null ? null : String(value)));
  assert.deepEqual(stored.map(asText), held);
}

/** Lends `body` a function that writes and commits a batch of a type. */
async function withWriter(
  db: TestDatabase,
  returning: Returning,
  types: readonly EventType[],
  body: (
    write: (type: EventType) => Promise<BatchOutcome>,
    client: Client,
    writer: BatchWriter,
  ) => Promise<void>,
): Promise<void> {
  await withConnection(db.target, async (client) => {
    const task = await taskOf(db, client, returning, types);
    const rng = new Rng(42).at(RNG_PURPOSE.workerPicks, 0);
    const writer = new BatchWriter(
      schema,
      task,
      () => rng.unit(),
      () => undefined,
    );
    for (const [type, kept] of writer.candidates) {
      const spec = schema.event(type);
      await kept.load(client, tables.get(spec.table), spec, { index: 0, of: 1 }, 1_000_000);
    }
    const write = async (type: EventType) => {
      await writer.reserve(client, schema.event(type), BATCH);
      const batch = writer.build(schema.event(type), BATCH, Date.now());
      const outcome = await writer.write(client, batch);
      await client.query('COMMIT');
      writer.confirm(batch, outcome);
      return outcome;
    };
    await body(write, client, writer);
    task.reports.close();
  });
}

/** The task of a worker that never runs. */
async function taskOf(
  db: TestDatabase,
  client: Client,
  returning: Returning,
  types: readonly EventType[],
): Promise<ProducerTask> {
  const cache = new IdCache(tables, 10_000, randomNumbers(1));
  await loadIds(client, cache, tables);
  const lastId = 1_000_000;
  return {
    worker: 0,
    aThread: 1,
    rng: 42,
    target: db.target,
    extensions: [],
    tables: await readTableOids(client, tables),
    share: { share: 1, events: types.map((type) => ({ type, weight: 1 })) },
    siblings: {},
    pace: { kind: 'cycle', intervalMs: 0, jitterMs: 0 },
    lastIds: tables.record(() => lastId),
    shed: false,
    batchSize: BATCH,
    updateRatio: 0.3,
    deleteRatio: 0,
    returning,
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
