import type { Messages } from '../messages/index.js';
import type { RunSummary, ThresholdResult } from '../runs/summary.js';
import type { TableName } from '../schema/table.js';
import { DOUBTS, type Doubt } from '../verify/verdict/accounting.js';
import type { VerificationDocument } from '../verify/verdict/document.js';
import { VIOLATIONS, type Violation } from '../verify/verdict/findings.js';
import { measuredOf } from './thresholds.js';

/** `unsure`: nothing failed as far as it is known. `unjudged`: there is nothing to judge the run by. */
export type VerdictState = 'failed' | 'unsure' | 'held' | 'unjudged';

/**
 * One fact that a verdict follows from. `unsent`: due events; null where the plan sets no number. `cause`: in the
 * operator's words; null where it is in the log alone.
 */
export type Reason =
  /** `tables`: where the events are, the most first; events of an unknown table are in none. */
  | {
      readonly kind: 'violated';
      readonly violation: Violation;
      readonly events: number;
      readonly tables: readonly { readonly table: TableName; readonly events: number }[];
    }
  | { readonly kind: 'critical'; readonly cause: string | null }
  | { readonly kind: 'server_lost'; readonly unsent: number | null; readonly cause: string | null }
  | { readonly kind: 'held_up'; readonly unsent: number | null; readonly cause: string | null }
  | { readonly kind: 'not_held'; readonly result: ThresholdResult }
  /** The run was killed, or is under way. */
  | { readonly kind: 'no_summary' }
  | { readonly kind: 'in_doubt'; readonly transactions: number }
  /** The doubt with the most events. */
  | { readonly kind: 'indeterminate'; readonly doubt: Doubt; readonly events: number }
  /** Legal: the connector repeated events in replays. */
  | {
      readonly kind: 'duplicates';
      readonly delivered: number;
      readonly replayed: number;
      readonly rewinds: number;
    }
  | {
      readonly kind: 'exact';
      readonly delivered: number;
      readonly excused: number;
      readonly waived: number;
    }
  /** All thresholds. */
  | { readonly kind: 'held'; readonly results: readonly [ThresholdResult, ...ThresholdResult[]] }
  | { readonly kind: 'unjudged' };

/** The state of a run that has no worse reason than this one. */
const STATES: Readonly<Record<Reason['kind'], VerdictState>> = {
  violated: 'failed',
  critical: 'failed',
  server_lost: 'failed',
  held_up: 'failed',
  not_held: 'failed',
  no_summary: 'unsure',
  in_doubt: 'unsure',
  indeterminate: 'unsure',
  duplicates: 'held',
  exact: 'held',
  held: 'held',
  unjudged: 'unjudged',
};

/** How a run ended. */
export interface RunVerdict {
  readonly state: VerdictState;
  /** The worst first; that one gives the state. */
  readonly reasons: readonly [Reason, ...Reason[]];
}

/**
 * Judges a run by its end, its thresholds and its newest verification.
 *
 * @param summary null: the run was killed, or is under way
 * @param verification null: not verified
 */
export function judgeRun(
  summary: RunSummary | null,
  verification: VerificationDocument | null,
): RunVerdict {
  const ends = summary === null ? [{ kind: 'no_summary' } as const] : endReasons(summary);
  const cdc = verification === null ? [] : cdcReasons(verification);
  const held = summary === null ? [] : thresholdReasons(summary);
  // A verification reads the ledger as it is now: its own doubts include what is still unknown.
  const inDoubt = summary === null || verification !== null ? [] : doubtReasons(summary);
  return verdictOf([...cdc, ...ends, ...held, ...inDoubt]);
}

/** The verdict for these reasons: in the order given, but the worst first. */
function verdictOf(all: readonly Reason[]): RunVerdict {
  const sorted = (['failed', 'unsure', 'held'] as const).flatMap((state) =>
    all.filter((reason) => stateOf(reason) === state),
  );
  const [worst = { kind: 'unjudged' }, ...others] = sorted;
  return { state: stateOf(worst), reasons: [worst, ...others] };
}

