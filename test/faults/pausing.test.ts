import assert from 'node:assert/strict';
import test from 'node:test';
import { monotonicMs } from '../../src/lib/clock.js';
import { assertExact, auditedEvents } from '../helpers/audit.js';
import { runCli } from '../helpers/cli.js';
import type { TestDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);

const RATE = 200;
const SECONDS = 4;
const LOAD = ['--rate', String(RATE), '--workers', '2', '--batch-size', '2'];
/** "Takes effect within half a second", and what a busy machine adds to the measuring. */
const EFFECT_MS = 500 + 250;
/** Events of the open loop that a pause which does nothing would let through. */
const PAUSE_MS = 1_500;

test('a pause holds within half a second, and its time is not made up for', async () => {
  await withStream(
    server,
    [...LOAD, '--duration', String(SECONDS)],
    async ({ db, cli, cwd, progress }) => {
      await progress(RATE / 2);
      await runCli(['pause'], { cwd });
      const asked = monotonicMs();
      const held = await quiet(db);
      assert.ok(held.since - asked < EFFECT_MS, `held after ${held.since - asked} ms`);

      const before = await auditedEvents(db);
      await waitFor(() => monotonicMs() > held.since + PAUSE_MS);
      assert.equal(await auditedEvents(db), before);

      await runCli(['resume'], { cwd });
      const resumed = monotonicMs();
      await waitFor(async () => (await auditedEvents(db)) > before);
      assert.ok(monotonicMs() - resumed < EFFECT_MS);
      const early = (await auditedEvents(db)) - before;
      const since = (monotonicMs() - resumed + EFFECT_MS) / 1000;
      assert.ok(early < RATE * since, `${early} events at once`);

      const summary = summaryOf(await cli.ended());
      await assertExact(db, summary);
      assert.equal(summary.events, RATE * SECONDS);
      assert.ok(summary.paused_seconds >= PAUSE_MS / 1000);
      assert.ok(Math.abs(summary.achieved_rate - RATE) < RATE / 50, `${summary.achieved_rate}/s`);
      // Nobody waited for what was not sent during the pause.
      assert.ok((summary.latency_ms.response.max ?? 0) < PAUSE_MS);
    },
  );
});

test('a run that starts paused sends nothing until it is resumed', async () => {
  await withStream(
    server,
    [...LOAD, '--duration', '2'],
    async ({ db, cli, cwd }) => {
      await cli.until(/paused/);
      // The workers are connected: nothing but the pause keeps them from it.
      await waitFor(async () => {
        const sessions = await db.query(
          `SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name = 'oltp-simulator'`,
          [db.name],
        );
        return sessions.length === 2;
      });
      assert.equal((await quiet(db)).events, 0);
      await runCli(['resume'], { cwd });
      const summary = summaryOf(await cli.ended());
      await assertExact(db, summary);
      assert.equal(summary.events, 2 * RATE);
    },
    { prepare: async (_db, cwd) => void (await runCli(['pause'], { cwd })) },
  );
});

/** Waits until no event was committed for a while; when the last one was seen, and how many. */
async function quiet(db: TestDatabase): Promise<{ since: number; events: number }> {
  let since = monotonicMs();
  let events = await auditedEvents(db);
  await waitFor(async () => {
    const now = await auditedEvents(db);
    if (now !== events) since = monotonicMs();
    events = now;
    return monotonicMs() - since > EFFECT_MS;
  });
  return { since, events };
}
