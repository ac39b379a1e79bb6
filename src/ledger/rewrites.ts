import { lsnBytes } from '../postgres/lsn.js';
import type { TableName } from '../schema/table.js';
import type { LedgerTransaction } from './transactions.js';

/**
 * The schema changes of a run in which the server wrote all rows of a table again. The rows' `xmin` is of the change
 * since then, and no longer of the transaction that the ledger has.
 */
export class Rewrites {
  /** By table, the LSN of the last one in bytes. */
  readonly #last = new Map<TableName, number>();

  add({ intent, outcome, lsn }: LedgerTransaction): void {
    if (outcome === 'aborted') return;
    for (const { table, rewrites } of intent.hazards?.ddl ?? []) {
      if (rewrites !== true) continue;
      const bytes = lsnBytes(lsn) ?? Number.POSITIVE_INFINITY;
      this.#last.set(table, Math.max(this.#last.get(table) ?? 0, bytes));
    }
  }

  /** Names of the tables that may have been rewritten. */
  get tables(): ReadonlySet<TableName> {
    return new Set(this.#last.keys());
  }

  /**
   * The `xid` by which a transaction's rows of a table are found; null if a rewrite came later, or may have.
   *
   * @param lsn of the transaction, in bytes; 0: unknown
   */
  xidAt(table: TableName, lsn: number, xid: number | null): number | null {
    return lsn < (this.#last.get(table) ?? 0) ? null : xid;
  }
}
