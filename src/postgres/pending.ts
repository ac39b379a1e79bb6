import type { Operation } from '../schema/changes.js';
import type { Key, TableName } from '../schema/table.js';

/** The most transactions of one worker whose COMMIT is sent and not answered. */
export const MOST_PENDING = 32;

/** The rows of a table without a key that a witness has at most. */
export const MOST_WITNESSED = 250;

/** One row that a transaction wrote: its state shows whether the transaction was committed. */
export interface Witness {
  readonly table: TableName;
  readonly operation: Operation;
  /**
   * As it is after the transaction; before it, of a deleted row. In a table without a key, where other transactions write
   * equal rows: the keys of all rows that it inserted and updated, as they are after it, one after another; those of
   * MOST_WITNESSED rows where there are more.
   */
  readonly key: Key;
}

/** A server process. Its start distinguishes it from a later one with the same pid. */
export interface Backend {
  readonly pid: number;
  /** Its start, in microseconds since 1970. */
  readonly startedMicros: number;
  /** True: it belongs to a pooler, which may have given it to another client since. */
  readonly pooled?: boolean;
}

/** The end that a prepared transaction is meant to have. */
export type PreparedEnd = 'commit' | 'rollback';

/**
 * A transaction whose COMMIT is sent. `xid`: xid8 as text; null if COMMIT was sent along with the statements, then the
 * witness is a row that it inserted, with a number as its key.
 */
export interface Pending {
  readonly xid: string | null;
  readonly witness: Witness;
  /** The WAL position after its last write, as PostgreSQL prints it; left out or null if it is unknown. */
  readonly lsn?: string | null;
  /** It is prepared, and ends so. Left out: it is not. */
  readonly prepared?: PreparedEnd | undefined;
}

/** A pending transaction in the worker's statistics. `number`: its number in the ledger; 0 without a ledger. */
export interface EnteredPending extends Pending {
  readonly number: number;
}

/** The outcome of a transaction. `unknown`: the server could not say. */
export type Fate = 'committed' | 'aborted' | 'unknown';

/** A worker's pending transactions, in the order of their COMMITs. */
export interface PendingTransactions {
  /** The first one without an answer; null if there is none. */
  readonly pending: EnteredPending | null;
  /** The server process that they were sent to. */
  readonly backend: Backend | null;
  /** Completes a settlement that another thread began. */
  finishSettling(): void;
  /** Counts the first one. `afterwards`: without an answer, by an inquiry. */
  settle(fate: Fate, afterwards?: boolean): void;
}
