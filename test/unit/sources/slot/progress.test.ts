import assert from 'node:assert/strict';
import test from 'node:test';
import { Progress } from '../../../../src/sources/slot/progress.js';

test('the position is the end of the last acknowledged transaction, and never falls', () => {
  const progress = new Progress(50n);
  assert.equal(progress.position, 50n);
  for (const end of [100n, 200n]) {
    progress.begin();
    progress.commit(end);
    progress.handOver(end);
  }
  assert.equal(progress.position, 50n);
  progress.acknowledge(100n);
  assert.equal(progress.position, 100n);
  progress.acknowledge(200n);
  progress.acknowledge(100n);
  assert.equal(progress.position, 200n);
});

test("a keepalive's position counts with nothing in flight only", () => {
  const progress = new Progress(0n);
  progress.keepalive(10n);
  assert.equal(progress.position, 10n);
  progress.begin();
  progress.keepalive(20n);
  assert.equal(progress.position, 10n, 'within a transaction');
  progress.commit(30n);
  progress.keepalive(40n);
  assert.equal(progress.position, 10n, 'not given out');
  progress.handOver(30n);
  assert.equal(progress.position, 10n, 'not acknowledged');
  progress.acknowledge(30n);
  assert.equal(progress.position, 40n);
  progress.keepalive(35n);
  assert.equal(progress.position, 40n);
  progress.single(45n);
  progress.keepalive(50n);
  assert.equal(progress.position, 40n, 'a message outside of transactions');
  progress.handOver(45n);
  progress.acknowledge(45n);
  assert.equal(progress.position, 50n);
});

test('a transaction that was not handed over cannot be acknowledged', () => {
  const progress = new Progress(0n);
  progress.begin();
  progress.commit(30n);
  assert.throws(() => progress.acknowledge(30n), RangeError);
  progress.handOver(30n);
  assert.throws(() => progress.acknowledge(31n), RangeError);
  progress.acknowledge(30n);
});
