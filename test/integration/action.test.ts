import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../src/lib/package-root.js';
import { type ActionResult, readAction, runCompositeAction } from '../helpers/composite-action.js';
import { freePort } from '../helpers/free-port.js';
import { startServer } from '../helpers/server.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { waitFor } from '../helpers/wait-for.js';

const SECRET = 's3nha-do-ci';
const DATABASE = 'action';
/** Enough for a verdict. */
const SHORT = '--duration 1s --workers 2';

const server = await startServer(18);
await server.query(`CREATE ROLE ci LOGIN PASSWORD '${SECRET}'`);
await server.query(`CREATE DATABASE ${DATABASE} OWNER ci`);

const action = readAction(join(packageRoot(), 'action.yml'));

function urlOf(port: number): string {
  return `postgresql://ci:${SECRET}@127.0.0.1:${port}/${DATABASE}`;
}

/** A checkout, as GitHub makes one for an action, with the dependencies installed and nothing built. */
async function makeCheckout(folder: string): Promise<void> {
  for (const name of readdirSync(packageRoot())) {
    if (/^(\.(?!github)|dist|node_modules|logs)/.test(name)) continue;
    await cp(join(packageRoot(), name), join(folder, name), { recursive: true });
  }
  const installed = join(packageRoot(), 'node_modules');
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(installed)) {
    if (name !== '.package-lock.json') {
      symlinkSync(join(installed, name), join(folder, 'node_modules', name));
    }
  }
  // npm writes it last, and make takes it for the proof of a whole installation.
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), '{}');
}

/** True once a run of this folder has a second of its series. */
function hasSeries(runs: string): boolean {
  if (!existsSync(runs)) return false;
  return readdirSync(runs).some((run) => existsSync(join(runs, run, 'series.ndjson')));
}

test('no script of the action has an expression in it, which an input could turn into commands', () => {
  for (const { run = '' } of action.runs.steps) assert.doesNotMatch(run, /\$\{\{/);
});

test('the action runs a profile, keeps the page, and fails with the reason', async (t) => {
  await withTempFolder(async (folder) => {
    const checkout = join(folder, 'checkout');
    mkdirSync(checkout);
    await makeCheckout(checkout);
    let jobs = 0;
    const runJob = async (inputs: Readonly<Record<string, string>>): Promise<ActionResult> => {
      const workspace = join(folder, `job-${++jobs}`);
      mkdirSync(join(workspace, 'load'), { recursive: true });
      const given = { 'working-directory': 'load', args: SHORT, ...inputs };
      const result = await runCompositeAction(action, given, { checkout, workspace });
      for (const text of [result.log, result.summary, JSON.stringify(result.outputs)]) {
        assert.ok(!text.includes(SECRET), 'the password is shown');
      }
      return result;
    };

    await t.test('a run that holds', async () => {
      // Those of the profile would not hold on a busy machine.
      const thresholds = 'rejected==0\nin_doubt==0';
      const job = await runJob({ 'database-url': urlOf(server.port), thresholds });
      const { outputs, uses, summary } = job;
      assert.equal(job.exitCode, 0, job.log);
      assert.equal(outputs.verdict, 'held');
      assert.equal(outputs['exit-code'], '0');
      assert.doesNotMatch(job.log, /::error/);
      assert.match(summary, /^## oltp-simulator: held\n\n`+text\nHeld: 2 of 2 thresholds\n/);
      // The rate of the profile.
      assert.match(summary, /\n *events +\d+, at [\d.]+ of 50 per second\n/);
      const [node, upload] = uses;
      assert.equal(node?.with['node-version'], '24');
      assert.match(upload?.action ?? '', /^actions\/upload-artifact@/);
      assert.equal(upload?.with.name, 'oltp-simulator-report');
      const { path = '' } = upload?.with ?? {};
      assert.equal(path, outputs.report);
      assert.ok((await readFile(path, 'utf8')).includes(outputs['run-id'] ?? '?'));
    });

    await t.test('a threshold that does not hold', async () => {
      const job = await runJob({
        'database-url': urlOf(server.port),
        thresholds: 'rejected==0\nresponse.p99 < 1us\n',
        artifact: 'page-of-18',
      });
      const { outputs, uses, summary } = job;
      assert.equal(job.exitCode, 5, job.log);
      assert.equal(outputs.verdict, 'not-held');
      assert.equal(outputs['exit-code'], '5');
      const reason = 'Did not hold: response\\.p99 [\\d,]+ us, limit 1 us';
      assert.match(job.log, new RegExp(`^::error title=oltp-simulator::${reason}$`, 'm'));
      const headed = `^## oltp-simulator: did not hold\n\n\`+text\n${reason}\n\n  run `;
      assert.match(summary, new RegExp(headed));
      assert.equal(uses.at(-1)?.with.name, 'page-of-18');
      assert.ok(existsSync(uses.at(-1)?.with.path ?? ''));
    });

    await t.test('a database that is not reachable', async () => {
      const port = await freePort();
      const job = await runJob({ 'database-url': urlOf(port), 'node-version': '' });
      assert.equal(job.exitCode, 3, job.log);
      assert.deepEqual(job.outputs, {
        verdict: 'failed',
        'exit-code': '3',
        'run-id': '',
        report: '',
      });
      const address = `127\\.0\\.0\\.1:${port}`;
      assert.match(job.log, new RegExp(`^::error title=oltp-simulator::.*${address}`, 'm'));
      assert.match(job.summary, new RegExp(`^## oltp-simulator: failed\n\n\`+text\n.*${address}`));
      assert.deepEqual(job.uses, []);
    });

    await t.test('a server that is lost amid the run', async () => {
      const job = runJob({ 'database-url': urlOf(server.port), args: '--duration 1m --workers 2' });
      const load = join(folder, `job-${jobs}`, 'load');
      mkdirSync(join(load, 'config'));
      const giveUpSoon = 'STREAM_RECONNECT_ATTEMPTS=1\nSTREAM_RECONNECT_BASE_SECONDS=0.05\n';
      writeFileSync(join(load, 'config', '.env'), giveUpSoon);
      // One line a second, from the first event on.
      await waitFor(() => hasSeries(join(load, 'logs', 'runs')));
      await server.stop('immediate');
      const { exitCode, outputs, uses, log, summary } = await job;
      assert.equal(exitCode, 3, log);
      assert.equal(outputs.verdict, 'failed');
      const reason = 'Did not finish: .*127\\.0\\.0\\.1.*';
      assert.match(log, new RegExp(`^::error title=oltp-simulator::${reason}`, 'm'));
      assert.match(summary, new RegExp(`^## oltp-simulator: failed\n\n\`+text\n${reason}\n`));
      assert.ok(existsSync(uses.at(-1)?.with.path ?? ''));
    });

    await t.test('a threshold that is misspelt', async () => {
      const job = await runJob({ 'database-url': urlOf(server.port), thresholds: 'p99<250ms' });
      assert.equal(job.exitCode, 2, job.log);
      assert.match(job.log, /^::error title=oltp-simulator::.*p99/m);
      assert.deepEqual([job.outputs.verdict, job.outputs['run-id']], ['failed', '']);
    });

    await t.test('an empty database-url, as in a pull request from a fork', async () => {
      const job = await runJob({ 'database-url': '' });
      assert.equal(job.exitCode, 2, job.log);
      assert.match(job.log, /^::error title=oltp-simulator::the input database-url is empty/m);
      assert.ok(!existsSync(join(folder, `job-${jobs}`, 'load', '.data')));
    });
  });
});
