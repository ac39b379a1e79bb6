import type { Quantiles, RunSummary } from '../../../src/runs/summary.js';
import { noRows } from '../../../src/schema/changes.js';
import { hospital } from '../../helpers/hospital.js';

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

const UNMEASURED: Quantiles = { p50: null, p90: null, p99: null, p999: null, max: null };

/** The summary of a run that went well, with some members changed. */
export function summaryOf(changes: Partial<RunSummary> = {}): RunSummary {
  const rows = noRows(hospital.tables);
  rows.consultas!.insert = 900;
  rows.exames!.delete = 3;
  return {
    run_id: '20261123-201530-a1b2',
    rng: 1,
    workers: 4,
    batch_size: 50,
    target_rate: 200,
    achieved_rate: 199,
    offered: 1210,
    shed: 10,
    unsent: 0,
    server_lost: false,
    held_up: false,
    given_up: 0,
    seconds: 6.5,
    paused_seconds: 0.5,
    events: 1200,
    transactions: { committed: 24, rolled_back: 1, in_doubt: 0, settled: 2 },
    rows,
    rejected: { '23505': 4, '22P02': 1 },
    retries: 5,
    reconnects: 6,
    latency_ms: {
      response: { p50: 11, p90: 12, p99: 130, p999: 140, max: 150 },
      service: { p50: 1, p90: 2, p99: 3, p999: 4, max: 5.25 },
      lag: UNMEASURED,
    },
    by_type: {
      consulta: {
        insert: {
          events: 700,
          response: { p50: 21, p90: 22, p99: 23, p999: 24, max: 25 },
          service: { p50: 16, p90: 17, p99: 18, p999: 19, max: 20 },
        },
      },
    },
    generator: {
      cpu_cores: 0.75,
      rss_peak_bytes: 200 * MIB,
      rss_growth_bytes: 20 * MIB,
      open_files_growth: 0,
      response_growth: 1.02,
      late_ms: 0.4,
      bottleneck: null,
    },
    slots: {
      cdc: { retained_bytes: 1.5 * GIB, lag_bytes: 300 },
      physical: { retained_bytes: 0, lag_bytes: null },
    },
    thresholds: [],
    stopped_by: 'duration',
    ...changes,
  };
}
