import { lsnBytes } from '../postgres/lsn.js';
import type { TableName } from '../schema/table.js';
import type { LedgerTransaction } from './transactions.js';

/**
 * The remains of the rows that a transaction wrote to a table, after the TRUNCATEs of its run. `either`: that is unknown,
 * since a transaction may have been committed or not, or has no LSN.
 */
export type Remains = 'kept' | 'emptied' | 'either';

/** The LSN of the last TRUNCATE of a table, in bytes: of those that were committed, and of those that may have been. */
interface LastTruncates {
  committed: number;
  either: number;
}

/**
 * The TRUNCATEs of a run. One takes its LSN while it locks the table: a transaction that wrote to the table has a lower
 * one if it was committed before, and only then.
 */
export class Truncates {
  readonly #last = new Map<TableName, LastTruncates>();

  add({ intent, outcome, lsn }: LedgerTransaction): void {
    if (intent.hazards?.truncated === undefined || outcome === 'aborted') return;
    const bytes = lsnBytes(lsn);
    for (const table of intent.hazards.truncated) {
      const last = this.#last.get(table) ?? { committed: 0, either: 0 };
      this.#last.set(table, last);
      if (outcome === 'committed' && bytes !== null) {
        last.committed = Math.max(last.committed, bytes);
      } else last.either = Math.max(last.either, bytes ?? Number.POSITIVE_INFINITY);
    }
  }

  /** Names of the tables that may have been truncated. */
  get tables(): ReadonlySet<TableName> {
    return new Set(this.#last.keys());
  }

  /**
   * The function that tells what is left of rows of a table, by the LSN of their transaction in bytes (0: unknown). Null:
   * the run did not truncate it.
   */
  of(table: TableName): ((lsn: number) => Remains) | null {
    const last = this.#last.get(table);
    if (last === undefined) return null;
    return (lsn) => {
      if (lsn === 0) return 'either';
      if (lsn < last.committed) return 'emptied';
      return lsn < last.either ? 'either' : 'kept';
    };
  }
}
