import assert from 'node:assert/strict';
import test from 'node:test';
import { monotonicMs } from '../../src/lib/clock.js';
import { assertExact } from '../helpers/audit.js';
import { freezeServer } from '../helpers/freeze-server.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);

const FROZEN_MS = 3_000;
/** Events a second. */
const RATE = 200;
const ARGS = ['--rate', String(RATE), '--duration', '8s', '--batch-size', '1', '--workers', '5'];

test('a server frozen for 3 s shows in the response of what was due, not in the service of the rest', async () => {
  await withStream(server, ARGS, async ({ db, cli, progress }) => {
    await progress(200);
    const frozen = await freeze(server);
    const summary = summaryOf(await cli.ended());
    await assertExact(db, summary);
    assert.equal(summary.events, 1600);
    assert.equal(summary.shed, 0);
    const { response, service } = summary.latency_ms;
    const p99 = response.p99 ?? 0;
    assert.ok(p99 > frozen.leastMs - 350 && p99 < frozen.mostMs + 350, `response p99 ${p99}`);
    assert.ok((response.p90 ?? 0) > 1000, `response p90 ${response.p90}`);
    assert.ok((service.p99 ?? 0) < 500, `service p99 ${service.p99}`);
    assert.ok((service.max ?? 0) > frozen.leastMs - 200, `service max ${service.max}`);
  });
});

test('what a frozen server keeps from being sent is counted when it is shed', async () => {
  await withStream(server, [...ARGS, '--on-lag', 'shed'], async ({ db, cli, progress }) => {
    await progress(200);
    const frozen = await freeze(server);
    const summary = summaryOf(await cli.ended());
    await assertExact(db, summary);
    const least = (RATE * frozen.leastMs) / 1000;
    const most = (RATE * frozen.mostMs) / 1000;
    assert.ok(summary.shed >= 0.95 * least, `${summary.shed} shed, at least ${least} due`);
    assert.ok(summary.shed <= 1.05 * most, `${summary.shed} shed, at most ${most} due`);
    assert.equal(summary.events + summary.shed, 1600);
    assert.equal(summary.offered, 1600);
  });
});

test('a server that stays frozen is lost: what was due and unsent is no success', async () => {
  const args = ['--rate', '200', '--duration', '3s', '--batch-size', '1', '--workers', '2'];
  await withStream(
    server,
    args,
    async ({ cli, progress }) => {
      await progress(50);
      const thaw = freezeServer(server);
      try {
        const result = await cli.ended();
        const summary = summaryOf(result, 3);
        assert.equal(summary.server_lost, true);
        assert.ok((summary.unsent ?? 0) > 0);
        assert.match(result.stderr, /unsent, since the server was lost/);
      } finally {
        thaw();
      }
    },
    { env: { STREAM_STOP_GRACE_SECONDS: '1' } },
  );
});

/** Stops every process of the server for `FROZEN_MS`, and says how long it was frozen: on a busy machine, longer. */
async function freeze(frozen: TestServer): Promise<{ leastMs: number; mostMs: number }> {
  const began = monotonicMs();
  const thaw = freezeServer(frozen);
  const stopped = monotonicMs();
  try {
    await waitFor(() => monotonicMs() >= stopped + FROZEN_MS);
  } finally {
    thaw();
  }
  return { leastMs: FROZEN_MS, mostMs: monotonicMs() - began };
}
