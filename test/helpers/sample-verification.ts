import type { SeriesPoint } from '../../src/run/series.js';
import type { RecordedVerification } from '../../src/runs/verifications.js';
import { type Doubts, VERDICT_CODES, type Verdict } from '../../src/verify/verdict/accounting.js';
import type {
  ExplainedCause,
  Percentiles,
  VerificationDocument,
} from '../../src/verify/verdict/document.js';
import type { Example } from '../../src/verify/verdict/findings.js';
import type { LatencyPoint } from '../../src/verify/verdict/latency.js';

/** The server's clock is this far ahead, in milliseconds. */
const AHEAD_MS = 12.5;
/** A connector that is down this long gives out everything at once when it is back, in seconds. */
const OUTAGE = { from: 160, to: 180 };
/** Half of the events of a transaction that came twice. */
const REPLAYED = 1_250;

const EXAMPLES: readonly Example[] = [
  {
    violation: 'missing',
    detail: 'transaction_missing',
    table: null,
    operation: null,
    key: null,
    xid: 81_234,
    lsn: '0/3A4F1C8',
    place: null,
    stream: null,
    ledger: { file: '/var/lib/runs/ledger/worker-2.ledger', intent: 412 },
  },
  {
    violation: 'missing',
    detail: 'row_missing',
    table: 'internacoes',
    operation: 'insert',
    key: 20_417,
    xid: 81_301,
    lsn: '0/3A60D10',
    place: null,
    stream: 0,
    ledger: { file: '/var/lib/runs/ledger/worker-0.ledger', intent: 433 },
  },
  {
    violation: 'altered',
    detail: 'replay_differs',
    table: 'pacientes',
    operation: 'update',
    key: '9007199254740993',
    xid: 81_377,
    lsn: '0/3A70000',
    place: 10_512,
    stream: 0,
    ledger: null,
  },
  {
    violation: 'inconsistent',
    detail: 'final_state',
    table: 'medicos',
    operation: 'delete',
    key: 14,
    xid: null,
    lsn: null,
    place: null,
    stream: null,
    ledger: null,
  },
];

const DOUBTS: Readonly<Record<Verdict, Doubts>> = {
  exact: {},
  duplicates: {},
  violation: { unknown_transactions: 150 },
  indeterminate: { ended_early: 350, unknown_transactions: 150 },
};

/** A verification that `verify` could have left of a run with this series. */
export function sampleVerification(
  runId: string,
  series: readonly SeriesPoint[],
  verdict: Verdict,
): RecordedVerification {
  const points = series.flatMap((point) => pointOf(point));
  return { document: sampleDocument(runId, series, verdict), points };
}

function sampleDocument(
  runId: string,
  series: readonly SeriesPoint[],
  verdict: Verdict,
): VerificationDocument {
  const expected = series.reduce((sum, { committed }) => sum + committed, 0);
  const [violated, unsure] = [verdict === 'violation', verdict === 'indeterminate'];
  const notArrived = unsure ? 350 : 0;
  const missing = violated ? 52 : 0;
  const delivered = expected - notArrived - missing;
  return {
    run_id: runId,
    source: 'kafka:broker.example:9092/hospital',
    verdict,
    exit_code: VERDICT_CODES[verdict],
    accounting: {
      committed: expected,
      delivered,
      excused: 0,
      missing,
      doubted: notArrived,
      waived: 0,
    },
    doubts: DOUBTS[verdict],
    notes: violated ? [{ kind: 'untold', what: ['origin'] }] : [],
    transactions: {
      expected: Math.round(expected / 50),
      delivered: Math.round(delivered / 50),
      missing: violated ? 2 : 0,
      not_arrived: notArrived / 50,
      before_source: 0,
      before_snapshot: 0,
      unknown_delivered: DOUBTS[verdict].unknown_transactions === undefined ? 0 : 3,
      unknown_absent: 0,
    },
    events: {
      delivered,
      replayed: verdict === 'exact' ? 0 : REPLAYED,
      rewinds: verdict === 'exact' ? 0 : 1,
      derived: 0,
      foreign: 17,
      snapshot: 0,
      unjudged: 0,
      malformed: 0,
      others: { other_table: 4 },
    },
    violations: {
      missing,
      duplicated: 0,
      phantom: 0,
      reordered: 0,
      altered: violated ? 1 : 0,
      inconsistent: violated ? 1 : 0,
    },
    causes: violated ? causesOf(EXAMPLES, missing) : [],
    examples: violated ? EXAMPLES : [],
    malformed: [],
    rows: {
      followed: 31_337,
      sample: 0.25,
      compared: unsure ? null : 31_300,
      superseded: unsure ? null : 37,
    },
    latency_ms: {
      commit_to_connector: percentiles(delivered, 210),
      connector_to_received: percentiles(delivered, 9),
      commit_to_received: percentiles(delivered, 220),
    },
    clock_offset_ms: { value: AHEAD_MS, error: 0.21 },
    began: series[0]?.at ?? '2026-11-23T20:15:31.000Z',
    seconds: series.length + 2.5,
  };
}

/** One a cause; all missing events but one are of one transaction. */
function causesOf(examples: readonly Example[], missing: number): ExplainedCause[] {
  return examples.map(({ violation, detail, table, operation }) => ({
    violation,
    detail,
    table,
    operation,
    events: detail === 'transaction_missing' ? missing - 1 : 1,
    omitted: null,
  }));
}

function percentiles(events: number, p50: number): Percentiles {
  return { events, p50, p90: p50 * 2.1, p99: p50 * 18, max: p50 * 95 };
}

/** The seconds in which something arrived. */
function pointOf({ at, second, committed }: SeriesPoint): LatencyPoint[] {
  if (committed === 0 || (second > OUTAGE.from && second <= OUTAGE.to)) return [];
  const sinceBack = second - OUTAGE.to;
  const backlog = sinceBack > 0 && sinceBack < 9 ? (20_000 * (9 - sinceBack)) / 8 : 0;
  const p50 = 150 + 60 * Math.abs(Math.sin(second)) + backlog;
  return [
    {
      // A whole second of the server's clock, by its beginning.
      at: Math.floor((Date.parse(at) - 1000 + AHEAD_MS) / 1000) * 1000,
      events: committed,
      p50,
      p99: p50 * 2.4,
      max: p50 * 3.1,
    },
  ];
}