/** Judges a verification alone. */
export function judgeVerification(document: VerificationDocument): RunVerdict {
  return verdictOf(cdcReasons(document));
}

/** How bad one reason is by itself. */
export function stateOf({ kind }: Reason): VerdictState {
  return STATES[kind];
}

/** A reason in one sentence, without a full stop. */
export function reasonText({ verdict: words, verify }: Messages, reason: Reason): string {
  switch (reason.kind) {
    case 'violated':
      return words.violated(reason);
    case 'critical':
      return words.critical(reason);
    case 'server_lost':
      return words.serverLost(reason);
    case 'held_up':
      return words.heldUp(reason);
    case 'not_held':
      return words.notHeld({ ...measuredOf(reason.result), aborted: reason.result.aborted });
    case 'no_summary':
      return words.noSummary();
    case 'in_doubt':
      return words.inDoubt(reason.transactions);
    case 'indeterminate':
      return words.indeterminate(verify.doubt(reason));
    case 'duplicates':
      return words.duplicates(reason);
    case 'exact':
      return words.exact(reason);
    case 'held': {
      const [only, ...more] = reason.results;
      return more.length === 0 ? words.held(measuredOf(only)) : words.allHeld(more.length + 1);
    }
    case 'unjudged':
      return words.unjudged();
  }
}

/** Why a run did less than planned; empty if it did not. */
function endReasons(summary: RunSummary): Reason[] {
  const { stopped_by, server_lost, held_up, unsent } = summary;
  const cause = summary.cause ?? null;
  // A lost server is a critical failure too, and says more.
  if (server_lost) return [{ kind: 'server_lost', unsent, cause }];
  if (stopped_by === 'critical') return [{ kind: 'critical', cause }];
  return held_up ? [{ kind: 'held_up', unsent, cause }] : [];
}

function doubtReasons({ transactions: { in_doubt } }: RunSummary): Reason[] {
  return in_doubt > 0 ? [{ kind: 'in_doubt', transactions: in_doubt }] : [];
}

function thresholdReasons({ thresholds }: RunSummary): Reason[] {
  const broken = thresholds.filter(({ held }) => !held);
  if (broken.length > 0) return broken.map((result) => ({ kind: 'not_held', result }));
  const [first, ...others] = thresholds;
  return first === undefined ? [] : [{ kind: 'held', results: [first, ...others] }];
}

function cdcReasons(document: VerificationDocument): Reason[] {
  const { accounting, events } = document;
  switch (document.verdict) {
    case 'violation':
      return violationReasons(document);
    case 'indeterminate':
      return [{ kind: 'indeterminate', ...largestDoubt(document) }];
    case 'duplicates':
      return [
        {
          kind: 'duplicates',
          delivered: accounting.delivered,
          replayed: events.replayed,
          rewinds: events.rewinds,
        },
      ];
    case 'exact': {
      const { delivered, excused, waived } = accounting;
      return [{ kind: 'exact', delivered, excused, waived }];
    }
  }
}

/** One for each kind of violation. */
function violationReasons({ violations, causes }: VerificationDocument): Reason[] {
  return VIOLATIONS.filter((violation) => violations[violation] > 0).map((violation) => {
    const byTable = new Map<TableName, number>();
    for (const { table, events } of causes.filter((cause) => cause.violation === violation)) {
      if (table !== null) byTable.set(table, (byTable.get(table) ?? 0) + events);
    }
    const tables = [...byTable]
      .map(([table, events]) => ({ table, events }))
      .sort((a, b) => b.events - a.events);
    return { kind: 'violated', violation, events: violations[violation], tables };
  });
}

function largestDoubt({ doubts }: VerificationDocument): { doubt: Doubt; events: number } {
  const [largest] = DOUBTS.flatMap((doubt) => {
    const events = doubts[doubt];
    return events === undefined ? [] : [{ doubt, events }];
  }).sort((a, b) => b.events - a.events);
  return largest ?? { doubt: 'nothing_delivered', events: 0 };
}
