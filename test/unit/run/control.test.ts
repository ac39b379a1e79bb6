import assert from 'node:assert/strict';
import test from 'node:test';
import { monotonicMs, sleep } from '../../../src/lib/clock.js';
import { Control } from '../../../src/run/control.js';

/** Waits at least `ms` milliseconds. */
async function letPass(ms: number): Promise<void> {
  const until = monotonicMs() + ms;
  while (monotonicMs() < until) await sleep(until - monotonicMs());
}

test('active time stops during a pause and goes on from there', async () => {
  const control = new Control();
  control.start();
  await letPass(20);
  control.pause();
  const paused = control.active();
  await letPass(30);
  assert.equal(control.active(), paused);
  control.resume();
  const resumed = control.active();
  assert.ok(resumed >= paused && resumed < paused + 25, `${paused} → ${resumed}`);
});

test('another thread’s view of the memory sees the same state and time', () => {
  const control = new Control();
  const view = new Control(control.buffer);
  control.start();
  assert.equal(view.state, 'running');
  control.pause();
  assert.equal(view.state, 'paused');
  assert.equal(view.active(), control.active());
  control.stop();
  assert.equal(view.stopping, true);
});

test('only a change of the state counts as a pause or its end', () => {
  const control = new Control();
  control.start();
  assert.deepEqual([control.resume(), control.pause(), control.pause()], [false, true, false]);
  assert.deepEqual([control.resume(), control.resume()], [true, false]);
});

test('a stop is final', () => {
  const control = new Control();
  control.start();
  control.stop();
  assert.equal(control.resume(), false);
  assert.equal(control.pause(), false);
  assert.equal(control.state, 'stopping');
});

test('a run that begins paused has spent no active time', async () => {
  const control = new Control();
  control.pause();
  await letPass(5);
  control.start();
  await letPass(5);
  assert.equal(control.active(), 0);
});
