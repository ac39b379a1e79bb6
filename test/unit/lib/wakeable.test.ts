import assert from 'node:assert/strict';
import test from 'node:test';
import { Wakeable } from '../../../src/lib/wakeable.js';

/** Far longer than a test runs: a wait that reaches it was not woken. */
const LONG_MS = 60_000;

test('a wait ends after its time', async () => {
  assert.equal(await new Wakeable().sleep(1), false);
});

test('waking ends every wait under way, and only those', async () => {
  const wakeable = new Wakeable();
  const waits = [wakeable.sleep(LONG_MS), wakeable.sleep()];
  assert.equal(wakeable.awaited, true);
  wakeable.wake();
  assert.equal(wakeable.awaited, false);
  assert.deepEqual(await Promise.all(waits), [true, true]);
  assert.equal(await wakeable.sleep(1), false);
  assert.equal(wakeable.ended, false);
});

test('the end wakes the waits under way, and later ones end at once', async () => {
  const wakeable = new Wakeable();
  const wait = wakeable.sleep(LONG_MS);
  wakeable.end();
  assert.equal(await wait, true);
  assert.equal(await wakeable.sleep(), true);
  assert.equal(await wakeable.sleep(LONG_MS), true);
  assert.equal(wakeable.ended, true);
});

test('a wait that was woken leaves no timer that keeps the process alive', async () => {
  const before = timers();
  const wakeable = new Wakeable();
  const wait = wakeable.sleep(LONG_MS);
  assert.equal(timers(), before + 1);
  wakeable.wake();
  await wait;
  assert.equal(timers(), before);
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
