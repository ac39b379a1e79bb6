import type { Messages } from '../../messages/index.js';
import type { RunRecord } from '../../runs/record.js';
import type { RecordedVerification } from '../../runs/verifications.js';
import { Buckets, bucketSeconds, type Timed } from './buckets.js';
import type { Curve, CurveTable, Plot } from './plot.js';
import { shownOnLog } from './plots.js';
import { startOf } from './start-of.js';

/** The latencies of what arrived in a second of the run. */
interface Arrivals extends Timed {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How late the events of a verified run were, over time; none where nobody was there to tell. */
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
    curve('p50', 0, 'p50'),
    curve('p99', 1, 'p99'),
    curve(m.maximum(), 3, 'max', true),
  ];
  // The seconds of the run too, so that a moment stands in the same place as in its other plots.
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

/** By the clock of the run's machine, on which `verify` reads the run's folder. */
function arrivalsOf(
  { series }: RunRecord,
  { document, points }: RecordedVerification,
): readonly Arrivals[] {
  const ahead = document.clock_offset_ms?.value ?? 0;
  const start = startOf(series) ?? (points[0]?.at ?? 0) - ahead;
  return points.map(({ at, p50, p99, max }) => {
    // A point of the series stands at the end of its second: this one too.
    const second = (at - ahead - start) / 1000 + 1;
    return { second, p50, p99, max };
  });
}
