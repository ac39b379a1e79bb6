import type { Client } from 'pg';
import type { HazardReport } from '../../src/run/protocol.js';
import type { TableName } from '../../src/schema/table.js';
import type { HazardTransaction } from './transaction.js';

/** The means of a timed hazard when its moment has come. */
export interface Turn {
  readonly client: Client;
  /**
   * Runs a transaction: `act` writes into it, a witness row follows, then COMMIT, the ledger, and a report where the
   * hazard is noted. Returns once COMMIT is answered. Throws where it failed: then the turn is over.
   */
  transact(
    act: (transaction: HazardTransaction) => Promise<void>,
    detail?: HazardReport['detail'],
  ): Promise<void>;
  /** Waits `ms` active milliseconds, and while the run is paused. False: the run is to end, and the turn with it. */
  wait(ms: number): Promise<boolean>;
  /** Holds the clock of the run during `act`, which ends early where the run is `stopping`. Reports the hazard. */
  hold(act: () => Promise<void>): Promise<void>;
  /** The run is to end: what is under way is committed early. */
  readonly stopping: boolean;
}

/** So many ids of a table. */
export type NeededIds = readonly [table: TableName, count: number];

/** A timed hazard: all of its behaviour. */
export interface TimedPolicy {
  readonly everyMs: number;
  /** How long a turn takes, in active milliseconds: none begins later than this before the end of the run. */
  readonly lengthMs: number;
  /** Ids that a transaction takes beside its witness's, at most: they are reserved before it begins. */
  readonly ids?: readonly NeededIds[];
  happen(turn: Turn): Promise<void>;
  /** Run on each new connection. */
  prepare?(client: Client): Promise<void>;
  /**
   * Undoes what turns left, by transactions of the ledger: when the run ends, and when the thread begins, of a run that was
   * killed. It comes again where another transaction was in its way.
   */
  undo?(turn: Turn): Promise<void>;
  /** Undoes `prepare` when the hazard's thread ends in order. */
  leave?(client: Client): Promise<void>;
}
