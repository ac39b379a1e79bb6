import type { Messages } from '../../messages/index.js';
import { type RunRecord, startOf } from '../../runs/record.js';
import type { RecordedVerification } from '../../runs/verifications.js';
import { Buckets, bucketSeconds, type Timed } from './buckets.js';
import { BLUE, PURPLE, VERMILION } from './palette.js';
import type { Curve, CurveTable, Plot } from './plot-data.js';
import { shownOnLog } from './plots.js';

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
  const curve = (
    label: string,
    colour: number,
    name: 'p50' | 'p99' | 'max',
    line: Curve['line'] = 'solid',
  ) => ({
    ...{ label, colour, line },
    values: buckets.values((point) => point[name], 'highest').map(shownOnLog),
  });
  const curves: Curve[] = [
    curve('p50', BLUE, 'p50'),
    curve('p99', VERMILION, 'p99'),
    curve(m.maximum(), PURPLE, 'max', 'dashed'),
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
      limits: [],
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
