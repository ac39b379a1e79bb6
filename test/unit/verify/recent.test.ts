import assert from 'node:assert/strict';
import test from 'node:test';
import { BoundedSet } from '../../../src/verify/match/bounded-set.js';

test('the last ones are remembered, as many as were asked for', () => {
  const recent = new BoundedSet(100);
  for (let value = 0; value < 10_000; value++) {
    recent.add(value);
    for (let back = 0; back < 100; back++) {
      assert.equal(recent.has(value - back), value - back >= 0, `${value - back} at ${value}`);
    }
  }
});

test('no more than twice as many are remembered', () => {
  const recent = new BoundedSet(100);
  for (let value = 0; value < 10_000; value++) {
    recent.add(value);
    assert.equal(recent.has(value - 200), false);
  }
});

test('what is added once more is remembered from then on', () => {
  const recent = new BoundedSet(3);
  for (const value of [1, 2, 3, 1, 4, 5]) recent.add(value);
  assert.ok(recent.has(1));
});
