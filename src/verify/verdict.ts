import { EXIT, type ExitCode } from '../errors.js';
import type { EventCounts, TransactionCounts } from './counts.js';
import type { Findings } from './findings.js';

/** What is said of a stream in one word. */
export type Verdict =
  /** Everything that was committed came, once, in order, and as it was written. */
  | 'exact'
  /** The same, but that a connector started over and repeated what it had sent. */
  | 'duplicates'
  | 'violation'
  /** Nothing wrong was found, and not everything could be judged. */
  | 'indeterminate';

/** Why not everything could be judged. */
export const DOUBTS = [
  /** The stream ended before the run did. */
  'ended_early',
  /** The ledger does not know whether some transactions were committed. */
  'unknown_transactions',
  /** The ledger itself is damaged. */
  'ledger_damaged',
  /** Some events left out what was written. */
  'contents_not_told',
  /** Events from farther back than there is memory for. */
  'too_far_back',
  /** Asked to end before it was done. */
  'interrupted',
] as const;
export type Doubt = (typeof DOUBTS)[number];

export interface Judged {
  readonly findings: Findings;
  readonly transactions: TransactionCounts;
  readonly events: EventCounts;
  readonly ledgerProblems: number;
  readonly interrupted: boolean;
}

export function doubtsOf({
  transactions,
  events,
  ledgerProblems,
  interrupted,
}: Judged): readonly Doubt[] {
  const { not_arrived, unknown_absent, unknown_delivered, unchecked } = transactions;
  const doubts: readonly [Doubt, boolean][] = [
    ['ended_early', not_arrived > 0 && !interrupted],
    ['unknown_transactions', unknown_absent + unknown_delivered > 0],
    ['ledger_damaged', ledgerProblems > 0],
    ['contents_not_told', unchecked > 0],
    ['too_far_back', events.unjudged > 0],
    ['interrupted', interrupted],
  ];
  return doubts.filter(([, holds]) => holds).map(([doubt]) => doubt);
}

/** What is wrong outweighs what is not known, and that what is known to be harmless. */
export function judge(judged: Judged): Verdict {
  if (judged.findings.any) return 'violation';
  if (doubtsOf(judged).length > 0) return 'indeterminate';
  return judged.events.replayed > 0 ? 'duplicates' : 'exact';
}

export const VERDICT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  exact: EXIT.done,
  duplicates: EXIT.duplicates,
  violation: EXIT.violation,
  indeterminate: EXIT.indeterminate,
};
