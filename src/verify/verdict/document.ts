import type { Histogram } from '../../lib/histogram.js';
import type { Operation } from '../../schemas/hospital/changes.js';
import { TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';
import type { ClockOffset } from '../../sources/clock-offset.js';
import type { Ignored, Malformed, Unstated } from '../../sources/source.js';
import type { Omission } from '../ledger/publishing.js';
import type { FinalState } from '../rows/final-state.js';
import type { AnonymousTable } from '../rows/server-effects.js';
import type { Verification } from '../verify.js';
import { DOUBTS, type Doubt, type Sum } from './accounting.js';
import type { EventCounts, TransactionCounts } from './counts.js';
import type { Cause, Example, Violation } from './findings.js';
import { type Doubts, judge, VERDICT_CODES, type Verdict } from './verdict.js';

/** Milliseconds; null where nothing was measured. */
export interface Percentiles {
  readonly events: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** What is wrong in one way, and why, where the database's catalogue tells. */
export type ExplainedCause = Omit<Cause, 'examples'> & {
  /** Null: nothing is known of why. */
  readonly omitted: Omission | null;
};

const ELSEWHERE = ['other_schema', 'other_database', 'other_server'] as const;
type Elsewhere = (typeof ELSEWHERE)[number];

/** Something to know of a verification, that is no violation by itself. */
export type Note =
  /** The source began after so many of the run's transactions. `waived`: by `--partial`. */
  | {
      readonly kind: 'source_began';
      readonly transactions: number;
      readonly of: number;
      readonly waived: boolean;
    }
  /** The events do not say so: what is of the same name elsewhere would count as the run's. */
  | { readonly kind: 'untold'; readonly what: readonly Unstated[] }
  /** Events of tables of the run's names, elsewhere; told where something did not come. */
  | { readonly kind: 'elsewhere'; readonly what: Elsewhere; readonly events: number }
  /** Another connector gave out so many of the same changes: only the one that is named was judged. */
  | { readonly kind: 'several_connectors'; readonly judged: string; readonly events: number }
  /** Triggers, rules and policies by which rows may be otherwise than the run wrote them. */
  | { readonly kind: 'server_acts'; readonly names: readonly string[] }
  /** Deletes in these tables do not tell the row. */
  | {
      readonly kind: 'replica_identity';
      readonly tables: readonly AnonymousTable[];
    }
  /** Tables of which a publication lists only some columns, where events left columns out. */
  | {
      readonly kind: 'columns';
      readonly tables: readonly { table: TableName; publications: readonly string[] }[];
    };

/** What `verify` says of a stream: `verify --json`, and `verify.json` in the run's folder. */
export interface VerificationDocument {
  readonly run_id: string;
  /** As the operator named it. */
  readonly source: string;
  readonly verdict: Verdict;
  readonly exit_code: number;
  /** What became of every change that the ledger has as committed; the last five add up to the first. */
  readonly accounting: Sum;
  /** Why not everything could be judged, each with how many events that is about. */
  readonly doubts: Doubts;
  /** What there is to know besides. */
  readonly notes: readonly Note[];
  readonly transactions: Readonly<TransactionCounts>;
  readonly events: Readonly<EventCounts> & {
    readonly malformed: number;
    /** What arrived and is no change to a row of the hospital. */
    readonly others: Partial<Record<Ignored, number>>;
  };
  /** Events by what is wrong with them. */
  readonly violations: Readonly<Record<Violation, number>>;
  /** The same by what is wrong in one way with one table; examples are in their order. */
  readonly causes: readonly ExplainedCause[];
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
  const { matcher, inbox, states, latency, judging, partial } = verification;
  const { findings, transactions } = matcher;
  const accounting = matcher.accounting.sum;
  const events = { ...matcher.events, derived: matcher.derived.proved };
  const doubts = doubtsOf(verification);
  const { delivered, replayed } = events;
  const violations = findings.any;
  const verdict = judge({ accounting, violations, doubts, delivered, replayed });
  const others = { ...inbox.ignoredCounts };
  if (matcher.otherServers > 0) others.other_server = matcher.otherServers;
  const { causes } = findings;
  return {
    run_id: parts.runId,
    source: parts.source,
    verdict,
    exit_code: VERDICT_CODES[verdict],
    accounting,
    doubts,
    notes: notesOf(verification, doubts, partial),
    transactions,
    events: { ...events, malformed: inbox.malformedCount, others },
    violations: findings.counts,
    causes: causes.map(({ examples: _, ...cause }) => {
      const { table, operation, violation } = cause;
      const asked = asOperation(operation);
      const explained = violation === 'missing' || violation === 'phantom';
      const omitted =
        table === null || !explained ? null : judging.publishing.omission(table, asked);
      return { ...cause, omitted };
    }),
    examples: causes.flatMap(({ examples }) => examples),
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

function asOperation(operation: Cause['operation']): Operation | null {
  return operation === 'snapshot' ? null : operation;
}

/** What the matcher doubts, and what only shows at the very end. */
function doubtsOf({ matcher, inbox }: Verification): Doubts {
  const doubts: Partial<Record<Doubt, number>> = { ...matcher.accounting.doubts };
  const add = (reason: Doubt, events: number) => {
    if (events > 0) doubts[reason] = (doubts[reason] ?? 0) + events;
  };
  add('server_changed', matcher.derived.unproved);
  add('malformed', inbox.malformedCount);
  if (matcher.events.delivered === 0) doubts.nothing_delivered = matcher.accounting.committed;
  return Object.fromEntries(
    DOUBTS.flatMap((reason) => (doubts[reason] === undefined ? [] : [[reason, doubts[reason]]])),
  );
}

function notesOf(
  { matcher, inbox, judging }: Verification,
  doubts: Doubts,
  partial: boolean,
): Note[] {
  const { before_source, expected } = matcher.transactions;
  const { effects } = judging;
  const notes: Note[] = [];
  if (before_source > 0) {
    const counts = { transactions: before_source, of: expected };
    notes.push({ kind: 'source_began', ...counts, waived: partial });
  }
  const { missing, doubted } = matcher.accounting.sum;
  for (const what of missing + doubted > 0 ? ELSEWHERE : []) {
    const events =
      what === 'other_server' ? matcher.otherServers : (inbox.ignoredCounts[what] ?? 0);
    if (events > 0) notes.push({ kind: 'elsewhere', what, events });
  }
  if (matcher.copies !== null) notes.push({ kind: 'several_connectors', ...matcher.copies });
  if (inbox.untoldFacts.size > 0) notes.push({ kind: 'untold', what: [...inbox.untoldFacts] });
  if (doubts.server_changed !== undefined) {
    notes.push({ kind: 'server_acts', names: effects.acting });
  }
  if (doubts.replica_identity !== undefined) {
    notes.push({ kind: 'replica_identity', tables: effects.anonymous });
  }
  const listed = TABLE_NAMES.flatMap((table) => {
    const omitted = judging.publishing.omission(table, null);
    return omitted?.kind === 'columns' ? [{ table, publications: omitted.publications }] : [];
  });
  if (doubts.contents_not_told !== undefined && listed.length > 0) {
    notes.push({ kind: 'columns', tables: listed });
  }
  return notes;
}

function percentiles(histogram: Histogram): Percentiles {
  return { events: histogram.count, ...histogram.quantiles('p50', 'p90', 'p99', 'max') };
}
