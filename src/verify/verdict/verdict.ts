import { EXIT, type ExitCode } from '../../errors.js';
import { DOUBTS, type Doubt, type Sum } from './accounting.js';

/** What is said of a stream in one word. */
export type Verdict =
  /** Everything that was committed came or is excused, once, in order, and as it was written. */
  | 'exact'
  /** The same, but that a connector started over and repeated what it had sent. */
  | 'duplicates'
  | 'violation'
  /** Nothing wrong was found, and not everything could be judged. */
  | 'indeterminate';

/** In events: by what could not be judged. */
export type Doubts = Readonly<Partial<Record<Doubt, number>>>;

/** What there is to know of a verification for a verdict. */
export interface Judged {
  readonly accounting: Sum;
  readonly violations: boolean;
  readonly doubts: Doubts;
  /** First deliveries, and events that came again in a legal replay. */
  readonly delivered: number;
  readonly replayed: number;
}

/** A violation outranks what could not be judged, and that duplicates. `exact` is what is left, if anything came. */
export function judge({ accounting, violations, doubts, replayed }: Judged): Verdict {
  if (violations || accounting.missing > 0) return 'violation';
  const doubted = DOUBTS.some((doubt) => doubts[doubt] !== undefined);
  if (doubted || accounting.doubted > 0 || accounting.delivered === 0) return 'indeterminate';
  return replayed > 0 ? 'duplicates' : 'exact';
}

export const VERDICT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  exact: EXIT.done,
  duplicates: EXIT.duplicates,
  violation: EXIT.violation,
  indeterminate: EXIT.indeterminate,
};
