import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readPostmaster } from '../../src/embedded/cluster.js';
import { monotonicMs, sleep } from '../../src/lib/clock.js';
import { withConnection } from '../../src/postgres/connect.js';
import { assertExact, assertExactButDoubts } from '../helpers/audit.js';
import type { TestDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { type StreamRun, summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);

/** "Within a few seconds", on a machine that is busy with other tests. */
const FEW_SECONDS_MS = 4_000;
const GRACE_SECONDS = 2;
/** A server that is well answers within this, also on such a machine. */
const SOON_MS = 1_000;

/** Situations that a signal may find the run in: how it is started, and what to wait for. */
const SITUATIONS: Readonly<
  Record<string, [NodeJS.Signals, string[], (run: StreamRun) => Promise<unknown>]>
> = {
  'at full load': [
    'SIGTERM',
    ['--rate', 'max', '--batch-size', '20'],
    ({ progress }) => progress(300),
  ],
  'in large batches': [
    'SIGINT',
    ['--rate', 'max', '--batch-size', '2000'],
    ({ progress }) => progress(2000),
  ],
  'while the next batch is far off': [
    'SIGTERM',
    ['--interval', '600', '--jitter', '0', '--batch-size', '20'],
    ({ progress }) => progress(1),
  ],
  'while paused': [
    'SIGINT',
    ['--rate', 'max', '--batch-size', '20'],
    async ({ progress, cwd, cli }) => {
      await progress(100);
      await writeFile(join(cwd, '.paused'), '');
      await cli.until(/paused/);
    },
  ],
};

for (const [situation, [signal, args, reach]] of Object.entries(SITUATIONS)) {
  test(`${signal} ${situation} ends the run soon, with its batches whole and code 0`, async () => {
    await withStream(server, [...args, '--workers', '3'], async (run) => {
      await reach(run);
      const asked = monotonicMs();
      const summary = summaryOf(await run.interrupt(signal));
      assert.ok(monotonicMs() - asked < FEW_SECONDS_MS);
      await assertExact(run.db, summary);
      assert.equal(summary.stopped_by, 'signal');
    });
  });
}

test('SIGINT while a connection is sought ends the run soon: the server is lost', async () => {
  await withStream(
    server,
    ['--rate', 'max', '--workers', '3', '--batch-size', '20'],
    async ({ db, cli, progress, interrupt }) => {
      await progress(100);
      await server.stop('fast');
      await cli.until(/reconnecting/);
      const asked = monotonicMs();
      const summary = summaryOf(await interrupt(), 3);
      assert.ok(monotonicMs() - asked < FEW_SECONDS_MS);
      await server.start();
      await assertExactButDoubts(db, summary, 20);
    },
    { env: { STREAM_RECONNECT_BASE_SECONDS: '60', STREAM_RECONNECT_MAX_SECONDS: '60' } },
  );
});

test('a second signal ends the program at once with code 130', async () => {
  await withStream(
    server,
    ['--rate', 'max', '--workers', '2'],
    async ({ db, cli, progress }) => {
      await progress(100);
      await blocked(db, async () => {
        cli.child.kill('SIGINT');
        await cli.until(/stop requested/);
        // A signal that follows at once counts as the first one.
        await waitFor(() => {
          cli.child.kill('SIGINT');
          return cli.child.exitCode !== null;
        });
      });
      assert.equal((await cli.ended()).code, 130);
    },
    { env: { STREAM_STOP_GRACE_SECONDS: '600' } },
  );
});

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, name);
}

/** Whether the server tells a new connection soon of its sessions and their locks, which the run looks at. */
async function answers({ target }: TestDatabase): Promise<boolean> {
  const look = withConnection(target, (client) =>
    client.query('SELECT pg_blocking_pids(pid) FROM pg_stat_activity'),
  );
  return Promise.race([look.then(() => true), sleep(SOON_MS).then(() => false)]);
}

/** Freezes server processes at a moment when they hold no lock inside the server that every query needs. */
async function freeze(db: TestDatabase, pids: readonly number[]): Promise<void> {
  await waitFor(async () => {
    signal(pids, 'SIGSTOP');
    const isAlive = await answers(db);
    if (!isAlive) signal(pids, 'SIGCONT');
    return isAlive;
  });
}

test('backends that hang do not outlast the grace period', async () => {
  await withStream(
    server,
    ['--rate', 'max', '--workers', '3', '--batch-size', '20'],
    async ({ db, progress, interrupt }) => {
      await progress(100);
      const backends = await db.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'oltp-simulator'`,
        [db.name],
      );
      const pids = backends.map(({ pid }) => pid);
      await freeze(db, pids);
      const asked = monotonicMs();
      const result = await interrupt().finally(() => signal(pids, 'SIGCONT'));
      assert.ok(monotonicMs() - asked < 2 * GRACE_SECONDS * 1000 + FEW_SECONDS_MS);
      await waitFor(async () => {
        const [left] = await db.query<{ count: string }>(
          'SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)',
          [pids],
        );
        return left?.count === '0';
      });
      await assertExactButDoubts(db, summaryOf(result, 130), 20);
      assert.match(result.stderr, /got no answer within 2 s \(STREAM_STOP_GRACE_SECONDS\)/);
    },
    { env: { STREAM_STOP_GRACE_SECONDS: String(GRACE_SECONDS) } },
  );
});

test('a server that hangs as a whole does not keep a run for ever that is over', async () => {
  await withStream(
    server,
    ['--rate', 'max', '--workers', '2', '--batch-size', '20', '--duration', '4'],
    async ({ db, cli, progress, atRest }) => {
      await progress(1);
      const backends = await db.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'oltp-simulator'`,
        [db.name],
      );
      const postmaster = readPostmaster(server.cluster.dir);
      assert.ok(postmaster !== null);
      const pids = [postmaster.pid, ...backends.map(({ pid }) => pid)];
      await atRest(async () => {
        for (const pid of pids) process.kill(pid, 'SIGSTOP');
      });
      const result = await cli.ended().finally(() => {
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      });
      const summary = summaryOf(result, 3);
      assert.equal(summary.stopped_by, 'duration');
      await assertExactButDoubts(db, summary, 20);
    },
    { env: { STREAM_STOP_GRACE_SECONDS: '1', PG_CONNECT_TIMEOUT: '2' } },
  );
});

/** Keeps every worker waiting while `body` runs: all events need the patients. */
async function blocked(db: TestDatabase, body: () => Promise<void>): Promise<void> {
  await withConnection(db.target, async (client) => {
    await client.query('BEGIN');
    await client.query('LOCK TABLE pacientes');
    await body();
    await client.query('ROLLBACK');
  });
}
