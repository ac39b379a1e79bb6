import assert from 'node:assert/strict';
import test from 'node:test';
import { monotonicMs } from '../../../src/lib/clock.js';
import { runCli, startCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { insist } from './insist.js';
import { assertRefused, readDocument } from './refusals.js';

const server = await startServer(18);

async function countRows(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ count: string }>('SELECT count(*) FROM pacientes');
  return Number(row?.count);
}

test('pause says when nothing is running, and both commands say when nothing changed', async () => {
  await withTempFolder(async (cwd) => {
    const paused = await runCli(['pause'], { cwd });
    assert.equal(paused.code, 0);
    assert.match(paused.stdout, /^paused\nno stream is running/);
    assert.match((await runCli(['pause'], { cwd })).stdout, /^was paused already\n/);
    const document = readDocument<object>(await runCli(['pause', '--json'], { cwd }));
    assert.deepEqual(document, { paused: true, changed: false, runs: 0 });
    assert.equal((await runCli(['resume'], { cwd })).stdout, 'resumed\n');
    assert.equal((await runCli(['resume'], { cwd })).stdout, 'was not paused\n');
  });
});

test('a running stream stands still while paused, says so, and ends well on a signal', async () => {
  await withDatabase(server, async (db) => {
    await withTempFolder(async (cwd) => {
      const options = { cwd, env: envOf(db.target) };
      const args = ['stream', '--rate', '100', '--batch-size', '1', '--workers', '2', '--json'];
      const stream = startCli([...args, '--only', 'novo_paciente'], options);
      await waitFor(async () => (await countRows(db)) > 5);

      const paused = await runCli(['pause'], options);
      assert.match(paused.stdout, /^paused \(1 run under way\)\n$/);
      await stream.until(/\[stream\] - paused/);
      // A batch that was in flight at the pause may still arrive; after it, nothing.
      let last = await countRows(db);
      let since = monotonicMs();
      await waitFor(async () => {
        const now = await countRows(db);
        if (now !== last) since = monotonicMs();
        last = now;
        return monotonicMs() - since > 700;
      });

      await runCli(['resume'], options);
      await stream.until(/\[stream\] - resumed/);
      await waitFor(async () => (await countRows(db)) > last);
      // As npm does, which passes on what the terminal has sent already: still one wish.
      stream.child.kill('SIGTERM');
      stream.child.kill('SIGINT');
      const ended = await stream.ended();
      assert.equal(ended.code, 0, ended.stderr);
      const summary = readDocument<{ stopped_by: string; paused_seconds: number }>(ended);
      assert.equal(summary.stopped_by, 'signal');
      assert.ok(summary.paused_seconds > 0.6, `${summary.paused_seconds}`);
    });
  });
});

test('a second signal ends a stream with code 130', async () => {
  await withDatabase(server, async (db) => {
    const blocker = 'oltp-simulator-test-blocker';
    await withTempFolder(async (cwd) => {
      const env = { ...envOf(db.target), STREAM_STOP_GRACE_SECONDS: '60' };
      const stream = startCli(['stream', '--rate', '50', '--only', 'novo_paciente'], { cwd, env });
      await waitFor(async () => (await countRows(db)) > 0);
      // A lock that nobody releases keeps the batches in flight from ending.
      const held = db.query(`SET application_name = '${blocker}'; BEGIN;
        LOCK TABLE pacientes IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)`);
      held.catch(() => undefined);
      await waitFor(async () => {
        const waiting = await server.query(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1",
          [db.name],
        );
        return waiting.length > 0;
      });
      await insist(stream);
      const { code, stderr } = await stream.ended();
      assert.equal(code, 130);
      assert.match(stderr, /forced to end/);
      await server.terminateBackends(db.name);
      await held.catch(() => undefined);
    });
  });
});

test('two streams of one folder run side by side', async () => {
  await withDatabase(server, async (db) => {
    await withTempFolder(async (cwd) => {
      const options = { cwd, env: envOf(db.target) };
      const args = [
        'stream',
        '--max-events',
        '40',
        '--rate',
        'max',
        '--batch-size',
        '10',
        '--json',
      ];
      const [one, other] = await Promise.all([runCli(args, options), runCli(args, options)]);
      assert.equal(readDocument<{ events: number }>(one).events, 40);
      assert.equal(readDocument<{ events: number }>(other).events, 40);
      const stray = await runCli(['stream', 'x'], options);
      assertRefused(stray, 2, /"x"/);
    });
  });
});
