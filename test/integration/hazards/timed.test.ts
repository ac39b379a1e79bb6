import assert from 'node:assert/strict';
import test from 'node:test';
import type { Hazards, TimedHazard } from '../../../src/hazards/hazards.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { withHazardRun } from '../../helpers/hazard-run.js';
import { startServer } from '../../helpers/server.js';
import { withPlainWorkspace } from '../../helpers/workspace.js';

const schema = schemaWith([]);
const server = await startServer(18, { settings: { wal_level: 'logical' } });

const EACH: readonly (readonly [TimedHazard, Hazards])[] = [
  ['key-change', { 'key-change': { everyMs: 300 } }],
  ['huge', { huge: { everyMs: 1_500, rows: 5_000 } }],
  ['long', { long: { everyMs: 1_200, lengthMs: 500 } }],
  ['quiet', { quiet: { everyMs: 1_200, lengthMs: 400 } }],
];

for (const [name, hazards] of EACH) {
  test(`${name} happens, in the ledger and not in the load`, () =>
    withPlainWorkspace(server, async ({ db, cwd }) => {
      const load = { durationSeconds: 3, rate: 200 };
      await withHazardRun(db, cwd, schema, hazards, load, async (run) => {
        const outcome = await run.engine.start();
        const times = outcome.hazards[name] ?? 0;
        assert.equal(outcome.failure, null, JSON.stringify(outcome.failure));
        assert.ok(times >= 2, `${times} times`);
        assert.deepEqual(Object.keys(outcome.hazards), [name]);
        assert.equal(run.reports.length, times);
        const bySecond = run.points.reduce((sum, { hazards }) => sum + (hazards?.[name] ?? 0), 0);
        assert.equal(bySecond, times);
        assert.equal(run.engine.sample().events, 600);
        return outcome;
      });
    }));
}
