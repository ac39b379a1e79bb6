import assert from 'node:assert/strict';
import test from 'node:test';
import { SeriesStats } from '../../../src/report/series-stats.js';
import type { SeriesPoint, SlotState } from '../../../src/run/series.js';

const MB = 1e6;

function pointOf(second: number, more: Partial<SeriesPoint> = {}): SeriesPoint {
  const latency = { p50: 4, p99: 9, max: 12 };
  return {
    at: new Date(second * 1000).toISOString(),
    second,
    target: 100,
    offered: 100,
    committed: 100,
    shed: 0,
    rejected: 0,
    response_ms: latency,
    service_ms: latency,
    reconnects: 0,
    disconnected: 0,
    paused: false,
    rss_bytes: 100 * MB,
    cpu_cores: 0.5,
    open_files: 40,
    wal_bytes: null,
    slots: null,
    ...more,
  };
}

function statsOf(points: readonly SeriesPoint[], cores = 2): SeriesStats {
  const stats = new SeriesStats(cores);
  for (const point of points) stats.add(point);
  return stats;
}

test('growth is measured from the end of the first minute to the last whole second', () => {
  const points = Array.from({ length: 200 }, (_, i) =>
    pointOf(i + 1, {
      rss_bytes: (i < 59 ? 80 + i : 150 + i / 10) * MB,
      open_files: i < 100 ? 40 : 43,
      response_ms: { p50: i < 150 ? 4 : 6, p99: null, max: null },
    }),
  );
  const rest = pointOf(200.1, { rss_bytes: 90 * MB, open_files: 12 });
  const { rss_growth_bytes, rss_peak_bytes, open_files_growth, response_growth } = statsOf([
    ...points,
    rest,
  ]).generator(null);
  assert.ok(Math.abs(rss_growth_bytes - 14 * MB) < 0.2 * MB, `${rss_growth_bytes}`);
  assert.ok(Math.abs(rss_peak_bytes - 169.9 * MB) < 0.1 * MB, `${rss_peak_bytes}`);
  assert.equal(open_files_growth, 3);
  assert.equal(response_growth, 1.5);
});

test('a run of a minute does not take its end for the settled state', () => {
  const points = Array.from({ length: 60 }, (_, i) => pointOf(i === 59 ? 59.999 : i + 1));
  const closed = { rss_bytes: 60 * MB, open_files: 12 };
  const rest = statsOf([...points, pointOf(60.031, closed)]).generator(null);
  assert.equal(rest.rss_growth_bytes, 0);
  assert.equal(rest.open_files_growth, null);
});

test('a point of a run that is ending does not count as growth, even if it covers a whole second', () => {
  const stats = statsOf(Array.from({ length: 90 }, (_, i) => pointOf(i + 1)));
  stats.add(pointOf(91, { rss_bytes: 60 * MB, open_files: 12 }), true);
  const { rss_growth_bytes, open_files_growth } = stats.generator(null);
  assert.equal(rss_growth_bytes, 0);
  assert.equal(open_files_growth, 0);
});

test('a run of seconds has a growth of memory, but no growth of open files or responses', () => {
  const { rss_growth_bytes, open_files_growth, response_growth } = statsOf([
    pointOf(1),
    pointOf(2, { rss_bytes: 101 * MB }),
  ]).generator(0.3);
  assert.equal(rss_growth_bytes, 1 * MB);
  assert.deepEqual([open_files_growth, response_growth], [null, null]);
});

test('the generator is the bottleneck if it uses up the cores, or if idle workers send late', () => {
  const busy = [1, 2, 3].map((second) => pointOf(second, { cpu_cores: 1.9 }));
  assert.equal(statsOf(busy).generator(0.2).bottleneck, 'cpu');
  assert.equal(statsOf(busy, 4).generator(0.2).bottleneck, null);
  assert.equal(statsOf(busy, 4).generator(80).bottleneck, 'event-loop');
  assert.equal(statsOf(busy, 4).generator(null).bottleneck, null);
});

test('a slot has the most that it retained while it was sampled', () => {
  const slot = (retained: number | null): SlotState => ({
    name: 'cdc',
    active: true,
    retained_bytes: retained,
    lag_bytes: 1,
    wal_status: 'reserved',
  });
  const stats = statsOf([
    pointOf(1, { slots: [slot(10)] }),
    pointOf(2, { slots: [slot(30)] }),
    pointOf(3, { slots: [slot(null)] }),
    pointOf(4),
  ]);
  assert.deepEqual(stats.slots(), { cdc: { retained_bytes: 30, lag_bytes: 1 } });
});
