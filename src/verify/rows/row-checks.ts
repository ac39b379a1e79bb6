import type { RowEvent } from '../../sources/source.js';
import { MATCH, type Match } from '../match/matcher.js';
import type { TransactionProgress } from '../match/progress.js';
import type { Results } from '../verdict/results.js';
import { DerivedRows } from './derived-rows.js';
import type { RowFingerprint } from './fingerprint.js';
import type { RowTracker } from './tracker.js';

/** Checks the contents of each event: against the ledger, and against the row's earlier events. */
export class RowChecks {
  /** Rows that the server may have added in transactions of the run. */
  readonly derived = new DerivedRows();
  readonly #results: Results;

  constructor(results: Results) {
    this.#results = results;
  }

  /**
   * Checks a change that its transaction expects.
   *
   * @param match how its fingerprints compare with the ledger's
   */
  checkExpected(
    tracker: RowTracker,
    transaction: TransactionProgress,
    event: RowEvent,
    fingerprint: RowFingerprint,
    match: Match,
  ): void {
    const results = this.#results;
    const { expected } = transaction;
    if (match === MATCH.altered && expected.fate !== 'committed') {
      results.note('altered', 'contents', event, expected);
    } else if (match === MATCH.altered) {
      const { alteredCoarse, alteredExact } = results.ofServer;
      const into = fingerprint.coarse ? alteredCoarse : alteredExact;
      results.note('altered', 'contents', event, expected, into);
    } else if (match === MATCH.incomplete) transaction.doubt('contents_not_told');
    const detail = tracker.fold(event, fingerprint);
    if (detail === null) return;
    if (detail !== 'column_changed') {
      results.note('inconsistent', detail, event);
      return;
    }
    const stored = transaction.rows.fixedOf(event.table, event.operation, event.key);
    // Equal fingerprints: a trigger changed the row, and the server returned it so.
    if (stored !== null && stored === fingerprint.fixed) return;
    results.note('inconsistent', detail, event, undefined, results.ofServer.columnChanged);
  }

  /**
   * Checks a change that the ledger lacks: a phantom, unless the server added it.
   *
   * @param transaction null: it was complete before
   */
  checkUnsent(
    tracker: RowTracker,
    transaction: TransactionProgress | null,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): void {
    const results = this.#results;
    // An update to the contents that the row has already: the table cannot prove that the server made it.
    const repeats = event.operation === 'update' && tracker.holds(event, fingerprint);
    const detail = tracker.fold(event, fingerprint);
    if (detail === 'exists_already' || detail === 'does_not_exist') {
      const { evenIfAdded } = results.ofServer;
      results.note('inconsistent', detail, event, transaction?.expected, evenIfAdded);
      return;
    }
    const provable = detail !== null || !repeats;
    results.defer(event.origin, () => this.derived.add(event, provable));
  }
}
