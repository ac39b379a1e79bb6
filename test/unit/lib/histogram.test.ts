import assert from 'node:assert/strict';
import test from 'node:test';
import { Histogram, QUANTILE_NAMES } from '../../../src/lib/histogram.js';

test('an empty histogram has no quantiles', () => {
  assert.equal(new Histogram().quantile(0.5), null);
});

test('every quantile is within 0.8 % of the exact one, over seven powers of ten', () => {
  const histogram = new Histogram();
  const values: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    const value = 10 ** (-3 + (7 * ((i * 7919) % 20_000)) / 20_000);
    values.push(value);
    histogram.record(value);
  }
  values.sort((a, b) => a - b);
  for (const q of [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.max(0, Math.ceil(q * values.length) - 1)] ?? 0;
    const measured = histogram.quantile(q) ?? 0;
    // Half a microsecond, since values are rounded to microseconds.
    assert.ok(Math.abs(measured - exact) <= exact * 0.008 + 0.0005, `${q}: ${measured} ~ ${exact}`);
  }
});

test('the sum of histograms is the histogram of all values', () => {
  const [a, b, all] = [new Histogram(), new Histogram(), new Histogram()];
  for (let i = 1; i <= 1000; i++) {
    (i % 3 === 0 ? a : b).record(i / 10);
    all.record(i / 10);
  }
  a.add(b);
  assert.equal(a.count, 1000);
  for (const q of [0, 0.25, 0.5, 0.99, 1]) assert.equal(a.quantile(q), all.quantile(q));
});

test('values beyond the range count as its end', () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(1e9);
  assert.equal(histogram.quantile(0), 0);
  assert.equal(histogram.quantile(1), 0xffffffff / 1000);
});

test('quantiles have names', () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 100; ms++) histogram.record(ms / 1000);
  assert.deepEqual(histogram.quantiles('p50', 'max'), { p50: 0.05, max: 0.1 });
  assert.deepEqual(QUANTILE_NAMES, ['p50', 'p90', 'p99', 'p999', 'max']);
  assert.deepEqual(new Histogram().quantiles('p99'), { p99: null });
});

test('a distribution goes from the shortest latency to the longest, which is one in all of them', () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 250; ms++) histogram.record(ms / 1000);
  const places = histogram.distribution();
  assert.deepEqual(places[0], { one_in: 1, ms: 0.001 });
  assert.deepEqual(places.at(-1), { one_in: 250, ms: 0.25 });
  const at = (wanted: number) => places.find(({ one_in }) => one_in === wanted)?.ms;
  assert.deepEqual([at(2), at(10), at(100)], [0.125, 0.225, 0.248]);
  for (const [index, { one_in, ms }] of places.slice(1).entries()) {
    const before = places[index];
    assert.ok(before !== undefined && before.one_in < one_in && before.ms <= ms);
  }
  assert.deepEqual(new Histogram().distribution(), []);
  const single = new Histogram();
  single.record(3);
  assert.deepEqual(
    single.distribution().map(({ one_in }) => one_in),
    [1],
  );
});
