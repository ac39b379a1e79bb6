import type { RunRecord } from '../../src/report/run-record.js';
import type { VerificationDocument } from '../../src/verify/document.js';
import type { Example } from '../../src/verify/findings.js';
import type { Verified } from '../../src/verify/record.js';

const EXAMPLE: Example = {
  violation: 'missing',
  detail: 'row_missing',
  table: 'consultas',
  operation: 'insert',
  key: 4711,
  xid: 731,
  lsn: '0/16B3748',
  place: null,
  stream: null,
  ledger: { file: 'worker-001-00001.ndjson', intent: 12 },
};

const percentiles = { events: 1000, p50: 2.1, p90: 5.4, p99: 41.5, max: 118 };

/** What `verify` could have left of a run: a few things wrong, and a latency for each of its seconds. */
export function sampleVerification({ runId, series }: RunRecord): Verified {
  const counts = {
    missing: 0,
    duplicated: 0,
    phantom: 0,
    reordered: 0,
    altered: 0,
    inconsistent: 0,
  };
  const document: VerificationDocument = {
    run_id: runId,
    source: 'ndjson:/data/<events>.ndjson',
    verdict: 'violation',
    exit_code: 7,
    doubts: [],
    transactions: {
      ...{ expected: 4800, delivered: 4798, missing: 2, not_arrived: 0, before_start: 0 },
      ...{ unknown_delivered: 0, unknown_absent: 0, unchecked: 0 },
    },
    events: {
      ...{ expected: 240_000, delivered: 239_987, replayed: 512, rewinds: 2, not_arrived: 0 },
      ...{ foreign: 33, snapshot: 0, unjudged: 0, malformed: 0, others: { transaction: 9600 } },
    },
    violations: { ...counts, missing: 13, altered: 1 },
    examples: [EXAMPLE, { ...EXAMPLE, violation: 'altered', detail: 'contents', place: 88 }],
    malformed: [],
    rows: { followed: 200_000, sample: 1, compared: 199_990, superseded: 10 },
    latency_ms: {
      commit_to_connector: percentiles,
      connector_to_received: percentiles,
      commit_to_received: percentiles,
    },
    clock_offset_ms: { value: -0.012, error: 0.133 },
    began: '2026-11-23T20:15:30.000Z',
    seconds: 301,
  };
  const points = series.map(({ at, second }) => {
    const p50 = 2 + (second % 7);
    return { at: Date.parse(at), events: 800, p50, p99: p50 * 8, max: p50 * 20 };
  });
  return { document, points };
}
