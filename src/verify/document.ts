import type { ClockOffset } from '../intake/clock-offset.js';
import type { Aside, Malformed } from '../intake/event.js';
import type { Histogram } from '../threads/histogram.js';
import type { EventCounts, TransactionCounts } from './counts.js';
import type { FinalState } from './final-state.js';
import type { Example, Violation } from './findings.js';
import { type Doubt, doubtsOf, judge, VERDICT_CODES, type Verdict } from './verdict.js';
import type { Verification } from './verify.js';

/** Milliseconds; null where nothing was measured. */
export interface Percentiles {
  readonly events: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** What `verify` says of a stream: `verify --json`, and `verify.json` in the run's folder. */
export interface VerificationDocument {
  readonly run_id: string;
  /** As the operator named it. */
  readonly source: string;
  readonly verdict: Verdict;
  readonly exit_code: number;
  /** Why not everything could be judged. */
  readonly doubts: readonly Doubt[];
  readonly transactions: Readonly<TransactionCounts>;
  readonly events: Readonly<EventCounts> & {
    readonly malformed: number;
    /** What arrived and is no change to a row of the hospital. */
    readonly others: Partial<Record<Aside, number>>;
  };
  /** Events by what is wrong with them. */
  readonly violations: Readonly<Record<Violation, number>>;
  readonly examples: readonly Example[];
  readonly malformed: readonly Malformed[];
  readonly rows: {
    /** Rows whose events were followed, and the share of all rows that this is. */
    readonly followed: number;
    readonly sample: number;
    /** Held against the tables in the end, and written by others since; null: not compared. */
    readonly compared: number | null;
    readonly superseded: number | null;
  };
  readonly latency_ms: {
    readonly commit_to_connector: Percentiles;
    readonly connector_to_received: Percentiles;
    readonly commit_to_received: Percentiles;
  };
  /** Server's clock minus this machine's, with its error either way; null: not measured. */
  readonly clock_offset_ms: { readonly value: number; readonly error: number } | null;
  /** ISO 8601, UTC. */
  readonly began: string;
  readonly seconds: number;
}

export interface DocumentParts {
  readonly runId: string;
  readonly source: string;
  readonly verification: Verification;
  readonly finalState: FinalState | null;
  readonly offset: ClockOffset | null;
  readonly began: Date;
  readonly seconds: number;
}

/** Puts together what is to be said, the verdict with it. */
export function documentOf(parts: DocumentParts): VerificationDocument {
  const { verification, finalState, offset } = parts;
  const { matcher, inbox, states, latency } = verification;
  const judged = {
    findings: matcher.findings,
    transactions: matcher.transactions,
    events: matcher.events,
    ledgerProblems: matcher.ledgerProblems,
    interrupted: verification.interrupted,
  };
  const verdict = judge(judged);
  return {
    run_id: parts.runId,
    source: parts.source,
    verdict,
    exit_code: VERDICT_CODES[verdict],
    doubts: doubtsOf(judged),
    transactions: matcher.transactions,
    events: { ...matcher.events, malformed: inbox.malformedCount, others: inbox.asides },
    violations: matcher.findings.counts,
    examples: matcher.findings.examples,
    malformed: inbox.malformedExamples,
    rows: {
      followed: states.size,
      sample: states.sample,
      compared: finalState?.checked ?? null,
      superseded: finalState?.superseded ?? null,
    },
    latency_ms: {
      commit_to_connector: percentiles(latency.commitToConnector),
      connector_to_received: percentiles(latency.connectorToReceived),
      commit_to_received: percentiles(latency.commitToReceived),
    },
    clock_offset_ms:
      offset === null ? null : { value: offset.offset / 1000, error: offset.error / 1000 },
    began: parts.began.toISOString(),
    seconds: parts.seconds,
  };
}

function percentiles(histogram: Histogram): Percentiles {
  return {
    events: histogram.count,
    p50: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p99: histogram.quantile(0.99),
    max: histogram.quantile(1),
  };
}
