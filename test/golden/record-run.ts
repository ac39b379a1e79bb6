import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { RunSummary } from '../../src/runs/summary.js';
import { runCli } from '../helpers/cli.js';
import { startServer } from '../helpers/server.js';
import { withPlainWorkspace } from '../helpers/workspace.js';
import { makeSlot, newSlot, readLines } from '../integration/verify/verifying.js';
import { RECORDED_RUNS, type RecordedRun, recordedFolder } from './runs.js';

/**
 * Records the runs of this folder again, with the program that `APP` names (`dist/src/cli.js` of a checkout). It
 * is no test, and runs only when it is asked for (README.md).
 */

const { APP, FORMAT } = process.env;
assert.ok(APP && FORMAT, 'APP=…/dist/src/cli.js FORMAT=1 or 2');
const server = await startServer(18);

/** Drops every fifth exam, and refuses at COMMIT what holds a patient whose id ends in 3. */
const UNRULY = `
  CREATE FUNCTION drop_some() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.id % 5 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$;
  CREATE TRIGGER drop_some BEFORE INSERT ON exames FOR EACH ROW EXECUTE FUNCTION drop_some();
  CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.id % 10 = 3 THEN RAISE EXCEPTION 'refused'; END IF; RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER refuse_some AFTER INSERT ON pacientes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_some();`;

const LOADS: Readonly<Record<RecordedRun, readonly string[]>> = {
  plain: ['--batch-size', '3', '--max-events', '60'],
  unruly: ['--batch-size', '4', '--max-events', '40', '--only', 'novo_paciente,exame'],
};

for (const name of RECORDED_RUNS) {
  test(`${name} is recorded`, () =>
    withPlainWorkspace(server, async (workspace) => {
      if (name === 'unruly') await workspace.db.query(UNRULY);
      const slot = newSlot();
      await makeSlot(workspace, slot);
      const load = ['--workers', '2', '--rate', 'max', '--rng', '7', ...LOADS[name]];
      const mix = ['--update-ratio', '0.35', '--delete-ratio', '0.15'];
      const { code, stdout, stderr } = await runCli(['stream', '--json', ...load, ...mix], {
        cwd: workspace.cwd,
        env: workspace.env,
        app: APP,
      });
      assert.equal(code, 0, stderr);
      const { events, run_id, transactions } = JSON.parse(stdout) as RunSummary;
      console.log(name, events, transactions);
      const folder = recordedFolder(Number(FORMAT), name);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const run = join(workspace.cwd, 'logs', 'runs', run_id);
      for (const kept of ['ledger', 'summary.json']) {
        cpSync(join(run, kept), join(folder, run_id, kept), { recursive: true });
      }
      const lines = await readLines(workspace, slot, events);
      writeFileSync(join(folder, 'events.ndjson'), lines.map((line) => `${line}\n`).join(''));
      await workspace.db.query(`SELECT pg_drop_replication_slot('${slot}')`);
    }));
}
