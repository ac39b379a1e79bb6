import type { Messages } from '../../messages/index.js';
import type { SeriesPoint } from '../../run/series.js';
import { type RunRecord, startOf } from '../../runs/record.js';
import type { Quantiles } from '../../runs/summary.js';
import type { RecordedVerification } from '../../runs/verifications.js';
import {
  Buckets,
  bucketSeconds,
  type Curve,
  type CurveTable,
  type Plot,
  type Timed,
  type Together,
  type Values,
} from './plot-data.js';

/** Indices into the palette; a measure has the same one in every plot. */
const BLUE = 0;
const VERMILION = 1;
const GREEN = 2;
const PURPLE = 3;
const AMBER = 4;
const COLOURS = 6;

/** Lower end of a logarithmic axis, in milliseconds: it has no place for 0. */
const LEAST_MS = 0.01;

type Column = (point: SeriesPoint) => number | null | undefined;
type Texts = Messages['page'];

/** The plots over time of one run. */
export function timePlots(m: Texts, run: RunRecord): Plot[] {
  if (run.series.length === 0) return [];
  const buckets = new Buckets(run.series, bucketSeconds([run]));
  const plot = plotsOver(buckets.xs);
  const curve = (
    label: string,
    colour: number,
    pick: Column,
    together: Together,
    dashed = false,
  ) => ({
    ...{ label, colour, dashed },
    values: buckets.values(pick, together),
  });
  const latency = (label: string, colour: number, pick: Column, dashed: boolean) =>
    onLogScale(curve(label, colour, pick, 'highest', dashed));
  const slotNames = [
    ...new Set(run.series.flatMap(({ slots }) => (slots ?? []).map(({ name }) => name))),
  ];
  const retainedBy =
    (name: string): Column =>
    ({ slots }) =>
      slots?.find((slot) => slot.name === name)?.retained_bytes;
  return [
    plot('throughput', m.throughput(), m.throughputDoc(), { unit: 'rate', wide: true }, [
      curve(m.committed(), BLUE, (point) => point.committed, 'mean'),
      curve(m.targetCurve(), AMBER, (point) => point.target, 'mean', true),
      curve(m.shedCurve(), VERMILION, (point) => point.shed || null, 'mean'),
    ]),
    plot('latency', m.latency(), m.latencyDoc(), { unit: 'ms', wide: true, log: true }, [
      latency(`${m.response()} p99`, BLUE, (point) => point.response_ms.p99, false),
      latency(`${m.response()} p50`, BLUE, (point) => point.response_ms.p50, true),
      latency(`${m.service()} p99`, VERMILION, (point) => point.service_ms.p99, false),
      latency(`${m.service()} p50`, VERMILION, (point) => point.service_ms.p50, true),
    ]),
    plot('memory', m.memory(), m.memoryDoc(), { unit: 'bytes' }, [
      curve(m.resident(), GREEN, (point) => point.rss_bytes, 'highest'),
    ]),
    plot('cpu', m.cpu(), m.cpuDoc(), { unit: 'cores' }, [
      curve(m.cores(), PURPLE, (point) => point.cpu_cores, 'mean'),
    ]),
    plot('wal', m.wal(), m.walDoc(), { unit: 'byteRate' }, [
      curve(m.written(), BLUE, (point) => point.wal_bytes, 'mean'),
    ]),
    plot(
      'slots',
      m.slots(),
      m.slotsDoc(),
      { unit: 'bytes' },
      slotNames.map((name, index) => ({
        ...curve(name, index % COLOURS, retainedBy(name), 'highest', index >= COLOURS),
      })),
    ),
  ].filter(({ tables }) => tables.some(({ curves }) => curves.length > 0));
}

/** The plots over time of several runs, with a colour a run. */
export function comparedTimePlots(m: Texts, runs: readonly RunRecord[]): Plot[] {
  const step = bucketSeconds(runs);
  const buckets = runs.map(({ series }) => new Buckets(series, step));
  const compare = (
    frame: Pick<Plot, 'id' | 'title' | 'explanation' | 'unit'>,
    shape: { log?: boolean; wide?: boolean },
    pick: Column,
    together: Together,
  ): Plot => ({
    ...frame,
    x: 'time',
    log: shape.log ?? false,
    wide: shape.wide ?? false,
    tables: runs.flatMap((run, index) => {
      const values = buckets[index]?.values(pick, together) ?? [];
      if (values.every((value) => value === null)) return [];
      const curve = { ...curveOfRun(run, index), values };
      return [{ xs: buckets[index]?.xs ?? [], curves: [shape.log ? onLogScale(curve) : curve] }];
    }),
  });
  return [
    compare(
      {
        id: 'throughput',
        title: m.throughput(),
        explanation: m.throughputComparedDoc(),
        unit: 'rate',
      },
      { wide: true },
      (point) => point.committed,
      'mean',
    ),
    compare(
      { id: 'response', title: m.responseP99Plot(), explanation: m.logarithmic(), unit: 'ms' },
      { wide: true, log: true },
      (point) => point.response_ms.p99,
      'highest',
    ),
    compare(
      { id: 'service', title: m.serviceP99Plot(), explanation: m.logarithmic(), unit: 'ms' },
      { log: true },
      (point) => point.service_ms.p99,
      'highest',
    ),
    compare(
      { id: 'memory', title: m.memory(), explanation: m.memoryDoc(), unit: 'bytes' },
      {},
      (point) => point.rss_bytes,
      'highest',
    ),
    compare(
      { id: 'wal', title: m.wal(), explanation: m.walDoc(), unit: 'byteRate' },
      {},
      (point) => point.wal_bytes,
      'mean',
    ),
  ].filter(({ tables }) => tables.length > 0);
}

