import assert from 'node:assert/strict';
import test from 'node:test';
import { DAY_MS } from '../../../../src/lib/calendar.js';
import { Rng } from '../../../../src/random/rng.js';
import { visitTime } from '../../../../src/schemas/hospital/times.js';
import { NOW } from './samples.js';

test('a visit is on a weekday between 7 and 19 h when the range leaves room for it', () => {
  const rng = new Rng(2).at(1, 1);
  for (let k = 0; k < 20_000; k++) {
    // Two days of margin on both sides: a weekend may move a visit by one.
    const visit = new Date(visitTime(rng, NOW - 30 * DAY_MS, NOW));
    const inside = visit.getTime() > NOW - 28 * DAY_MS && visit.getTime() < NOW - 2 * DAY_MS;
    if (!inside) continue;
    assert.ok(visit.getUTCDay() >= 1 && visit.getUTCDay() <= 5, visit.toISOString());
    assert.ok(visit.getUTCHours() >= 7 && visit.getUTCHours() < 19, visit.toISOString());
  }
});

test('a visit never leaves its range, however narrow', () => {
  const rng = new Rng(3).at(1, 1);
  for (const width of [0, 1000, 3_600_000, DAY_MS, 3 * DAY_MS]) {
    for (let k = 0; k < 5_000; k++) {
      const from = NOW + k * 60_000;
      const visit = visitTime(rng, from, from + width);
      assert.ok(visit >= from && visit <= from + width);
    }
  }
});
