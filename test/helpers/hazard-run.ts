import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readDatabaseFacts } from '../../src/database/read-facts.js';
import { countRows } from '../../src/database/table-counts.js';
import type { Hazards } from '../../src/hazards/hazards.js';
import { checkLedger } from '../../src/ledger/check.js';
import { writeFacts } from '../../src/ledger/facts-file.js';
import { withConnection } from '../../src/postgres/connect.js';
import type { Failure } from '../../src/postgres/failures.js';
import { identify } from '../../src/postgres/identity.js';
import { readTableOids } from '../../src/postgres/table-oids.js';
import { RunEngine, type RunOutcome } from '../../src/run/engine.js';
import { planHazards, sharedRows } from '../../src/run/hazard-plan.js';
import { planLoad } from '../../src/run/plan.js';
import type { HazardReport } from '../../src/run/protocol.js';
import type { SeriesPoint } from '../../src/run/series.js';
import type { EventType } from '../../src/schema/event.js';
import type { Schema } from '../../src/schema/schema.js';
import { requireSame } from '../faults/gauntlet/agreement.js';
import { readLedger } from '../faults/gauntlet/ledger-reader.js';
import { Oracle } from '../faults/gauntlet/oracle.js';
import type { TestDatabase } from './database.js';

export interface HazardLoad {
  readonly workers?: number;
  readonly rate?: number | 'max';
  readonly only?: readonly EventType[];
  readonly durationSeconds?: number | null;
  readonly maxEvents?: number | null;
  readonly stopGraceMs?: number;
  /** Turns of timed hazards may fail. */
  readonly mayFail?: boolean;
}

/** A run with hazards, in this process: its threads can be ended, and all that it reports is kept. */
export interface HazardRun {
  readonly engine: RunEngine;
  readonly reports: readonly HazardReport[];
  readonly points: readonly SeriesPoint[];
  /** Errors of threads that died. */
  readonly deaths: readonly unknown[];
  /** How many threads have become ready so far. */
  ready(): number;
  /** The folder of its ledger. */
  readonly folder: string;
}

/**
 * Lends `body` a run with hazards that is not started yet. Afterwards the ledger must agree with the database, with the
 * server's own decoder and with the totals that the engine has of each table.
 */
export async function withHazardRun(
  db: TestDatabase,
  cwd: string,
  schema: Schema,
  hazards: Hazards,
  load: HazardLoad,
  body: (run: HazardRun) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const oracle = await Oracle.begin(db);
  const folder = join(cwd, 'ledger');
  await mkdir(folder);
  const found = await withConnection(db.target, async (client) => ({
    tables: await readTableOids(client, schema.tables),
    facts: await readDatabaseFacts(client, schema.tables),
    server: (await identify(client)).server,
    plan: await planHazards(client, schema, hazards),
  }));
  const shared = sharedRows(schema, found.plan);
  writeFacts(schema, folder, 'test', found.server, found.facts, shared);
  const reports: HazardReport[] = [];
  const points: SeriesPoint[] = [];
  const deaths: unknown[] = [];
  let ready = 0;
  const failures: Failure[] = [];
  const engine = new RunEngine(
    {
      schema,
      target: db.target,
      tables: found.tables,
      rng: 42,
      plan: planLoad(
        {
          ...{ workers: load.workers ?? 2, rng: 42, rate: load.rate ?? 200, stages: [] },
          ...{ arrivals: 'even', onLag: 'queue', intervalSeconds: 2, maxJitterMs: 0 },
          ...{ batchSize: 5, only: load.only ?? [] },
          durationSeconds: load.durationSeconds ?? null,
          maxEvents: load.maxEvents ?? null,
          weights: Object.fromEntries(schema.eventTypes.map((type) => [type, 1])),
        },
        schema,
      ),
      batchSize: 5,
      updateRatio: 0.2,
      deleteRatio: 0.1,
      idCacheSize: 10_000,
      reconnect: { attempts: 100, baseMs: 10, maxMs: 200, failFast: true },
      stopGraceMs: load.stopGraceMs ?? 5_000,
      pools: await schema.samplePools(),
      facts: found.facts,
      ledger: { folder, run: 'test' },
      hazards: found.plan,
    },
    {
      written: () => undefined,
      report: (_worker, report) => {
        if (report.kind === 'hazard') reports.push(report);
        if (report.kind === 'ready') ready++;
        if (report.kind === 'hazard-failed') failures.push(report.failure);
      },
      workerDied: (_worker, error) => deaths.push(error),
      sampled: (point) => points.push(point),
    },
  );
  const outcome = await body({ engine, reports, points, deaths, folder, ready: () => ready });
  if (load.mayFail !== true) assert.deepEqual(failures.slice(0, 1), []);
  assert.equal(outcome.failure, null, JSON.stringify(outcome.failure));
  const counts = await withConnection(db.target, (client) => countRows(client, schema.tables));
  for (const [table, count] of Object.entries(counts)) {
    const isTruncated = hazards.truncate !== undefined && schema.hazards.truncate.includes(table);
    assert.equal(engine.totals.of(table), isTruncated ? null : count, `total of ${table}`);
  }
  const { totals, differences } = await withConnection(db.target, (client) =>
    checkLedger(schema.tables, client, folder, () => undefined),
  );
  assert.deepEqual([totals.problems.examples, differences.examples], [[], []]);
  await requireSame(readLedger(folder), oracle);
  await oracle.end();
  return outcome;
}
