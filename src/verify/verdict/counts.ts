/** What came of the ledger's transactions. */
export interface TransactionCounts {
  /** Committed, by the ledger. */
  expected: number;
  /** All of their events came. */
  delivered: number;
  /** Some or all of their events are missing. */
  missing: number;
  /** Some or all of their events did not come, and nothing behind them did. */
  not_arrived: number;
  /** Committed before the source began. */
  before_source: number;
  /** Committed before the snapshot that the stream begins with, which stands for them. */
  before_snapshot: number;
  /** The ledger does not know whether they were committed: those that came, and those that did not. */
  unknown_delivered: number;
  unknown_absent: number;
}

export interface EventCounts {
  /** First deliveries of the run's changes. */
  delivered: number;
  /** Came again in a legal replay. */
  replayed: number;
  /** Such replays. */
  rewinds: number;
  /** Rows that the server wrote within the run's transactions, by itself, and which are there. */
  derived: number;
  /** Of other writers. */
  foreign: number;
  snapshot: number;
  /** From farther back than there is memory for: they may have been delivered before. */
  unjudged: number;
}

export function noTransactions(): TransactionCounts {
  return {
    expected: 0,
    delivered: 0,
    missing: 0,
    not_arrived: 0,
    before_source: 0,
    before_snapshot: 0,
    unknown_delivered: 0,
    unknown_absent: 0,
  };
}

export function noEvents(): EventCounts {
  return {
    delivered: 0,
    replayed: 0,
    rewinds: 0,
    derived: 0,
    foreign: 0,
    snapshot: 0,
    unjudged: 0,
  };
}
