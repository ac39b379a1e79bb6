import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicMs, sleep } from '../../../src/lib/clock.js';
import { amongWorkers, waitExactly } from '../../../workers/shared-thread.js';

/** Below the time that a timer may be late by: such a wait needs none. */
const SHORT_MS = 2;

/** Whether the event loop turns while the work is done; an exact wait blocks it to the end. */
async function turnsDuring(work: () => Promise<void>): Promise<boolean> {
  let hasTurned = false;
  const turn = setImmediate(() => {
    hasTurned = true;
  });
  await work();
  clearImmediate(turn);
  return hasTurned;
}

/** Waits, and requires that the wait was not too short. */
async function requireWait(ms: number): Promise<void> {
  const began = monotonicMs();
  await waitExactly(ms);
  assert.ok(monotonicMs() - began >= ms, `${ms} ms`);
}

test('the end of a wait blocks the thread of a worker that has it for itself', async () => {
  assert.equal(await turnsDuring(() => amongWorkers(() => requireWait(SHORT_MS))), false);
});

test('the end of the first wait blocks a thread whose workers all wait', async () => {
  const order: string[] = [];
  const wait = async (name: string, ms: number) => {
    await requireWait(ms);
    order.push(name);
  };
  await Promise.all([
    amongWorkers(() => wait('long', 12)),
    amongWorkers(() => wait('longer', 17)),
    amongWorkers(async () => {
      assert.equal(await turnsDuring(() => wait('short', SHORT_MS)), false);
    }),
  ]);
  assert.deepEqual(order, ['short', 'long', 'longer']);
});

test('a wait holds up no worker of the thread that has something to do, and ends with its timer', async () => {
  const order: string[] = [];
  let isOver = false;
  let turns = 0;
  await Promise.all([
    amongWorkers(async () => {
      while (!isOver) {
        await nextTurn();
        turns++;
      }
    }),
    amongWorkers(async () => {
      assert.equal(await turnsDuring(() => requireWait(SHORT_MS)), true);
      // Begins before the wait, ends after it.
      const later = sleep(30).then(() => order.push('timer'));
      await requireWait(10);
      order.push('wait');
      isOver = true;
      await later;
    }),
  ]);
  assert.deepEqual(order, ['wait', 'timer']);
  assert.ok(turns > 1);
});

test('a worker whose work failed does not count any more', async () => {
  const failed = amongWorkers(() => Promise.reject(new Error('lost')));
  await assert.rejects(failed, /lost/);
  assert.equal(await turnsDuring(() => amongWorkers(() => requireWait(SHORT_MS))), false);
});
