import assert from 'node:assert/strict';
import test from 'node:test';
import { Rng } from '../../../../src/random/rng.js';
import {
  ceilSecond,
  DAY_MS,
  floorSecond,
  formatDate,
  formatTimestamp,
  parseTimestamp,
  visitTime,
} from '../../../../src/schemas/hospital/calendar.js';
import { NOW } from './samples.js';

/** More than four centuries: every kind of leap year. */
const FIRST = Date.UTC(1890, 0, 1);
const LAST = Date.UTC(2310, 0, 1);

const iso = (ms: number) => new Date(ms).toISOString();

test('dates are those of the Gregorian calendar, day by day', () => {
  for (let day = FIRST; day < LAST; day += DAY_MS) {
    assert.equal(formatDate(day), iso(day).slice(0, 10));
    assert.equal(formatDate(day + DAY_MS - 1), iso(day).slice(0, 10));
  }
});

test('timestamps are cut to whole seconds and read back', () => {
  const rng = new Rng(1).at(1, 1);
  for (let k = 0; k < 50_000; k++) {
    const ms = Math.floor(Date.UTC(1970, 0, 1) + rng.unit() * (LAST - 1));
    const text = formatTimestamp(ms);
    assert.equal(text, iso(ms).slice(0, 19).replace('T', ' '));
    assert.equal(parseTimestamp(text), floorSecond(ms));
    assert.equal(parseTimestamp(formatDate(ms)), ms - (ms % DAY_MS));
  }
});

test('text that is no timestamp is read as no number', () => {
  assert.ok(Number.isNaN(parseTimestamp('')));
  assert.ok(Number.isNaN(parseTimestamp('null')));
});

test('whole seconds lie at or around a moment', () => {
  assert.deepEqual([floorSecond(1999), ceilSecond(1001)], [1000, 2000]);
  assert.deepEqual([floorSecond(2000), ceilSecond(2000)], [2000, 2000]);
});

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
