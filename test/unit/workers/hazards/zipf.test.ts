import assert from 'node:assert/strict';
import test from 'node:test';
import { Zipf } from '../../../../workers/hazards/zipf.js';

const DRAWS = 100_000;

test('a rank is as likely as one by its place', () => {
  const zipf = new Zipf(64);
  const counts = Array.from({ length: 64 }, () => 0);
  for (let i = 0; i < DRAWS; i++) counts[zipf.rank(i / DRAWS)]!++;
  const sum = counts.reduce((total, _, rank) => total + 1 / (rank + 1), 0);
  for (const [rank, count] of counts.entries()) {
    const expected = DRAWS / (rank + 1) / sum;
    assert.ok(Math.abs(count - expected) <= 1, `${rank}: ${count} instead of ${expected}`);
  }
});

test('the ends of the range are ranks, also where there is one only', () => {
  assert.equal(new Zipf(1).rank(0), 0);
  assert.equal(new Zipf(1).rank(1 - Number.EPSILON), 0);
  assert.equal(new Zipf(5).rank(0), 0);
  assert.equal(new Zipf(5).rank(1 - Number.EPSILON / 2), 4);
});
