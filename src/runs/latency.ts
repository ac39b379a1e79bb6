import { type LatencyPlace, merge } from '../lib/histogram.js';
import type { WorkerStats } from '../run/worker-stats.js';

export const LATENCIES = ['response', 'service', 'lag'] as const;

/** `latency.json` in a run's folder: the distribution of each latency over all batches, the shortest first. */
export type LatencyDistributions = Readonly<
  Record<(typeof LATENCIES)[number], readonly LatencyPlace[]>
>;

/** The distributions of a run, over its workers. */
export function latencyDistributions(workerStats: readonly WorkerStats[]): LatencyDistributions {
  const of = (latency: (typeof LATENCIES)[number]) =>
    merge(workerStats.map((stats) => stats[latency])).distribution();
  return { response: of('response'), service: of('service'), lag: of('lag') };
}
