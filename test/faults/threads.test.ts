import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { countRows, type TableCounts } from '../../src/database/table-counts.js';
import { withConnection } from '../../src/postgres/connect.js';
import { readTableOids } from '../../src/postgres/table-oids.js';
import { SeriesStats } from '../../src/report/series-stats.js';
import { summarize } from '../../src/report/summarize.js';
import { RunEngine, type RunListener } from '../../src/run/engine.js';
import { planLoad } from '../../src/run/plan.js';
import { noRows } from '../../src/schema/changes.js';
import { schemaWith } from '../../src/schemas/index.js';
import { AUDITED_APPLICATION, assertExact, installAudit } from '../helpers/audit.js';
import { type TestDatabase, withDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);
const schema = schemaWith([]);

const WORKERS = 3;
const DEATHS = 8;
const EVENTS_BETWEEN = 60;

for (const batchSize of [1, 20]) {
  test(`threads killed at full load are replaced, in batches of ${batchSize}`, async () => {
    await withDatabase(server, async (db) => {
      await installAudit(db);
      const written = noRows(schema.tables);
      let died = 0;
      let ready = 0;
      const engine = await engineOf(db, batchSize, WORKERS, {
        written: (rows) => {
          for (const { table, operation, count } of rows) written[table]![operation] += count;
        },
        report: (_worker, { kind }) => {
          if (kind === 'ready') ready++;
        },
        workerDied: () => died++,
        sampled: () => undefined,
      });
      const running = engine.start();
      const events = () => engine.sample().events;
      for (let death = 1; death <= DEATHS; death++) {
        const goal = events() + EVENTS_BETWEEN;
        await waitFor(() => ready === WORKERS + died && events() >= goal, { what: 'events' });
        const before = died;
        const threads = engine.producerThreads;
        await threads[death % threads.length]?.terminate();
        await waitFor(() => died > before, { what: 'the report of its death' });
      }
      const goal = events() + EVENTS_BETWEEN;
      await waitFor(() => events() >= goal, { what: 'events' });
      engine.stop();
      const outcome = await running;
      const load = { rate: 'max' as const, curve: null, endMs: null, sheds: false };
      const facts = { schema, runId: 'test', rng: 42, batchSize, ...load };
      const summary = summarize(
        facts,
        { ...outcome, lost: false },
        engine.workerStats,
        new SeriesStats(1),
      );
      await assertExact(db, summary);
      assert.equal(outcome.stoppedBy, 'signal');
      // Also rows that the dead workers had no time to report are in the log's totals.
      assert.deepEqual(written, summary.rows);
      const counts = await withConnection(db.target, (client) => countRows(client, schema.tables));
      const known = Object.fromEntries(
        schema.tables.names.map((table) => [table, engine.totals.of(table)]),
      );
      assert.deepEqual(known as TableCounts, counts);
    });
  });
}

test('a worker that dies at every start ends the run', async () => {
  await withDatabase(server, async (db) => {
    const reports: unknown[] = [];
    const engine = await engineOf(db, 20, 1, {
      written: () => undefined,
      report: (_worker, report) => {
        if (report.kind === 'ready') void engine.producerThreads[0]?.terminate();
      },
      workerDied: (_worker, error) => reports.push(error),
      sampled: () => undefined,
    });
    const outcome = await engine.start();
    assert.equal(outcome.stoppedBy, 'critical');
    assert.equal(outcome.failure?.class, 'defect');
    assert.equal(reports.length, 3);
  });
});

async function engineOf(
  db: TestDatabase,
  batchSize: number,
  workers: number,
  listener: RunListener,
): Promise<RunEngine> {
  const tables = await withConnection(db.target, (client) => readTableOids(client, schema.tables));
  const load = {
    workers,
    rng: 42,
    rate: 'max',
    stages: [],
    arrivals: 'even',
    onLag: 'queue',
    intervalSeconds: 2,
    maxJitterMs: 0,
    batchSize,
    durationSeconds: null,
    maxEvents: null,
    only: [],
    weights: Object.fromEntries(schema.eventTypes.map((type) => [type, 1])),
  } as const;
  const plan = planLoad(load, schema);
  return new RunEngine(
    {
      schema,
      target: { ...db.target, applicationName: AUDITED_APPLICATION },
      tables,
      rng: 42,
      plan,
      batchSize,
      updateRatio: 0.15,
      deleteRatio: 0.05,
      idCacheSize: 10_000,
      reconnect: { attempts: 5, baseMs: 10, maxMs: 100, failFast: true },
      stopGraceMs: 5_000,
      pools: await schema.samplePools(),
      facts: null,
      ledger: null,
      hazards: null,
    },
    listener,
  );
}

test('threads that are ended while they load do not end the process', async () => {
  const fixture = fileURLToPath(new URL('../fixtures/end-loading-threads.js', import.meta.url));
  const child = spawn(process.execPath, [fixture], { stdio: ['ignore', 'inherit', 'pipe'] });
  const ended = once(child, 'exit');
  const stderr = await text(child.stderr);
  assert.deepEqual(await ended, [0, null], stderr);
});
