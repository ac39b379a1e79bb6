import type { Rng } from '../../../src/random/rng.js';
import type { Key } from '../../../src/schema/table.js';
import type { Doubt } from '../../../src/verify/verdict/accounting.js';
import type { Detail, Violation } from '../../../src/verify/verdict/findings.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Script } from '../../helpers/verify-script.js';
import type { Sample } from './sample.js';

/** A violation that must be among those found. */
export interface Suspect {
  readonly violation: Violation;
  readonly details: readonly Detail[];
  /** The example has one of these; left out: any. */
  readonly keys?: readonly Key[];
  readonly xids?: readonly number[];
}

export type Expectation =
  /** The same as of the unchanged stream. */
  | { readonly verdict: 'unchanged' }
  /** With this number of repeated events. */
  | { readonly verdict: 'duplicates'; readonly replayed: number }
  | { readonly verdict: 'indeterminate'; readonly doubt: Doubt }
  | {
      readonly verdict: 'violation';
      readonly suspects: readonly Suspect[];
      /** Other violations that the same change may cause. */
      readonly besides?: readonly Violation[];
    };

/** A changed stream. */
export interface Mutant {
  readonly script: Script;
  readonly expected: Expectation;
  /** The change, described for the report of a miss. */
  readonly description: string;
  /** Whether the rows must be compared with the tables. */
  readonly tables?: boolean;
  /** Partitions; left out: 1. */
  readonly streams?: number;
}

/** One kind of change to a stream. */
export interface Kind {
  readonly name: string;
  /**
   * Null: this draw found nothing that can be changed this way.
   *
   * @param positioned whether the source reports its position, so that every missing change is known
   */
  readonly make: (sample: Sample, rng: Rng, positioned: boolean) => Mutant | null;
  /** How often it is drawn, relative to others; left out: 1. */
  readonly weight?: number;
  /** Only a gap in `total_order` shows it. */
  readonly shownByGap?: true;
}

export const UNCHANGED: Expectation = { verdict: 'unchanged' };

export function violation(
  suspects: readonly Suspect[],
  besides: readonly Violation[] = [],
): Expectation {
  return { verdict: 'violation', suspects, besides };
}

/**
 * The expectation of rows that the ledger lacks, in transactions of the run. With triggers in the database, these may
 * have written the rows.
 *
 * @param others violations that do not depend on who wrote the rows
 */
export function unsent(
  { adds }: Sample,
  suspect: Omit<Suspect, 'violation' | 'details'>,
  others: readonly Suspect[] = [],
  besides: readonly Violation[] = [],
): Expectation {
  if (!adds) {
    // The detail depends on how far the ledger has been read.
    const details = ['row_not_sent', 'never_sent'] as const;
    const phantom = { violation: 'phantom', details, ...suspect } as const;
    return violation([phantom, ...others], besides);
  }
  if (others.length > 0) return violation(others, besides);
  return { verdict: 'indeterminate', doubt: 'server_changed' };
}

/** An event as text. */
export function eventText({ operation, table, key, xid, lsn, order }: ReceivedRow): string {
  return `${operation} ${table} ${key} (xid ${xid}, lsn ${lsn}, ${order})`;
}
