import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from 'pg';
import { readPostmaster } from '../../../src/embedded/cluster.js';
import { connect } from '../../../src/postgres/connect.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { runCli, startCli } from '../../helpers/cli.js';
import { hospital } from '../../helpers/hospital.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { testTarget } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { insist } from './insist.js';
import { readDocument } from './refusals.js';

/** Rows that the built-in settings seed. */
const SEEDED: Readonly<Record<string, number>> = {
  pacientes: 2000,
  medicos: 1000,
  convenios: 1000,
  pacientes_convenios: 2500,
  consultas: 4000,
  exames: 3500,
  internacoes: 1200,
};
/** Making a data folder, starting and seeding on a busy machine. */
const SLOW_MS = 60_000;

/** An empty folder; as root, the server runs as another user, who must be able to enter. */
function withFolder<T>(body: (cwd: string) => Promise<T>): Promise<T> {
  return withTempFolder(async (cwd) => {
    await chmod(cwd, 0o755);
    return body(cwd);
  });
}

function dataFolder(cwd: string): string {
  return join(cwd, '.data', 'postgres');
}

function serverIsUp(cwd: string): boolean {
  return readPostmaster(dataFolder(cwd)) !== null;
}

interface Counts {
  readonly tables: Record<string, number>;
}

test('start runs from an empty folder to a summary that agrees with the tables', async () => {
  await withFolder(async (cwd) => {
    const first = startCli(['start', '--rate', '200', '--json'], { cwd });
    await first.until(/\[stream\] - consultas: .*batch=50/, SLOW_MS);
    first.child.kill('SIGINT');
    const ended = await first.ended();
    assert.equal(ended.code, 0, ended.stderr);
    const summary = readDocument<RunSummary>(ended);
    assert.equal(summary.stopped_by, 'signal');
    assert.ok(summary.events > 0);
    assert.equal(serverIsUp(cwd), false);

    const counts = await runCli(['counts', '--json'], { cwd });
    const { tables } = readDocument<Counts>(counts);
    const expected = Object.fromEntries(
      hospital.tables.names.map((table) => {
        const { insert, delete: gone } = summary.rows[table]!;
        return [table, (SEEDED[table] ?? 0) + insert - gone];
      }),
    );
    assert.deepEqual(tables, expected);
    assert.equal(serverIsUp(cwd), false);

    const again = await runCli(['start', '--max-events', '50', '--rate', 'max'], { cwd });
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /\[seed\] - \w+: inserted|creating/);
    assert.match(again.stdout, /^No verdict: .*\n\n +run .*\n +stopped by +event limit, after /);
    assert.match(again.stdout, /\n {2}events +50, at /);
  });
});

