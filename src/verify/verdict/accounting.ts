/** Why something could not be judged. */
export const DOUBTS = [
  /** Committed before the source began to read. */
  'before_source',
  /** Where in the WAL they were committed is not known, perhaps before the source or the snapshot began. */
  'unplaced',
  /** Not arrived by the end of the stream, which may have ended before the run did. */
  'ended_early',
  /** Asked to end before it was done. */
  'interrupted',
  /** Committed before a snapshot that does not tell of the row, and need not be whole. */
  'no_witness',
  /** A snapshot's row holds what the ledger does not know. */
  'snapshot_differs',
  /** A ledger of version 1 does not say what a single row held. */
  'old_ledger',
  /** A ledger of version 1 does not say which schema the run wrote to, and events came of another one. */
  'schema_unknown',
  /** Events left out what was written. */
  'contents_not_told',
  /** Triggers, rules or policies may have changed or added rows, and nothing proves that they did. */
  'server_changed',
  /** Deletes that do not tell the row: the table's replica identity is another index. */
  'replica_identity',
  /** Publications or partitions changed during the run. */
  'database_changed',
  /** Events of several servers look like the run's. */
  'several_servers',
  /** The ledger does not know whether some transactions were committed. */
  'unknown_transactions',
  /** The ledger itself is damaged. */
  'ledger_damaged',
  /** Events from farther back than there is memory for, and rows that there was no memory for. */
  'too_far_back',
  /** Input that is no event, and was skipped. */
  'malformed',
  /** Of what the run committed, nothing came. */
  'nothing_delivered',
] as const;
export type Doubt = (typeof DOUBTS)[number];

/** What became of every change that the ledger has as committed: the last five add up to the first. */
export interface Sum {
  readonly committed: number;
  /** Came, once at least; those that do not hold what was written, too. */
  readonly delivered: number;
  /** Need not come: a snapshot's row or the ledger bears witness. */
  readonly excused: number;
  readonly missing: number;
  readonly doubted: number;
  /** Left out of the verdict by the operator. */
  readonly waived: number;
}

/** Adds up what becomes of the changes of a ledger. In events. */
export class Accounting {
  committed = 0;
  delivered = 0;
  excused = 0;
  missing = 0;
  waived = 0;
  #doubted = 0;
  readonly #doubts = new Map<Doubt, number>();

  /** Changes of the ledger that can't be judged. */
  doubt(reason: Doubt, events: number): void {
    if (events === 0) return;
    this.#doubted += events;
    this.suspect(reason, events);
  }

  /** Something that can't be judged, and is no change of the ledger. */
  suspect(reason: Doubt, events: number): void {
    this.#doubts.set(reason, (this.#doubts.get(reason) ?? 0) + events);
  }

  /** In the order of DOUBTS. */
  get doubts(): Readonly<Partial<Record<Doubt, number>>> {
    return Object.fromEntries(
      DOUBTS.flatMap((reason) => {
        const events = this.#doubts.get(reason);
        return events === undefined ? [] : [[reason, events]];
      }),
    );
  }

  get sum(): Sum {
    const { committed, delivered, excused, missing, waived } = this;
    return { committed, delivered, excused, missing, doubted: this.#doubted, waived };
  }
}
