import { EXIT, type ExitCode } from '../../errors.js';
import type { Projection } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import {
  type Detail,
  exampleOfEvent,
  Findings,
  type NotedEvent,
  type Violation,
} from './findings.js';

/** Why changes or events cannot be judged. */
export const DOUBTS = [
  /** Committed before the source began to read. */
  'before_source',
  /** Their LSN is unknown: perhaps committed before the source or the snapshot began. */
  'unplaced',
  /** Not arrived when the stream ended; nothing later arrived either. */
  'ended_early',
  /** The operator interrupted. */
  'interrupted',
  /** Committed before the snapshot, which lacks the row and may not be whole. */
  'no_witness',
  /** The snapshot row matches no version in the ledger. */
  'snapshot_differs',
  /** A ledger of version 1 has no fingerprints of single rows. */
  'old_ledger',
  /** A ledger of version 1 does not record the run's schema, and all events were of another one. */
  'schema_unknown',
  /** The events leave out columns. */
  'contents_not_told',
  /** Triggers, rules or policies may have changed or added rows, without a proof. */
  'server_changed',
  /** Changes without a key: the replica identity is an index without it, or NOTHING. */
  'replica_identity',
  /** Publications or partitions of the table changed during the run. */
  'database_changed',
  /** Another connector delivered events that match the ledger. */
  'several_servers',
  /** The ledger does not record whether the transaction was committed. */
  'unknown_transactions',
  /** Lines of the ledger are damaged, out of place or missing. */
  'ledger_damaged',
  /** Events from farther back than the replay windows, and snapshot rows beyond the memory. */
  'too_far_back',
  /** Input that is not an event was skipped. */
  'malformed',
  /** No change of the run arrived. */
  'nothing_delivered',
] as const;
export type Doubt = (typeof DOUBTS)[number];

/** The ledger's committed changes, divided into five: these add up to `committed`. In events. */
export interface Sum {
  readonly committed: number;
  /** Arrived at least once, altered or not. */
  readonly delivered: number;
  /** Need not arrive: a snapshot row or the ledger proves why. */
  readonly excused: number;
  readonly missing: number;
  readonly doubted: number;
  /** Left out of the verdict by `--partial`. */
  readonly waived: number;
}

/** Adds up the sum of five and the doubts by reason. In events. */
class Accounting {
  committed = 0;
  delivered = 0;
  excused = 0;
  missing = 0;
  waived = 0;
  #doubted = 0;
  readonly #doubts = new Map<Doubt, number>();

  /** Counts changes of the ledger as doubted. */
  doubt(reason: Doubt, events: number): void {
    if (events === 0) return;
    this.#doubted += events;
    this.suspect(reason, events);
  }

