import { parseStage } from '../../load/stages.js';
import type { SeriesPoint } from '../../run/series.js';
import type { RunRecord } from '../../runs/record.js';
import { listOf, streamSettings } from '../../runs/recorded-settings.js';
import { bucketSeconds } from './buckets.js';
import type { Marks, Span } from './plot-data.js';

/** Marks of a run, without those of hazards. */
export function marksOf(run: RunRecord): Omit<Marks, 'hazards'> {
  const { series, summary } = run;
  const paused = spansWhere(series, (point) => point.paused);
  const step = bucketSeconds([run]);
  // As many as there are points in the plots: a run of days may reject a row every second.
  const secondsWith = (field: 'reconnects' | 'rejected') => [
    ...new Set(
      series
        .filter((point) => point[field] > 0)
        .map(({ second }) => (step === 1 ? second : Math.ceil(second / step) * step)),
    ),
  ];
  const last = series.at(-1);
  return {
    paused,
    outages: spansWhere(series, (point) => point.disconnected > 0),
    gaps: gapsOf(series),
    reconnects: secondsWith('reconnects'),
    rejections: secondsWith('rejected'),
    failures: summary?.stopped_by === 'critical' && last !== undefined ? [last.second] : [],
    stages: stagesOf(run, paused),
  };
}

/** Adjacent seconds for which `holds` is true are one span. */
function spansWhere(
  series: readonly SeriesPoint[],
  holds: (point: SeriesPoint) => boolean,
): [from: number, to: number][] {
  const spans: [number, number][] = [];
  let before = 0;
  for (const point of series) {
    const open = spans.at(-1);
    if (holds(point)) {
      if (open !== undefined && open[1] === before) open[1] = point.second;
      else spans.push([before, point.second]);
    }
    before = point.second;
  }
  return spans;
}

/** The spans of points that cover more than a second. */
function gapsOf(series: readonly SeriesPoint[]): Span[] {
  return series.flatMap(({ second }, index): Span[] => {
    const before = series[index - 1]?.second ?? 0;
    return Math.round(second) - Math.round(before) > 1 ? [[before, second]] : [];
  });
}

/** The second of a run at which its plan had no more events; Infinity for no planned end. */
export function loadEnd({ settings, series }: RunRecord): number {
  const { durationSeconds } = streamSettings(settings);
  const stages = listOf(settings, 'stages').map(secondsOf);
  const planned = Math.min(
    stages.length > 0
      ? stages.reduce((sum, seconds) => sum + seconds, 0)
      : Number.POSITIVE_INFINITY,
    typeof durationSeconds === 'number' ? durationSeconds : Number.POSITIVE_INFINITY,
  );
  return withPauses(
    planned,
    spansWhere(series, (point) => point.paused),
  );
}

/** The stages that a run reached. Stages count time without pauses. */
function stagesOf({ settings, series }: RunRecord, paused: readonly Span[]): Marks['stages'] {
  const end = series.at(-1)?.second ?? 0;
  let active = 0;
  return listOf(settings, 'stages').flatMap((label) => {
    const at = withPauses(active, paused);
    active += secondsOf(label);
    return at < end ? [{ at, label }] : [];
  });
}

/** Length of a stage; Infinity if another version wrote it. */
function secondsOf(stage: string): number {
  return parseStage(stage)?.seconds ?? Number.POSITIVE_INFINITY;
}

/** The second of a run at which so many of its seconds were not paused. */
function withPauses(active: number, paused: readonly Span[]): number {
  return paused.reduce((at, [from, to]) => (from < at ? at + to - from : at), active);
}
