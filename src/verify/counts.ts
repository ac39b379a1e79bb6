/** What came of the ledger's transactions. */
export interface TransactionCounts {
  /** Committed, by the ledger. */
  expected: number;
  /** All of their events came. */
  delivered: number;
  /** Some or all of their events did not come, though what was committed later did. */
  missing: number;
  /** Some or all of their events did not come, and nothing behind them did. */
  not_arrived: number;
  /** Committed before the stream began. */
  before_start: number;
  /** The ledger does not know whether they were committed: those that came, and those that did not. */
  unknown_delivered: number;
  unknown_absent: number;
  /** Their contents could not be held against the ledger. */
  unchecked: number;
}

export interface EventCounts {
  /** Rows of the committed transactions. */
  expected: number;
  delivered: number;
  /** Came again in a legal replay. */
  replayed: number;
  /** Such replays. */
  rewinds: number;
  /** Not arrived by the end of the stream. */
  not_arrived: number;
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
    before_start: 0,
    unknown_delivered: 0,
    unknown_absent: 0,
    unchecked: 0,
  };
}

export function noEvents(): EventCounts {
  return {
    expected: 0,
    delivered: 0,
    replayed: 0,
    rewinds: 0,
    not_arrived: 0,
    foreign: 0,
    snapshot: 0,
    unjudged: 0,
  };
}
