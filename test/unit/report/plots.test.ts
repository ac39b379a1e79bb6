import assert from 'node:assert/strict';
import test from 'node:test';
import { messagesIn } from '../../../src/messages/index.js';
import { Buckets, MOST_POINTS } from '../../../src/report/html/buckets.js';
import { limitsOf } from '../../../src/report/html/limits.js';
import { loadEnd, marksOf } from '../../../src/report/html/marks.js';
import { percentilePlot } from '../../../src/report/html/percentiles.js';
import { timePlots } from '../../../src/report/html/plots.js';
import type { SeriesPoint } from '../../../src/run/series.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { sampleRun } from '../../helpers/sample-run.js';

const { page } = messagesIn('en');

/** A run of these points, otherwise like the sample. */
function runOf(points: readonly Partial<SeriesPoint>[], stream: object = {}): RunRecord {
  const run = sampleRun();
  const [first] = run.series;
  assert.ok(first);
  const series = points.map((point) => ({ ...first, ...point }));
  return { ...run, series, settings: { stream } };
}

function curve(run: RunRecord, plot: string, label: string) {
  const found = timePlots(page, run).find(({ id }) => id === plot);
  return found?.tables[0]?.curves.find((each) => each.label === label)?.values;
}

test('a rate is the count of a point for each second that it covers', () => {
  const points = [
    { second: 1, committed: 100, offered: 100 },
    { second: 4, committed: 300, offered: 300 },
    { second: 4.5, committed: 50, offered: 50 },
  ];
  const run = runOf(points, { rate: 100 });
  assert.deepEqual(curve(run, 'throughput', page.committed()), [100, 100, 100]);
  assert.deepEqual(curve(run, 'throughput', page.offeredCurve()), [100, 100, 100]);
});

test('batches that finish after the load belong to its last second', () => {
  const points = [
    { second: 1, committed: 100 },
    { second: 1.999, committed: 60 },
    { second: 2.6, committed: 40 },
  ];
  const run = runOf(points, { rate: 100, durationSeconds: 2 });
  assert.equal(loadEnd(run), 2);
  assert.deepEqual(curve(run, 'throughput', page.committed()), [100, 100.1]);
  // Those that waited for longer have seconds of their own.
  const held = runOf([...points, { second: 3.6, committed: 30 }], {
    rate: 100,
    durationSeconds: 2,
  });
  assert.equal(curve(held, 'throughput', page.committed())?.length, 3);
});

test('a mean counts each point by the seconds that it covers', () => {
  const buckets = new Buckets(
    [
      { second: 1, n: 1 },
      { second: 4, n: 5 },
    ],
    4,
  );
  assert.deepEqual(
    buckets.values(({ n }) => n, 'mean'),
    [4],
  );
});

test('seconds without a connection, and seconds without a point, are spans', () => {
  const marks = marksOf(
    runOf([
      { second: 1 },
      { second: 2, disconnected: 2 },
      { second: 3, disconnected: 1 },
      { second: 4 },
      { second: 9 },
      { second: 9.4 },
    ]),
  );
  assert.deepEqual(marks.outages, [[1, 3]]);
  assert.deepEqual(marks.gaps, [[4, 9]]);
});

test('a long run marks no more moments than its plots have points', () => {
  const points = Array.from({ length: 20_000 }, (_, index) => ({ second: index + 1, rejected: 1 }));
  const { rejections } = marksOf(runOf(points));
  assert.ok(rejections.length <= MOST_POINTS, `${rejections.length}`);
});

test('stages begin after those before them, and a pause holds them up', () => {
  const stages = ['constant:100/2s', 'ramp:100..200/3s', 'constant:200/10s', 'constant:1/5s'];
  const points = Array.from({ length: 8 }, (_, index) => ({
    second: index + 1,
    paused: index === 2 || index === 3,
  }));
  const run = runOf(points, { stages });
  assert.deepEqual(marksOf(run).stages, [
    { at: 0, label: stages[0] },
    { at: 2, label: stages[1] },
    { at: 7, label: stages[2] },
  ]);
  assert.equal(loadEnd(run), 22);
});

test('a threshold is drawn where its metric has a plot, in the plot’s unit, with its outcome', () => {
  const limits = limitsOf([sampleRun()]);
  assert.deepEqual(limits('latency'), [
    { label: 'response.p99<50ms', value: 50, held: true, until: null },
  ]);
  assert.deepEqual(limits('percentiles'), [
    { label: 'response.p99<50ms', value: 50, held: true, until: 100 },
  ]);
  assert.deepEqual(limits('throughput')[0]?.label, 'achieved_rate>=700');
  assert.deepEqual(limits('slots')[0]?.value, 64 * 1024 ** 2);
  assert.deepEqual(limits('memory'), []);
});

test('a killed run has the thresholds of its settings, without an outcome', () => {
  const run = {
    ...sampleRun({ killed: true }),
    settings: { stream: { thresholds: ['rss_peak<1GB, abort'] } },
  };
  assert.deepEqual(limitsOf([run])('memory'), [
    { label: 'rss_peak<1GB', value: 1024 ** 3, held: null, until: null },
  ]);
});

test('compared runs share the thresholds that all of them had', () => {
  const run = sampleRun();
  const summary = run.summary ?? assert.fail();
  const thresholds = summary.thresholds.slice(0, 2).map((each) => ({ ...each, held: false }));
  const other = { ...run, summary: { ...summary, thresholds } };
  assert.deepEqual(limitsOf([run, other])('response'), [
    { label: 'response.p99<50ms', value: 50, held: null, until: null },
  ]);
  assert.deepEqual(limitsOf([run, other])('slots'), []);
});

test('the slowest batch stands at its true place, also for a run that recorded five quantiles only', () => {
  const run = sampleRun();
  const [plot] = percentilePlot(page, [run]);
  assert.equal(plot?.tables[0]?.xs.at(-1), 5_000);
  const [five] = percentilePlot(page, [{ ...run, latency: null }]);
  const { xs = [], curves = [] } = five?.tables[0] ?? {};
  const batches = run.summary?.transactions.committed;
  assert.deepEqual(xs, [2, 10, 100, 1_000, batches]);
  assert.equal(curves[0]?.values.at(-1), run.summary?.latency_ms.response.max);
});