  /** Counts a doubt that is not about committed changes, and not part of the sum. */
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

/** The ledger's transactions by outcome of the verification. */
export interface TransactionCounts {
  /** Committed according to the ledger. */
  expected: number;
  /** All of their events arrived. */
  delivered: number;
  /** Some or all of their events are missing. */
  missing: number;
  /** Some or all of their events did not arrive, and are doubted or excused. */
  not_arrived: number;
  /** Committed before the source began. */
  before_source: number;
  /** Committed before the snapshot that the stream begins with, and not delivered as events. */
  before_snapshot: number;
  /** The ledger does not record whether they were committed: whole ones that arrived, and others. */
  unknown_delivered: number;
  unknown_absent: number;
}

/** Events by what they were. */
export interface EventCounts {
  /** First deliveries of the run's changes. */
  delivered: number;
  /** Repeated in a legal replay. */
  replayed: number;
  /** Legal replays: times that a connector went back. */
  rewinds: number;
  /** Rows that the server itself added in transactions of the run, proved by the table. */
  derived: number;
  /** Of other writers. */
  foreign: number;
  snapshot: number;
  /** From farther back than the replay window: they may be repeated. */
  unjudged: number;
}

function noTransactions(): TransactionCounts {
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

function noEvents(): EventCounts {
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

/** The result of a verification in one word. */
export type Verdict =
  /** Every committed change arrived or is excused: once, in order, unaltered. */
  | 'exact'
  /** The same, except that a connector repeated events in a legal replay. */
  | 'duplicates'
  | 'violation'
  /** No violation, but a doubt, or nothing was delivered. */
  | 'indeterminate';

/** Events by doubt: the reasons that occurred. */
export type Doubts = Readonly<Partial<Record<Doubt, number>>>;

/** The figures that a verdict follows from. */
export interface Judged {
  readonly accounting: Sum;
  readonly violations: boolean;
  readonly doubts: Doubts;
  /** As of `EventCounts`. */
  readonly replayed: number;
}

/** A violation outranks indeterminate, which outranks duplicates. */
export function judge({ accounting, violations, doubts, replayed }: Judged): Verdict {
  if (violations || accounting.missing > 0) return 'violation';
  const doubted = DOUBTS.some((doubt) => doubts[doubt] !== undefined);
  if (doubted || accounting.doubted > 0 || accounting.delivered === 0) return 'indeterminate';
  return replayed > 0 ? 'duplicates' : 'exact';
}

export const VERDICT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  exact: EXIT.done,
  duplicates: EXIT.duplicates,
  violation: EXIT.violation,
  indeterminate: EXIT.indeterminate,
};

/** Everything that `match` and `rows` count and find. */
export class Results {
  readonly accounting = new Accounting();
  readonly transactions = noTransactions();
  readonly events = noEvents();
  readonly findings = new Findings();
  /** Findings that the server itself may have caused: the facts of the run's end decide (`settleServerFindings`). */
  readonly ofServer = {
    /** Altered rows, by the precision of the event's timestamps: microseconds or milliseconds. */
    alteredExact: new Findings(),
    alteredCoarse: new Findings(),
    /** Changed columns that no update of the run sets. */
    columnChanged: new Findings(),
    /** Violations unless the server adds rows. */
    unlessAdded: new Findings(),
    /** Violations even then. If the server adds no rows, `unlessAdded` has the same events. */
    evenIfAdded: new Findings(),
  };
  /** Delivered events by the projection that they were compared by. */
  readonly projections: Partial<Record<Projection, number>> = {};
  /** Events of connectors that are not the run's. */
  otherServers = 0;
  /** Of these, exact changes of the run that its own connector had not delivered by then. */
  rivals = 0;
  /** Of these, exact changes of the run, delivered by its own connector before or after. */
  copies = 0;
  #connector: string | null = null;
  /** Findings of connectors before one was settled as the run's. */
  #deferred: { readonly origin: string; readonly note: () => void }[] = [];

  /** Other connectors that read the run's database, too; null: none. */
  get otherConnectors(): { readonly judged: string; readonly events: number } | null {
    if (this.#connector === null || this.copies === 0) return null;
    return { judged: this.#connector, events: this.copies };
  }

  /** Counts a delivered event with projected columns. */
  countProjections(by: readonly Projection[]): void {
    for (const projection of by) {
      this.projections[projection] = (this.projections[projection] ?? 0) + 1;
    }
  }

  /** Notes a violation of an event. `expected`: its transaction in the ledger, if known. */
  note(
    violation: Violation,
    detail: Detail,
    event: NotedEvent,
    expected?: Expected,
    into = this.findings,
  ): void {
    const example = exampleOfEvent(violation, detail, event, expected);
    this.defer(event.origin, () => into.add(example));
  }

  /** Calls `note` once the event's connector is known as the run's: at once if it has no name. */
  defer(origin: string | null, note: () => void): void {
    if (origin !== null && this.#connector === null) this.#deferred.push({ origin, note });
    else note();
  }

  /** This connector is the run's: only its deferred findings count. */
  settleConnector(origin: string): void {
    this.#connector = origin;
    for (const { origin: name, note } of this.#deferred) if (name === origin) note();
    this.#deferred = [];
  }

  /** At the end without a settled connector: the findings of all count. */
  settleAll(): void {
    for (const { note } of this.#deferred) note();
    this.#deferred = [];
  }
}
