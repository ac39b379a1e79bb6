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

test('the position stays before a PREPARE until the consumer has the transaction', () => {
  const progress = new Progress(0n);
  const commit = (end: bigint) => {
    progress.begin();
    progress.commit(end);
    progress.handOver(end);
    progress.acknowledge(end);
  };
  commit(50n);
  progress.begin();
  progress.prepare(7, 100n);
  progress.keepalive(110n);
  assert.equal(progress.position, 100n);
  progress.begin();
  progress.prepare(8, 120n);
  commit(150n);
  progress.keepalive(160n);
  assert.equal(progress.position, 100n, 'another transaction was acknowledged');
  progress.commitPrepared(7, 210n);
  assert.equal(progress.position, 100n, 'not given out');
  progress.handOver(210n);
  progress.acknowledge(150n);
  assert.equal(progress.position, 100n, 'not acknowledged');
  progress.acknowledge(210n);
  assert.equal(progress.position, 120n, 'the other one is prepared');
  progress.rollBackPrepared(8);
  assert.equal(progress.position, 210n);
});

test('a part of a transaction is in flight until it ends', () => {
  const progress = new Progress(0n);
  progress.begin();
  progress.keepalive(10n);
  assert.equal(progress.position, 0n);
  progress.pause();
  progress.keepalive(20n);
  assert.equal(progress.position, 20n, 'it comes again: it is committed later');
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
