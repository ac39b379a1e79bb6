import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { readPostmaster } from '../../src/embedded/cluster.js';
import { monotonicMs } from '../../src/lib/clock.js';
import { runPath } from '../../src/runs/folder.js';
import { readRun } from '../../src/runs/record.js';
import { assertExact } from '../helpers/audit.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18, { durable: true });

/** Long enough that several attempts to reconnect fail. */
const OUTAGE_MS = 5_000;

for (const batch of ['1', '50']) {
  test(`connections cut at full load, in batches of ${batch}, cost no row and no count`, async () => {
    await withStream(
      server,
      ['--rate', 'max', '--workers', '3', '--batch-size', batch],
      async ({ db, progress, interrupt }) => {
        let cut = 0;
        for (let round = 0; round < 5; round++) {
          await progress(200);
          cut += await server.terminateBackends(db.name);
        }
        await progress(200);
        const summary = summaryOf(await interrupt());
        await assertExact(db, summary);
        assert.ok(cut >= 5);
        // One connection watches the server, and the last cut may come at the end of the run.
        assert.ok(summary.reconnects >= cut - 5, `${summary.reconnects} of ${cut}`);
      },
    );
  });
}

test('a server that is away for seconds holds an open-loop run up, and no more', async () => {
  await withStream(
    server,
    ['--rate', '300', '--workers', '3', '--batch-size', '10', '--duration', '9'],
    async ({ db, cli, cwd, progress }) => {
      await progress(200);
      await server.stop('fast');
      const downUntil = monotonicMs() + OUTAGE_MS;
      await waitFor(() => monotonicMs() > downUntil);
      await server.start();
      const summary = summaryOf(await cli.ended());
      await assertExact(db, summary);
      // The schedule stands, so what was due during the outage is made up for.
      assert.equal(summary.events, 2700);
      assert.ok((summary.latency_ms.response.max ?? 0) >= OUTAGE_MS);
      assert.match(cli.stderr(), /connection lost — reconnecting in [\d.]+s \(attempt 1\/500\)/);
      const { series, latency, description } = readRun(runPath(join(cwd, 'logs'), summary.run_id));
      const without = series.map(({ disconnected }) => disconnected);
      assert.ok(without.filter((workers) => workers === 3).length >= 3, without.join(' '));
      assert.equal(without.at(-1), 0);
      assert.equal(latency?.response.at(-1)?.ms, summary.latency_ms.response.max);
      assert.equal(description?.server.embedded, false);
      assert.ok(description.changed_settings.includes('stream.rate'));
    },
  );
});

const CRASHES = {
  'is stopped at once': (target: TestServer) => target.stop('immediate'),
  'is killed': killPostmaster,
};

for (const [how, crash] of Object.entries(CRASHES)) {
  test(`a server that ${how} again and again at full load keeps what was counted`, async () => {
    await withStream(
      server,
      ['--rate', 'max', '--workers', '4', '--batch-size', '5'],
      async ({ db, progress, interrupt }) => {
        for (let round = 0; round < 3; round++) {
          await progress(400);
          await crash(server);
          // Orphaned backends keep the memory of a killed server for a moment.
          await waitFor(() =>
            server.start().then(
              () => true,
              () => false,
            ),
          );
        }
        await progress(100);
        const summary = summaryOf(await interrupt());
        await assertExact(db, summary);
        assert.ok(summary.reconnects >= 3);
      },
    );
  });
}

async function killPostmaster({ cluster }: TestServer): Promise<void> {
  const postmaster = readPostmaster(cluster.dir);
  assert.ok(postmaster !== null);
  process.kill(postmaster.pid, 'SIGKILL');
}
