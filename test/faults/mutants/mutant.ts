import type { Rng } from '../../../src/random/rng.js';
import type { Key } from '../../../src/sources/source.js';
import type { Doubt } from '../../../src/verify/verdict/accounting.js';
import type { Detail, Violation } from '../../../src/verify/verdict/findings.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Script } from '../../helpers/verify-script.js';
import type { Sample } from './sample.js';

/** What has to be among the violations that are found. */
export interface Suspect {
  readonly violation: Violation;
  readonly details: readonly Detail[];
  /** One of these in the example; left out: whichever. */
  readonly keys?: readonly Key[];
  readonly xids?: readonly number[];
}

export type Expectation =
  /** As of the stream that nothing was done to. */
  | { readonly verdict: 'unchanged' }
  /** And so many events came again. */
  | { readonly verdict: 'duplicates'; readonly replayed: number }
  | { readonly verdict: 'indeterminate'; readonly doubt: Doubt }
  | {
      readonly verdict: 'violation';
      readonly suspects: readonly Suspect[];
      /** Other violations that come of the same change. */
      readonly besides?: readonly Violation[];
    };

/** A stream that something was done to. */
export interface Mutant {
  readonly script: Script;
  readonly expected: Expectation;
  /** What was done, for whoever has to look into a miss. */
  readonly what: string;
  /** Has to be held against the tables. */
  readonly tables?: boolean;
  /** Ordered streams; left out: 1. */
  readonly streams?: number;
}

/** One way to change a stream. */
export interface Kind {
  readonly name: string;
  /**
   * Null where this draw hits upon nothing that it could be done to.
   *
   * @param positioned whether the source tells how far it has come, so that all that is missing is known
   */
  readonly make: (sample: Sample, rng: Rng, positioned: boolean) => Mutant | null;
  /** How often it is drawn, beside others; 1 where left out. */
  readonly weight?: number;
  /** Nothing but a gap in `total_order` tells of it. */
  readonly toldByGap?: true;
}

export const UNCHANGED: Expectation = { verdict: 'unchanged' };

export function violation(
  suspects: readonly Suspect[],
  besides: readonly Violation[] = [],
): Expectation {
  return { verdict: 'violation', suspects, besides };
}

/**
 * Rows that the ledger does not have, within transactions of the run: where the database has triggers, they may be
 * the triggers'.
 *
 * @param others what is wrong besides, whoever wrote the rows
 */
export function unsent(
  { adds }: Sample,
  suspect: Omit<Suspect, 'violation' | 'details'>,
  others: readonly Suspect[] = [],
  besides: readonly Violation[] = [],
): Expectation {
  if (!adds) {
    // Which of them it is depends on how far the ledger has been read.
    const details = ['row_not_sent', 'never_sent'] as const;
    const phantom = { violation: 'phantom', details, ...suspect } as const;
    return violation([phantom, ...others], besides);
  }
  if (others.length > 0) return violation(others, besides);
  return { verdict: 'indeterminate', doubt: 'server_changed' };
}

/** An event as text. */
export function told({ operation, table, key, xid, lsn, order }: ReceivedRow): string {
  return `${operation} ${table} ${key} (xid ${xid}, lsn ${lsn}, ${order})`;
}