test('db shows where the server is and keeps it up, counts beside it neither stops nor keeps it', async () => {
  await withFolder(async (cwd) => {
    const db = startCli(['db'], { cwd });
    const [url] = await db.until(/postgresql:\/\/\S+/, SLOW_MS);
    await db.until(/Ctrl\+C/);
    assert.equal((await runCli(['init-db'], { cwd })).code, 0);
    assert.equal((await runCli(['counts'], { cwd })).code, 0);

    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query('SHOW wal_level');
    assert.deepEqual(rows, [{ wal_level: 'logical' }]);
    await client.end();

    db.child.kill('SIGINT');
    const { code, stdout, stderr } = await db.ended();
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${url}\n`);
    assert.match(stderr, /embedded PostgreSQL stopped/);
    assert.equal(serverIsUp(cwd), false);
  });
});

test('db ends with exit code 3 and a sentence when its server is killed', async () => {
  await withFolder(async (cwd) => {
    const db = startCli(['db'], { cwd });
    await db.until(/Ctrl\+C/, SLOW_MS);
    const postmaster = readPostmaster(join(cwd, '.data/postgres'));
    assert.ok(postmaster !== null);
    process.kill(postmaster.pid, 'SIGKILL');
    const { code, stderr } = await db.ended();
    assert.equal(code, 3, stderr);
    assert.match(stderr, /the embedded PostgreSQL ended unexpectedly; its log \S+ has the reason/);
  });
});

test('a command that outlives db keeps the server until its own end', async () => {
  await withFolder(async (cwd) => {
    const db = startCli(['db'], { cwd });
    await db.until(/Ctrl\+C/, SLOW_MS);
    const start = startCli(['start', '--rate', '100'], { cwd });
    await start.until(/batch=50/, SLOW_MS);
    db.child.kill('SIGTERM');
    assert.equal((await db.ended()).code, 0);
    assert.equal(serverIsUp(cwd), true);
    start.child.kill('SIGTERM');
    const ended = await start.ended();
    assert.equal(ended.code, 0, ended.stderr);
    assert.doesNotMatch(ended.stderr, /connection lost/);
    assert.equal(serverIsUp(cwd), false);
  });
});

test('a signal at any moment before the stream leaves no server behind, and the next start completes', async () => {
  await withFolder(async (cwd) => {
    const moments = [
      {
        at: /creating the embedded PostgreSQL/,
        signal: 'SIGINT',
        sentence: /interrupted before it was finished/,
      },
      { at: /schema ready/, signal: 'SIGHUP', sentence: /interrupted/ },
      {
        at: /\[seed\] - pacientes: inserted/,
        signal: 'SIGTERM',
        sentence: /seed interrupted/,
      },
    ] as const;
    for (const { at, signal, sentence } of moments) {
      const start = startCli(['start', '--scale', '10', '--json'], { cwd });
      await start.until(at, SLOW_MS);
      start.child.kill(signal);
      const ended = await start.ended();
      assert.equal(ended.code, 130, ended.stderr);
      assert.match(ended.stderr, sentence);
      readDocument(ended);
      assert.equal(serverIsUp(cwd), false, String(at));
    }
    const args = ['start', '--scale', '10', '--max-events', '10', '--rate', 'max', '--json'];
    const complete = await runCli(args, { cwd });
    assert.equal(complete.code, 0, complete.stderr);
    assert.equal(readDocument<RunSummary>(complete).events, 10);
    assert.match(complete.stderr, /rules checked, no violation/);
  });
});

test('a run that loses the embedded server names it, and shows the end of its log', async () => {
  await withFolder(async (cwd) => {
    const env = { STREAM_RECONNECT_ATTEMPTS: '2', STREAM_RECONNECT_BASE_SECONDS: '0.05' };
    const start = startCli(['start', '--scale', '0.1', '--rate', 'max', '--json'], { cwd, env });
    await start.until(/batch=50/, SLOW_MS);
    const { pid = 0 } = readPostmaster(dataFolder(cwd)) ?? {};
    process.kill(pid, 'SIGKILL');
    const ended = await start.ended();
    assert.equal(ended.code, 3, ended.stderr);
    const summary = readDocument<RunSummary>(ended);
    assert.equal(summary.server_lost, true);
    const log = `${dataFolder(cwd)}.log`;
    assert.ok(ended.stderr.includes(`the simulator's own embedded PostgreSQL`), ended.stderr);
    const last = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    assert.ok(
      last.some((line) => ended.stderr.includes(`  ${line}\n`)),
      ended.stderr,
    );
    assert.doesNotMatch(ended.stderr, /ready to accept connections/);
    // The server was already down, so nothing was stopped.
    assert.doesNotMatch(ended.stderr, /did not stop/);
  });
});

test('a second signal leaves no server behind either', async () => {
  await withFolder(async (cwd) => {
    const env = { STREAM_STOP_GRACE_SECONDS: '60' };
    const start = startCli(['start', '--only', 'exame'], { cwd, env });
    await start.until(/batch=50/, SLOW_MS);
    const { port = 0 } = readPostmaster(dataFolder(cwd)) ?? {};
    const blocker = await connect(testTarget(port, 'hospital_oltp'));
    // A lock that stays keeps the batches in flight from ending.
    await blocker.query('BEGIN; LOCK TABLE exames IN ACCESS EXCLUSIVE MODE');
    await waitFor(async () => {
      const { rowCount } = await blocker.query('SELECT 1 FROM pg_locks WHERE NOT granted');
      return rowCount !== 0;
    });
    await insist(start);
    const { code, stderr } = await start.ended();
    await blocker.end().catch(() => undefined);
    assert.equal(code, 130);
    assert.match(stderr, /forced to end/);
    assert.equal(serverIsUp(cwd), false);
  });
});
