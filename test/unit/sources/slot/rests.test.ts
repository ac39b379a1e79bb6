import assert from 'node:assert/strict';
import test from 'node:test';
import { Rests } from '../../../../src/sources/slot/rests.js';

const SECOND = 1e6;
const COMMIT = 1.7e15;
const MUCH = 300 << 10;

/** Rests of a reader that has read much, then little, so long after the COMMIT. */
function restAfter(seconds: number, much = MUCH, little = 100): number {
  const rests = new Rests();
  rests.begin(COMMIT);
  const sentAt = COMMIT + seconds * SECOND;
  rests.read(much, sentAt);
  rests.read(little, sentAt);
  return rests.take();
}

test('a reader rests by a fiftieth of its delay, a tenth of a second at most', () => {
  assert.deepEqual(
    [0, 1, 2.4, 3, 4, 5, 1000].map((delay) => restAfter(delay)),
    [...[0, 0, 0, 60, 80, 100, 100]],
  );
});

test('a reader does not rest while there is more to read, or before it has read much', () => {
  assert.equal(restAfter(1000, MUCH, 60 << 10), 0);
  assert.equal(restAfter(1000, 200 << 10), 0);
});

test('a reader rests once, then reads much again', () => {
  const rests = new Rests();
  rests.begin(COMMIT);
  const sentAt = COMMIT + 9 * SECOND;
  rests.read(MUCH, sentAt);
  rests.read(1, sentAt);
  assert.deepEqual([rests.take(), rests.take()], [100, 0]);
  rests.read(MUCH, sentAt);
  rests.read(1, sentAt);
  assert.equal(rests.take(), 100);
});

test('a reader does not rest in a transaction that is not committed, or after a keepalive', () => {
  const rests = new Rests();
  rests.begin(null);
  rests.read(MUCH, COMMIT);
  rests.read(1, COMMIT);
  assert.equal(rests.take(), 0);
  rests.begin(COMMIT);
  rests.read(1, null);
  assert.equal(rests.take(), 0);
});
