import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ceilSecond,
  DAY_MS,
  floorSecond,
  formatDate,
  formatTimestamp,
  parseTimestamp,
} from '../../../src/lib/calendar.js';
import { Rng } from '../../../src/random/rng.js';

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
