import type { Messages } from '../../messages/index.js';
import type { RunRecord } from '../../runs/record.js';
import type { Quantiles } from '../../runs/summary.js';
import { MAXIMUM_PLACE, type Plot, type Values } from './plot.js';
import { curveOfRun, shownOnLog } from './plots.js';

/** Where 50, 90, 99, 99.9 % and the maximum stand on the axis of 1/(1-p). */
const PLACES = [2, 10, 100, 1_000, MAXIMUM_PLACE];

const LOOKS = {
  response: { colour: 0, dashed: false },
  service: { colour: 1, dashed: false },
  lag: { colour: 2, dashed: true },
} as const;

/** Latency against percentile, as HDR histograms are drawn: of one run all three, of several the response. */
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
      .map((name) => ({ label: m[name](), ...LOOKS[name], values: valuesOf(latency[name]) }))
      .filter(({ values }) => values.some((value) => value !== null));
    if (curves.length === 0) return [];
    return [{ ...frame, title: m.percentiles(), tables: [{ xs: PLACES, curves }] }];
  }
  const tables = runs.flatMap((run, index) => {
    const response = run.summary?.latency_ms.response;
    if (response === undefined || response.max === null) return [];
    return [{ xs: PLACES, curves: [{ ...curveOfRun(run, index), values: valuesOf(response) }] }];
  });
  return tables.length === 0 ? [] : [{ ...frame, title: m.percentilesOfResponse(), tables }];
}

function valuesOf({ p50, p90, p99, p999, max }: Quantiles): Values {
  return [p50, p90, p99, p999, max].map((value) => shownOnLog(value ?? null));
}
