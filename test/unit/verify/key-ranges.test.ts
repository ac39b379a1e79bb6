import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeKeys } from '../../../src/ledger/keys.js';
import { Rng } from '../../../src/random/rng.js';
import { KeyRanges } from '../../../src/verify/ledger/feed.js';

test('an empty set has no ids', () => {
  assert.equal(new KeyRanges().has(1), false);
});

test('a range has the ids from its first to its last, and no others', () => {
  const ranges = new KeyRanges();
  ranges.add('10+2,5');
  const there = Array.from({ length: 20 }, (_, i) => i).filter((key) => ranges.has(key));
  assert.deepEqual(there, [10, 11, 12, 17]);
});

test('ranges that touch, overlap or contain each other are merged', () => {
  for (const lists of [
    ['10+4', '15+4'],
    ['15+4', '10+4'],
    ['10+7', '12+7'],
    ['12+7', '10+7'],
    ['10+9', '12+1'],
    ['12+1', '10+9'],
    ['10', '12', '14', '11+2', '13+6'],
  ]) {
    const ranges = new KeyRanges();
    for (const list of lists) ranges.add(list);
    for (let key = 0; key < 30; key++) {
      assert.equal(ranges.has(key), key >= 10 && key <= 19, `${key} of ${lists}`);
    }
  }
});

test('random ranges in random order give the same ids as a Set', () => {
  const rng = new Rng(7).at(1, 1);
  for (let round = 0; round < 200; round++) {
    const ranges = new KeyRanges();
    const keys = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const block = Array.from({ length: rng.between(1, 6) }, () => rng.below(60));
      ranges.add(encodeKeys([...new Set(block)]));
      for (const key of block) keys.add(key);
    }
    for (let key = -1; key < 61; key++) assert.equal(ranges.has(key), keys.has(key));
  }
});
