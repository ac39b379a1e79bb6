import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import { Accounting, noEvents, noTransactions } from './accounting.js';
import { type Detail, exampleOfEvent, Findings, type Violation } from './findings.js';

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

  /** Notes a violation of an event. `expected`: its transaction in the ledger, if known. */
  note(
    violation: Violation,
    detail: Detail,
    event: RowEvent,
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
