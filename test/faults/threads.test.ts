import assert from 'node:assert/strict';
import test from 'node:test';
import { countRows, type TableCounts } from '../../src/database/counts.js';
import { withConnection } from '../../src/postgres/connect.js';
import { readTableOids } from '../../src/postgres/table-oids.js';
import { SeriesStats } from '../../src/report/series-stats.js';
import { summarize } from '../../src/report/summarize.js';
import { Coordinator, type StreamObserver } from '../../src/run/coordinator.js';
import { planLoad } from '../../src/run/plan.js';
import { Totals } from '../../src/run/totals.js';
import { noRows } from '../../src/schemas/hospital/changes.js';
import { EVENT_TYPES } from '../../src/schemas/hospital/events/index.js';
import { samplePools } from '../../src/schemas/hospital/pools.js';
import { TABLE_NAMES } from '../../src/schemas/hospital/tables.js';
import { AUDITED_APPLICATION, assertExact, installAudit } from '../helpers/audit.js';
import { type TestDatabase, withDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);

const WORKERS = 3;
const DEATHS = 8;
const EVENTS_BETWEEN = 60;

for (const batchSize of [1, 20]) {
  test(`threads killed at full load are replaced, in batches of ${batchSize}`, async () => {
    await withDatabase(server, async (db) => {
      await installAudit(db);
      const told = noRows();
      let died = 0;
      let ready = 0;
      const totals = new Totals();
      const coordinator = await coordinatorOf(db, batchSize, WORKERS, totals, {
        written: (rows) => {
          for (const { table, operation, count } of rows) told[table][operation] += count;
        },
        report: (_worker, { kind }) => {
          if (kind === 'ready') ready++;
        },
        workerDied: () => died++,
      });
      const running = coordinator.run();
      const events = () => coordinator.workerStats.reduce((sum, stats) => sum + stats.events, 0);
      for (let death = 1; death <= DEATHS; death++) {
        const goal = events() + EVENTS_BETWEEN;
        const inPlace = WORKERS + death - 1;
        await waitFor(() => ready === inPlace && events() >= goal, { what: 'events' });
        await coordinator.threads[death % coordinator.threads.length]?.terminate();
        await waitFor(() => died === death, { what: 'the news of its death' });
      }
      const goal = events() + EVENTS_BETWEEN;
      await waitFor(() => events() >= goal, { what: 'events' });
      coordinator.stop();
      const outcome = await running;
      const plan = { rate: 'max' as const, curve: null, endMs: null, sheds: false };
      const facts = { runId: 'test', rng: 42, batchSize, ...plan };
      const summary = summarize(
        facts,
        { ...outcome, lost: false },
        outcome.workerStats,
        new SeriesStats(1),
      );
      await assertExact(db, summary);
      assert.equal(outcome.stoppedBy, 'signal');
      // What the dead ones had no time to report is in the log's totals all the same.
      assert.deepEqual(told, summary.rows);
      const counts = await withConnection(db.target, countRows);
      const known = Object.fromEntries(TABLE_NAMES.map((table) => [table, totals.of(table)]));
      assert.deepEqual(known as TableCounts, counts);
    });
  });
}

test('a worker that dies at every start ends the run', async () => {
  await withDatabase(server, async (db) => {
    const reports: unknown[] = [];
    const coordinator = await coordinatorOf(db, 20, 1, new Totals(), {
      written: () => undefined,
      report: (_worker, report) => {
        if (report.kind === 'ready') void coordinator.threads[0]?.terminate();
      },
      workerDied: (_worker, error) => reports.push(error),
    });
    const outcome = await coordinator.run();
    assert.equal(outcome.stoppedBy, 'critical');
    assert.equal(outcome.failure?.class, 'defect');
    assert.equal(reports.length, 3);
  });
});

async function coordinatorOf(
  db: TestDatabase,
  batchSize: number,
  workers: number,
  totals: Totals,
  observer: StreamObserver,
): Promise<Coordinator> {
  const tables = await withConnection(db.target, readTableOids);
  const plans = planLoad({
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
    weights: Object.fromEntries(EVENT_TYPES.map((type) => [type, 1])) as Record<
      (typeof EVENT_TYPES)[number],
      number
    >,
  });
  return new Coordinator(
    {
      target: { ...db.target, applicationName: AUDITED_APPLICATION },
      tables,
      rng: 42,
      plans,
      batchSize,
      updateRatio: 0.15,
      deleteRatio: 0.05,
      idCacheSize: 10_000,
      reconnect: { attempts: 5, baseMs: 10, maxMs: 100, failFast: true },
      stopGraceMs: 5_000,
      pools: samplePools(),
      totals,
      facts: null,
      ledger: null,
    },
    observer,
  );
}
