import { inEnglish } from '../../errors.js';
import type { HazardName } from '../../hazards/hazards.js';
import type { Histogram } from '../../lib/histogram.js';
import type { Operation } from '../../schema/changes.js';
import type { TableName } from '../../schema/table.js';
import type { ClockOffset } from '../../sources/clock-offset.js';
import type { Ignored, Malformed, Projection, Unstated } from '../../sources/source.js';
import type { MessageCounts } from '../hazards/messages.js';
import type { StreamHazards, TruncateCounts } from '../hazards/stream-hazards.js';
import type { Omission } from '../ledger/publishing.js';
import type { FinalState } from '../rows/final-state.js';
import type { AnonymousTable } from '../rows/server-effects.js';
import type { Verification } from '../verify.js';
import {
  DOUBTS,
  type Doubt,
  type Doubts,
  type EventCounts,
  judge,
  type Results,
  type Sum,
  type TransactionCounts,
  VERDICT_CODES,
  type Verdict,
} from './accounting.js';
import type { Cause, Example, Violation } from './findings.js';

/** Milliseconds; null: nothing was measured. */
export interface Percentiles {
  readonly events: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** A cause of violations, and its explanation by the publications. */
export type ExplainedCause = Omit<Cause, 'examples'> & {
  /** Null: the publications do not explain it. */
  readonly omitted: Omission | null;
};

const ELSEWHERE = ['other_schema', 'other_database', 'other_server'] as const;
type Elsewhere = (typeof ELSEWHERE)[number];

/** A fact about a verification that is not a violation by itself. */
export type Note =
  /** The source began after the first `transactions` of the run's. `waived`: by `--partial`. */
  | {
      readonly kind: 'source_began';
      readonly transactions: number;
      readonly of: number;
      readonly waived: boolean;
    }
  /** The events left this out: rows of the same name elsewhere would count as the run's. */
  | { readonly kind: 'untold'; readonly what: readonly Unstated[] }
  /** Events of tables of the same names elsewhere. Only noted if changes are missing or doubted. */
  | { readonly kind: 'elsewhere'; readonly what: Elsewhere; readonly events: number }
  /** Another connector delivered `events` of the same changes: only `judged` was judged. */
  | { readonly kind: 'several_connectors'; readonly judged: string; readonly events: number }
  /** Triggers, rules and policies that may make rows differ from the ledger. */
  | { readonly kind: 'server_acts'; readonly names: readonly string[] }
  /** Deletes in these tables have no key. */
  | {
      readonly kind: 'replica_identity';
      readonly tables: readonly AnonymousTable[];
    }
  /** No truncate of the run arrived: settings leave them out. */
  | {
      readonly kind: 'truncates_not_carried';
      readonly events: number;
      readonly tables: readonly TableName[];
    }
  /** The run emitted logical messages, and the source delivered not one. */
  | { readonly kind: 'messages_not_carried'; readonly messages: number }
  /** Changes arrived though their table was out of its publication when they were committed. */
  | { readonly kind: 'unpublished_arrived'; readonly events: number }
  /** Tables whose rows were not followed after a truncate. */
  | { readonly kind: 'unfollowed'; readonly tables: readonly TableName[] }
  /** Tables with a column list, if events left columns out. */
  | {
      readonly kind: 'columns';
      readonly tables: readonly { table: TableName; publications: readonly string[] }[];
    };

/** An input that was skipped. The document is the same in every language, so the reason is in English. */
type MalformedExample = Omit<Malformed, 'reason'> & { readonly reason: string };

/** The result of a verification: printed by `verify --json`, and stored as `verify.json` in the run's folder. */
export interface VerificationDocument {
  readonly run_id: string;
  /** As the operator named it. */
  readonly source: string;
  readonly verdict: Verdict;
  readonly exit_code: number;
  /** Every change that the ledger has as committed: the last five add up to the first. */
  readonly accounting: Sum;
  /** Events by reason of doubt. */
  readonly doubts: Doubts;
  readonly notes: readonly Note[];
  /**
   * Delivered events by the loss of some of their values, which a setting of the pipeline cannot carry: both sides were
   * compared by what is left of them. Left out if every value was whole.
   */
  readonly projections?: Readonly<Partial<Record<Projection, number>>>;
  /** Times that each hazard of the run happened, according to its ledger. Left out: the run had none. */
  readonly hazards?: Readonly<Partial<Record<HazardName, number>>>;
  /** They are in `accounting`, too. Left out as `hazards`. */
  readonly truncates?: Readonly<TruncateCounts>;
  /** They are not in `accounting`. Left out as `hazards`. */
  readonly messages?: MessageCounts;
  readonly transactions: Readonly<TransactionCounts>;
  readonly events: Readonly<EventCounts> & {
    readonly malformed: number;
    /** Input that is not a change to a row of the run's tables. */
    readonly others: Partial<Record<Ignored, number>>;
  };
  /** Events by violation. */
  readonly violations: Readonly<Record<Violation, number>>;
  /** The same by detail, table and operation; `examples` are in this order. */
  readonly causes: readonly ExplainedCause[];
  readonly examples: readonly Example[];
  readonly malformed: readonly MalformedExample[];
  readonly rows: {
    /** Rows that were followed, and their share of all rows. */
    readonly followed: number;
    readonly sample: number;
    /** Rows compared with the tables, and rows written since their last event; null: not compared. */
    readonly compared: number | null;
    readonly superseded: number | null;
  };
  readonly latency_ms: {
    readonly commit_to_connector: Percentiles;
    readonly connector_to_received: Percentiles;
    readonly commit_to_received: Percentiles;
  };
  /** Server's clock minus this machine's, and the error in either direction; null: not measured. */
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

/** Composes the document, and decides about the verdict. */
export function documentOf(parts: DocumentParts): VerificationDocument {
  const { verification, finalState, offset } = parts;
  const { results, inbox, derived, tracker, latency, database, partial, hazards } = verification;
  const { findings, transactions, otherServers, projections } = results;
  const accounting = results.accounting.sum;
  const events = { ...results.events, derived: derived.proved };
  const doubts = doubtsOf(verification);
  const { replayed } = events;
  const violations = findings.any;
  const verdict = judge({ accounting, violations, doubts, replayed });
  const others = { ...inbox.ignoredCounts };
  if (otherServers > 0) others.other_server = otherServers;
  const { causes } = findings;
  return {
    run_id: parts.runId,
    source: parts.source,
    verdict,
    exit_code: VERDICT_CODES[verdict],
    accounting,
    doubts,
    notes: notesOf(verification, doubts, partial),
    ...(Object.keys(projections).length > 0 ? { projections } : {}),
    ...(hazards === null
      ? {}
      : {
          hazards: hazards.happened,
          truncates: hazards.truncates,
          messages: hazards.messages.counts,
        }),
    transactions,
    events: { ...events, malformed: inbox.malformedCount, others },
    violations: findings.counts,
    causes: causes.map(({ examples: _, ...cause }) => {
      const { table, operation, violation } = cause;
      const explainable = violation === 'missing' || violation === 'phantom';
      const omitted =
        table === null || !explainable
          ? null
          : database.publishing.omission(table, publishedOperation(operation));
      return { ...cause, omitted };
    }),
    examples: causes.flatMap(({ examples }) => examples),
    malformed: inbox.malformedExamples.map(({ reason, ...place }) => ({
      ...place,
      reason: inEnglish(reason),
    })),
    rows: {
      followed: tracker.size,
      sample: tracker.sample,
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

/** The projections by which values were compared, each with its number of events. */
export function projectionsOf({ projections = {} }: VerificationDocument): {
  readonly projection: Projection;
  readonly events: number;
}[] {
  return (Object.keys(projections) as Projection[]).map((projection) => ({
    projection,
    events: projections[projection]!,
  }));
}

/** The facts of publications are about changes of rows. */
function publishedOperation(operation: Cause['operation']): Operation | null {
  const isOfRows = operation === 'insert' || operation === 'update' || operation === 'delete';
  return isOfRows ? operation : null;
}

/** The doubts of the results, and those that only show at the very end. */
function doubtsOf({ results, derived, inbox }: Verification): Doubts {
  const { accounting } = results;
  const doubts: Partial<Record<Doubt, number>> = { ...accounting.doubts };
  const add = (reason: Doubt, events: number) => {
    if (events > 0) doubts[reason] = (doubts[reason] ?? 0) + events;
  };
  add('server_changed', derived.unproved);
  add('malformed', inbox.malformedCount);
  if (results.events.delivered === 0) doubts.nothing_delivered = accounting.committed;
  return Object.fromEntries(
    DOUBTS.flatMap((reason) => (doubts[reason] === undefined ? [] : [[reason, doubts[reason]]])),
  );
}

function notesOf(
  { tables, results, inbox, database, hazards }: Verification,
  doubts: Doubts,
  partial: boolean,
): Note[] {
  const { before_source, expected } = results.transactions;
  const { effects, publishing } = database;
  const notes: Note[] = [];
  if (before_source > 0) {
    const counts = { transactions: before_source, of: expected };
    notes.push({ kind: 'source_began', ...counts, waived: partial });
  }
  const { missing, doubted } = results.accounting.sum;
  for (const kind of missing + doubted > 0 ? ELSEWHERE : []) {
    const events =
      kind === 'other_server' ? results.otherServers : (inbox.ignoredCounts[kind] ?? 0);
    if (events > 0) notes.push({ kind: 'elsewhere', what: kind, events });
  }
  const { otherConnectors } = results;
  if (otherConnectors !== null) notes.push({ kind: 'several_connectors', ...otherConnectors });
  if (inbox.unstatedFacts.size > 0) notes.push({ kind: 'untold', what: [...inbox.unstatedFacts] });
  if (doubts.server_changed !== undefined) {
    notes.push({ kind: 'server_acts', names: effects.acting });
  }
  if (doubts.replica_identity !== undefined) {
    notes.push({ kind: 'replica_identity', tables: effects.anonymous });
  }
  if (hazards !== null) notes.push(...notesOfHazards(hazards, results));
  const listed = tables.names.flatMap((table) => {
    const omitted = publishing.omission(table, null);
    return omitted?.kind === 'columns' ? [{ table, publications: omitted.publications }] : [];
  });
  if (doubts.contents_not_told !== undefined && listed.length > 0) {
    notes.push({ kind: 'columns', tables: listed });
  }
  return notes;
}

function notesOfHazards(
  { truncates, messages, unpublishedArrived, unfollowed }: StreamHazards,
  { findings }: Results,
): Note[] {
  const notes: Note[] = [];
  const lost = findings.causes.filter(
    ({ violation, operation }) => violation === 'missing' && operation === 'truncate',
  );
  if (truncates.delivered === 0 && lost.length > 0) {
    const lostTables = [...new Set(lost.flatMap(({ table }) => table ?? []))];
    const events = lost.reduce((sum, cause) => sum + cause.events, 0);
    notes.push({ kind: 'truncates_not_carried', events, tables: lostTables });
  }
  const { sent, carried } = messages.counts;
  if (sent > 0 && !carried) notes.push({ kind: 'messages_not_carried', messages: sent });
  if (unpublishedArrived > 0) {
    notes.push({ kind: 'unpublished_arrived', events: unpublishedArrived });
  }
  if (unfollowed.size > 0) notes.push({ kind: 'unfollowed', tables: [...unfollowed] });
  return notes;
}

function percentiles(histogram: Histogram): Percentiles {
  return { events: histogram.count, ...histogram.quantiles('p50', 'p90', 'p99', 'max') };
}
