import assert from 'node:assert/strict';
import test from 'node:test';
import { BoundedSet } from '../../../src/verify/match/transactions.js';

test('a bounded set remembers the last numbers, as many as it was made for', () => {
  const set = new BoundedSet(100);
  for (let value = 0; value < 10_000; value++) {
    set.add(value);
    for (let back = 0; back < 100; back++) {
      assert.equal(set.has(value - back), value - back >= 0, `${value - back} at ${value}`);
    }
  }
});

test('a bounded set remembers at most twice as many', () => {
  const set = new BoundedSet(100);
  for (let value = 0; value < 10_000; value++) {
    set.add(value);
    assert.equal(set.has(value - 200), false);
  }
});

test('a number that is added again is remembered from then on', () => {
  const set = new BoundedSet(3);
  for (const value of [1, 2, 3, 1, 4, 5]) set.add(value);
  assert.ok(set.has(1));
});
