import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import test from 'node:test';
import { type Hazards, QUIET_SCHEMA, type TimedHazard } from '../../../src/hazards/hazards.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import type { RunOutcome } from '../../../src/run/engine.js';
import { schemaWith } from '../../../src/schemas/index.js';
import type { TestDatabase } from '../../helpers/database.js';
import { type HazardRun, withHazardRun } from '../../helpers/hazard-run.js';
import { startServer } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { withPlainWorkspace } from '../../helpers/workspace.js';

const schema = schemaWith([]);
const settings = { wal_level: 'logical' };
const servers = [await startServer(18, { settings }), await startServer(14, { settings })] as const;
/** Workers of a run: the hazards' ledgers follow theirs. */
const WORKERS = 2;
/** Events a second. */
const RATE = 400;

type Check = (run: HazardRun, outcome: RunOutcome, db: TestDatabase) => unknown;

const EACH: readonly (readonly [TimedHazard, Hazards, Check])[] = [
  ['key-change', { 'key-change': { everyMs: 300 } }, requireKeyChanges],
  [
    'huge',
    { huge: { everyMs: 1_000, rows: 3_000 } },
    // And the witness.
    ({ reports }) => assert.equal(reports[0]?.rows, 3_000),
  ],
  ['long', { long: { everyMs: 1_200, lengthMs: 500 } }, requireLower],
  [
    'quiet',
    { quiet: { everyMs: 1_200, lengthMs: 400 } },
    async ({ reports }, { seconds, activeSeconds }, db) => {
      assert.ok(seconds - activeSeconds > reports.length * 0.35, 'the clock was held');
      const schemas = await db.query('SELECT FROM pg_namespace WHERE nspname = $1', [QUIET_SCHEMA]);
      assert.deepEqual(schemas, []);
    },
  ],
];

for (const [name, hazards, check] of EACH) {
  test(`${name} happens, in the ledger and not in the load`, () =>
    withPlainWorkspace(servers[0], async ({ db, cwd }) => {
      // Producers lease many ids of the rows that a long transaction writes.
      const only = name === 'long' ? ['exame'] : [];
      const load = { rate: RATE, workers: WORKERS, only };
      await withHazardRun(db, cwd, schema, hazards, load, async (run) => {
        const outcome = await untilAll(run, [name]);
        const times = outcome.hazards[name] ?? 0;
        assert.deepEqual(Object.keys(outcome.hazards), [name]);
        assert.equal(run.reports.length, times);
        const bySecond = run.points.reduce((sum, { hazards }) => sum + (hazards?.[name] ?? 0), 0);
        assert.equal(bySecond, times);
        const { events } = run.engine.sample();
        assert.ok(events <= RATE * (outcome.activeSeconds + 1), `${events} events`);
        await check(run, outcome, db);
        return outcome;
      });
    }));
}

test('14: all of them, while the load is as fast as the server takes it', () =>
  withPlainWorkspace(servers[1], async ({ db, cwd }) => {
    const hazards: Hazards = {
      'key-change': { everyMs: 200 },
      huge: { everyMs: 1_000, rows: 2_000 },
      long: { everyMs: 900, lengthMs: 400 },
      quiet: { everyMs: 900, lengthMs: 200 },
    };
    const load = { rate: 'max', workers: WORKERS } as const;
    await withHazardRun(db, cwd, schema, hazards, load, async (run) => {
      const outcome = await untilAll(run, Object.keys(hazards));
      assert.deepEqual(Object.keys(outcome.hazards), Object.keys(hazards));
      return outcome;
    });
  }));

test('the end of the run cuts nothing: a hazard that would last longer never begins', () =>
  withPlainWorkspace(servers[0], async ({ db, cwd }) => {
    const hazards: Hazards = {
      huge: { everyMs: 900, rows: 1_000_000 },
      long: { everyMs: 900, lengthMs: 60_000 },
    };
    const load = { rate: RATE, durationSeconds: 2, workers: WORKERS };
    await withHazardRun(db, cwd, schema, hazards, load, async ({ engine }) => {
      const outcome = await engine.start();
      assert.deepEqual([outcome.stoppedBy, outcome.cutOff], ['duration', false]);
      assert.equal(outcome.hazards.long, 0);
      // The rest of a huge one is no time of the load.
      assert.ok(outcome.activeSeconds < 2.5, `${outcome.activeSeconds} s`);
      return outcome;
    });
  }));

/** Runs until each of these hazards happened twice, then stops. */
async function untilAll({ engine, reports }: HazardRun, names: readonly string[]) {
  const running = engine.start();
  const isDone = (name: string) => reports.filter((report) => report.name === name).length >= 2;
  await Promise.race([running, waitFor(() => names.every(isDone), { what: 'hazards' })]);
  engine.stop();
  return running;
}

test('hazards end with the last event, and a long one is committed early', () =>
  withPlainWorkspace(servers[0], async ({ db, cwd }) => {
    const hazards: Hazards = { long: { everyMs: 900, lengthMs: 60_000 } };
    const load = { rate: 400, maxEvents: 800, workers: WORKERS };
    await withHazardRun(db, cwd, schema, hazards, load, async ({ engine }) => {
      const outcome = await engine.start();
      assert.deepEqual([outcome.stoppedBy, outcome.cutOff], ['max-events', false]);
      assert.equal(engine.sample().events, 800);
      assert.deepEqual(outcome.hazards, { long: 1 });
      return outcome;
    });
  }));

/** Each change of a key is a delete and an insert, and the children follow it. */
function requireKeyChanges({ folder }: HazardRun): void {
  for (const { rows } of intentsOf(folder, 'key-change')) {
    // The witness is a patient, too.
    assert.deepEqual(Object.keys(rows.pacientes ?? {}).sort(), ['delete', 'insert']);
    for (const child of ['consultas', 'exames', 'internacoes']) {
      assert.deepEqual(Object.keys(rows[child] ?? {}), ['update'], child);
    }
  }
}

/** Rows with higher ids were committed before the transaction, and while it was open. */
function requireLower({ folder, reports }: HazardRun): void {
  const others = ledgersOf(folder, (worker) => worker <= WORKERS);
  const ids = others.map((line) => Number(/"exames":{"insert":"(\d+)/.exec(line)?.[1] ?? 0));
  const first = intentsOf(folder, 'long').map(({ rows }) =>
    Number.parseInt(rows.exames!.insert!, 10),
  );
  assert.ok(Math.max(...ids) > Math.min(...first), `${Math.max(...ids)} after ${first}`);
  for (const { lengthMs } of reports) assert.ok((lengthMs ?? 0) > 450, `${lengthMs} ms`);
}

interface Intent {
  readonly intent: number;
  readonly rows: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

function intentsOf(folder: string, name: string): Intent[] {
  const lines = ledgersOf(folder, (worker) => worker > WORKERS);
  const found = lines.filter((line) => line.includes(`"names":["${name}"]`));
  assert.ok(found.length > 0, `no ${name} in the ledger`);
  return found.map((line) => JSON.parse(line) as Intent);
}

/** The lines of the first connections of these workers. */
function ledgersOf(folder: string, isWanted: (worker: number) => boolean): string[] {
  const workers = Array.from({ length: WORKERS + 1 }, (_, i) => i + 1).filter(isWanted);
  return workers.flatMap((worker) =>
    readFileSync(ledgerFile(folder, worker, 1), 'utf8').split('\n'),
  );
}
