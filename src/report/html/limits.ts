import type { RunRecord } from '../../runs/record.js';
import { listOf } from '../../runs/recorded-settings.js';
import { parseThreshold } from '../thresholds.js';
import type { Limit } from './plot-data.js';

/** A threshold of the runs in a plot. */
interface Judged {
  readonly metric: string;
  readonly limit: Limit;
}

/** Places on the axis of 1/(1-p) by quantile; the highest latency has no place of its own. */
const QUANTILE_PLACES: Readonly<Record<string, number | null>> = {
  p50: 2,
  p90: 10,
  p99: 100,
  p999: 1_000,
  max: null,
};

/** Metrics of the quantiles of a latency, and their places. */
const QUANTILE = /^(?:response|service|lag)\.(p50|p90|p99|p999|max)$/;

/** The metrics that a plot shows, by its id. */
const SHOWN: Readonly<Record<string, RegExp>> = {
  throughput: /^achieved_rate$/,
  latency: /^(response|service)\.(p50|p99)$/,
  response: /^response\.p99$/,
  service: /^service\.p99$/,
  percentiles: QUANTILE,
  memory: /^rss_peak$/,
  cpu: /^cpu_cores$/,
  slots: /^slot\.\w+\.retained$/,
};

/** Finds the thresholds that a plot draws. Of several runs, only those that all of them had. */
export function limitsOf(runs: readonly RunRecord[]): (plot: string) => Limit[] {
  const [first = [], ...others] = runs.map(judgedOf);
  const common = first.flatMap((judged) => {
    const same = others.map((each) => each.find(({ limit }) => limit.label === judged.limit.label));
    if (same.includes(undefined)) return [];
    const agreed = same.every((each) => each?.limit.held === judged.limit.held);
    return [agreed ? judged : { ...judged, limit: { ...judged.limit, held: null } }];
  });
  return (plot) =>
    common
      .filter(({ metric }) => SHOWN[plot]?.test(metric))
      .map(({ metric, limit }) =>
        plot === 'percentiles' ? { ...limit, until: placeOf(metric) } : limit,
      );
}

function judgedOf({ summary, settings }: RunRecord): Judged[] {
  const judged = summary?.thresholds.map(({ threshold, held }) => ({ text: threshold, held }));
  const planned = listOf(settings, 'thresholds').map((text) => ({ text, held: null }));
  return (judged ?? planned).flatMap(({ text, held }) => {
    const parsed = parseThreshold(text, null);
    if ('problem' in parsed) return [];
    const { metric, limit: value } = parsed;
    const label = text.replace(/\s*,\s*abort\s*$/i, '');
    return [{ metric, limit: { label, value, held, until: null } }];
  });
}

function placeOf(metric: string): number | null {
  const [, quantile = ''] = QUANTILE.exec(metric) ?? [];
  return QUANTILE_PLACES[quantile] ?? null;
}
