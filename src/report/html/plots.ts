import type { Messages } from '../../messages/index.js';
import type { SeriesPoint } from '../../run/series.js';
import type { RunRecord } from '../../runs/record.js';
import { Buckets, bucketSeconds, type Together } from './buckets.js';
import { limitsOf } from './limits.js';
import { loadEnd } from './marks.js';
import { AMBER, BLUE, COLOURS, GREEN, lookOfRun, PURPLE, VERMILION } from './palette.js';
import type { Curve, CurveTable, Limit, Plot, Values } from './plot-data.js';

/** Lower end of a logarithmic axis, in milliseconds: it has no place for 0. */
const LEAST_MS = 0.01;

type Column = (point: SeriesPoint) => number | null | undefined;
type Texts = Messages['page'];

/** The plots over time of one run. */
export function timePlots(m: Texts, run: RunRecord): Plot[] {
  if (run.series.length === 0) return [];
  const buckets = new Buckets(run.series, bucketSeconds([run]), loadEnd(run));
  const plot = plotsOver(buckets.xs, limitsOf([run]));
  const curve = (
    label: string,
    colour: number,
    pick: Column,
    together: Together,
    line: Curve['line'] = 'solid',
  ) => ({
    ...{ label, colour, line },
    values: buckets.values(pick, together),
  });
  const latency = (label: string, colour: number, pick: Column, line?: Curve['line']) =>
    onLogScale(curve(label, colour, pick, 'highest', line));
  const sheds = run.series.some(({ shed }) => shed > 0);
  const slotNames = [
    ...new Set(run.series.flatMap(({ slots }) => (slots ?? []).map(({ name }) => name))),
  ];
  const retainedBy =
    (name: string): Column =>
    ({ slots }) =>
      slots?.find((slot) => slot.name === name)?.retained_bytes;
  return [
    plot('throughput', m.throughput(), m.throughputDoc(), { unit: 'rate', wide: true }, [
      // Below the others: it is what they are held against.
      curve(m.offeredCurve(), AMBER, (point) => point.offered, 'rate', 'steps'),
      curve(m.committed(), BLUE, (point) => point.committed, 'rate'),
      curve(m.shedCurve(), VERMILION, (point) => (sheds ? point.shed : null), 'rate'),
    ]),
    plot('latency', m.latency(), m.latencyDoc(), { unit: 'ms', wide: true, log: true }, [
      latency(`${m.response()} p99`, BLUE, (point) => point.response_ms.p99),
      latency(`${m.response()} p50`, BLUE, (point) => point.response_ms.p50, 'dashed'),
      latency(`${m.service()} p99`, VERMILION, (point) => point.service_ms.p99),
      latency(`${m.service()} p50`, VERMILION, (point) => point.service_ms.p50, 'dashed'),
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
      slotNames.map((name, index) => {
        const line = index >= COLOURS ? 'dashed' : 'solid';
        return curve(name, index % COLOURS, retainedBy(name), 'highest', line);
      }),
    ),
  ].filter(({ tables }) => tables.some(({ curves }) => curves.length > 0));
}

/** The plots over time of several runs, with a colour a run. */
export function comparedTimePlots(m: Texts, runs: readonly RunRecord[]): Plot[] {
  const step = bucketSeconds(runs);
  const buckets = runs.map((run) => new Buckets(run.series, step, loadEnd(run)));
  const limits = limitsOf(runs);
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
      const curve = { ...lookOfRun(run, index), values };
      return [{ xs: buckets[index]?.xs ?? [], curves: [shape.log ? onLogScale(curve) : curve] }];
    }),
    limits: limits(frame.id),
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
      'rate',
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

/** Milliseconds as a logarithmic axis can show them. */
export function shownOnLog(value: number | null): number | null {
  return value === null ? null : Math.max(value, LEAST_MS);
}

function onLogScale<T extends { readonly values: Values }>(curve: T): T {
  return { ...curve, values: curve.values.map(shownOnLog) };
}

/** Makes plots of one run; leaves out curves without any value. */
function plotsOver(xs: readonly number[], limits: (plot: string) => readonly Limit[]) {
  return (
    id: string,
    title: string,
    explanation: string,
    { unit, log = false, wide = false }: { unit: Plot['unit']; log?: boolean; wide?: boolean },
    curves: readonly Curve[],
  ): Plot => {
    const measured = curves.filter(({ values }) => values.some((value) => value !== null));
    const tables: CurveTable[] = [{ xs, curves: measured }];
    return { id, title, explanation, x: 'time', unit, log, wide, tables, limits: limits(id) };
  };
}