/** Label, colour and dash of a run's curve among those of other runs. */
export function curveOfRun({ runId }: RunRecord, index: number): Omit<Curve, 'values'> {
  return { label: runId, colour: index % COLOURS, dashed: index >= COLOURS };
}

/** Milliseconds as a logarithmic axis can show them. */
function shownOnLog(value: number | null): number | null {
  return value === null ? null : Math.max(value, LEAST_MS);
}

function onLogScale<T extends { readonly values: Values }>(curve: T): T {
  return { ...curve, values: curve.values.map(shownOnLog) };
}

/** Makes plots of one run; leaves out curves without any value. */
function plotsOver(xs: readonly number[]) {
  return (
    id: string,
    title: string,
    explanation: string,
    { unit, log = false, wide = false }: { unit: Plot['unit']; log?: boolean; wide?: boolean },
    curves: readonly Curve[],
  ): Plot => {
    const measured = curves.filter(({ values }) => values.some((value) => value !== null));
    const tables: CurveTable[] = [{ xs, curves: measured }];
    return { id, title, explanation, x: 'time', unit, log, wide, tables };
  };
}

/**
 * Places of 50, 90, 99, 99.9 % and the maximum on the axis of 1/(1-p). The maximum's is made up: a decade beyond
 * 99.9 %, which is at 1,000.
 */
const PERCENTILE_PLACES = [2, 10, 100, 1_000, 10_000];

const LATENCY_LOOKS = {
  response: { colour: BLUE, dashed: false },
  service: { colour: VERMILION, dashed: false },
  lag: { colour: GREEN, dashed: true },
} as const;

/** Latency against percentile, as HDR histograms are drawn: all three latencies of one run, the response of several. */
export function percentilePlot(m: Messages['page'], runs: readonly RunRecord[]): Plot[] {
  const [first] = runs;
  const frame = {
    id: 'percentiles',
    explanation: m.percentilesDoc(),
    x: 'percentile',
    unit: 'ms',
    log: true,
    wide: false,
  } as const;
  if (runs.length === 1) {
    const latency = first?.summary?.latency_ms;
    if (latency === undefined) return [];
    const curves = (['response', 'service', 'lag'] as const)
      .map((name) => ({
        label: m[name](),
        ...LATENCY_LOOKS[name],
        values: valuesOf(latency[name]),
      }))
      .filter(({ values }) => values.some((value) => value !== null));
    if (curves.length === 0) return [];
    return [{ ...frame, title: m.percentiles(), tables: [{ xs: PERCENTILE_PLACES, curves }] }];
  }
  const tables = runs.flatMap((run, index) => {
    const response = run.summary?.latency_ms.response;
    if (response === undefined || response.max === null) return [];
    return [
      {
        xs: PERCENTILE_PLACES,
        curves: [{ ...curveOfRun(run, index), values: valuesOf(response) }],
      },
    ];
  });
  return tables.length === 0 ? [] : [{ ...frame, title: m.percentilesOfResponse(), tables }];
}

function valuesOf({ p50, p90, p99, p999, max }: Quantiles): Values {
  return [p50, p90, p99, p999, max].map((value) => shownOnLog(value ?? null));
}

/** Latencies of the events that arrived in a second of the run. */
interface Arrivals extends Timed {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** End-to-end latency of a verified run over time; no plot where `verify` listened only after the run. */
export function verificationPlots(m: Messages['page'], run: RunRecord): Plot[] {
  const { verification, series } = run;
  if (verification === null || verification.points.length === 0) return [];
  const arrivals = arrivalsOf(run, verification);
  const step = bucketSeconds([run, { series: arrivals }]);
  const buckets = new Buckets(arrivals, step);
  const curve = (label: string, colour: number, name: 'p50' | 'p99' | 'max', dashed = false) => ({
    ...{ label, colour, dashed },
    values: buckets.values((point) => point[name], 'highest').map(shownOnLog),
  });
  const curves: Curve[] = [
    curve('p50', BLUE, 'p50'),
    curve('p99', VERMILION, 'p99'),
    curve(m.maximum(), PURPLE, 'max', true),
  ];
  // Adds the seconds of the run, so that a moment has the same place as in the run's other plots.
  const ofRun: CurveTable = { xs: new Buckets(series, step).xs, curves: [] };
  return [
    {
      id: 'cdc-latency',
      title: m.cdc.plot(),
      explanation: m.cdc.plotDoc(),
      x: 'time',
      unit: 'ms',
      log: true,
      wide: true,
      tables: [{ xs: buckets.xs, curves }, ...(series.length === 0 ? [] : [ofRun])],
    },
  ];
}

/** Arrivals by the run's clock. `verify` stamped them with the server's, which is `ahead` ms ahead of it. */
function arrivalsOf(
  { series }: RunRecord,
  { document, points }: RecordedVerification,
): readonly Arrivals[] {
  const ahead = document.clock_offset_ms?.value ?? 0;
  const start = startOf(series) ?? (points[0]?.at ?? 0) - ahead;
  return points.map(({ at, p50, p99, max }) => {
    // A point of the series has the end of its second; so does this one.
    const second = (at - ahead - start) / 1000 + 1;
    return { second, p50, p99, max };
  });
}
