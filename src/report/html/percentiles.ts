import type { LatencyPlace } from '../../lib/histogram.js';
import type { Messages } from '../../messages/index.js';
import { LATENCIES } from '../../runs/latency.js';
import type { RunRecord } from '../../runs/record.js';
import { limitsOf } from './limits.js';
import { BLUE, GREEN, lookOfRun, VERMILION } from './palette.js';
import type { Curve, CurveTable, Plot } from './plot-data.js';
import { shownOnLog } from './plots.js';

type Latency = (typeof LATENCIES)[number];

const LOOKS = {
  response: { colour: BLUE, line: 'solid' },
  service: { colour: VERMILION, line: 'solid' },
  lag: { colour: GREEN, line: 'dashed' },
} as const satisfies Readonly<Record<Latency, Omit<Curve, 'label' | 'values'>>>;

/** Latency by percentile, as HDR histograms are drawn: all three latencies of one run, the response of several. */
export function percentilePlot(m: Messages['page'], runs: readonly RunRecord[]): Plot[] {
  const [run] = runs;
  const single = runs.length === 1;
  const tables =
    single && run !== undefined
      ? LATENCIES.flatMap((name) => tableOf(run, name, { label: m[name](), ...LOOKS[name] }))
      : runs.flatMap((each, index) => tableOf(each, 'response', lookOfRun(each, index)));
  if (tables.length === 0) return [];
  return [
    {
      id: 'percentiles',
      title: single ? m.percentiles() : m.percentilesOfResponse(),
      explanation: m.percentilesDoc(),
      x: 'percentile',
      unit: 'ms',
      log: true,
      wide: false,
      tables,
      limits: limitsOf(runs)('percentiles'),
    },
  ];
}

/** One latency of a run; empty if it was not measured. */
function tableOf(run: RunRecord, name: Latency, look: Omit<Curve, 'values'>): CurveTable[] {
  const places = run.latency?.[name] ?? placesOfSummary(run, name);
  if (places.length === 0) return [];
  const values = places.map(({ ms }) => shownOnLog(ms));
  return [{ xs: places.map(({ one_in }) => one_in), curves: [{ ...look, values }] }];
}

/** The five quantiles of the summary: runs of earlier versions have no others. */
function placesOfSummary({ summary }: RunRecord, name: Latency): LatencyPlace[] {
  const quantiles = summary?.latency_ms[name];
  if (summary === null || quantiles?.max == null) return [];
  const batches = Math.max(1, summary.transactions.committed);
  const { p50, p90, p99, p999, max } = quantiles;
  const known = [
    { one_in: 2, ms: p50 },
    { one_in: 10, ms: p90 },
    { one_in: 100, ms: p99 },
    { one_in: 1_000, ms: p999 },
  ].flatMap(({ one_in, ms }) => (ms === null || one_in >= batches ? [] : [{ one_in, ms }]));
  return [...known, { one_in: batches, ms: max }];
}
