import { TIMED_HAZARDS } from '../../hazards/hazards.js';
import type { HazardOccurrence } from '../../runs/hazards.js';
import { type RunRecord, startOf } from '../../runs/record.js';
import { Buckets, bucketSeconds } from './buckets.js';
import type { Lane, Plot } from './plot-data.js';
import type { Writer } from './writer.js';

/** A hazard, and the seconds of the run in which it happened. */
export interface Placed {
  readonly occurrence: HazardOccurrence;
  readonly from: number;
  readonly to: number;
}

/** The timed hazards of a run, at their places in its time; those of a run without a series have none. */
export function placedHazards({ occurrences, series }: RunRecord): Placed[] {
  const start = startOf(series);
  const end = series.at(-1)?.second ?? 0;
  if (start === null) return [];
  return occurrences
    .map((occurrence) => {
      const to = (Date.parse(occurrence.at) - start) / 1000;
      const from = to - occurrence.length_ms / 1000;
      return { occurrence, from: clamp(from, end), to: clamp(to, end) };
    })
    .sort((a, b) => a.from - b.from);
}

function clamp(second: number, end: number): number {
  return Math.min(Math.max(0, second), end);
}

/** A lane for each timed hazard that happened, with as many spans as the plots have points, at most. */
export function lanesOf(w: Writer, run: RunRecord): Lane[] {
  const placed = placedHazards(run);
  const step = bucketSeconds([run]);
  return TIMED_HAZARDS.flatMap((name): Lane[] => {
    const ofHazard = placed.filter(({ occurrence }) => occurrence.name === name);
    if (ofHazard.length === 0) return [];
    const spans = groupBySpan(ofHazard, step).map(({ first, to, times }) => ({
      from: round(first.from),
      to: round(to),
      text:
        times === 1
          ? occurrenceText(w, first.occurrence)
          : w.m.hazards.several({ shown: w.count(times) }),
    }));
    return [{ name, times: ofHazard.length, spans }];
  });
}

/** Hazards that began in the same `step` seconds, together. */
function groupBySpan(
  placed: readonly Placed[],
  step: number,
): { first: Placed; to: number; times: number }[] {
  const groups: { first: Placed; to: number; times: number }[] = [];
  for (const each of placed) {
    const open = groups.at(-1);
    if (open !== undefined && isTogether(open.first, each, step)) {
      open.to = Math.max(open.to, each.to);
      open.times++;
    } else groups.push({ first: each, to: each.to, times: 1 });
  }
  return groups;
}

function isTogether(one: Placed, other: Placed, step: number): boolean {
  return Math.floor(one.from / step) === Math.floor(other.from / step);
}

/** The change of the schema, the rows and the length of a hazard. */
function occurrenceText(w: Writer, { change, rows, length_ms }: HazardOccurrence): string {
  return [
    ...(change === null ? [] : [w.m.hazards.changeOf(change)]),
    ...(rows === 0 ? [] : [w.m.hazards.rowsOf({ count: rows, shown: w.count(rows) })]),
    lengthText(w, length_ms),
  ].join(' · ');
}

/** How long a hazard took: `12 ms`, `2.4 s`. */
export function lengthText(w: Writer, ms: number): string {
  return ms < 1000 ? w.ms(ms) : w.span(ms / 1000);
}

/** Milliseconds are enough for a place in a plot. */
function round(second: number): number {
  return Number(second.toFixed(3));
}

/** The plot of these lanes, below the curves of the same time; none without lanes. */
export function lanesPlot({ m }: Writer, run: RunRecord, lanes: readonly Lane[]): Plot[] {
  if (lanes.length === 0) return [];
  const { xs } = new Buckets(run.series, bucketSeconds([run]));
  return [
    {
      id: 'hazards',
      title: m.hazards.plot(),
      explanation: m.hazards.plotDoc(),
      x: 'time',
      unit: 'rate',
      log: false,
      wide: true,
      lanes: true,
      tables: [{ xs, curves: [] }],
      limits: [],
    },
  ];
}
