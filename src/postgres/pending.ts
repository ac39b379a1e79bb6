import type { Operation } from '../schemas/hospital/changes.js';
import type { TableName } from '../schemas/hospital/tables.js';

/** Transactions of one worker whose COMMIT may be under way at a time. */
export const MOST_PENDING = 32;

/** One row that a transaction wrote: by it the transaction is known, whatever else becomes of it. */
export interface Witness {
  readonly table: TableName;
  readonly operation: Operation;
  readonly id: number;
}

/** A server process, told apart from later ones with the same number. */
export interface Backend {
  readonly pid: number;
  /** When it began, in microseconds since 1970. */
  readonly startedMicros: number;
  /** True: a pooler lends it, and may have lent it to somebody else since. */
  readonly pooled?: boolean;
}

/**
 * A transaction whose COMMIT is sent, and what it will be known by. `xid`: xid8 as text, or null when
 * COMMIT was sent along with the statements; then the witness is a row that it inserted.
 */
export interface Pending {
  readonly xid: string | null;
  readonly witness: Witness;
}

/** A pending transaction as the statistics keep it. `number`: its own in the ledger; 0 without one. */
export interface EnteredPending extends Pending {
  readonly number: number;
}

/** What became of a pending transaction. */
export type Fate = 'committed' | 'aborted' | 'unknown';

/** A worker's account of its pending transactions, in the order of their COMMITs. */
export interface PendingTransactions {
  /** The first one without an answer; null: there is none. */
  readonly pending: EnteredPending | null;
  /** The server process that they were sent to. */
  readonly backend: Backend | null;
  /** Ends what another thread had begun to settle. */
  finishSettling(): void;
  /** Counts the first one. `afterwards`: its answer never came, and its fate was asked for. */
  settle(fate: Fate, afterwards?: boolean): void;
}
