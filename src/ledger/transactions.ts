import { type Fate, MOST_PENDING } from '../postgres/pending.js';
import { noRows, OPERATIONS, type RowCounts } from '../schema/changes.js';
import type { Tables } from '../schema/tables.js';
import type {
  CommittedRecord,
  IntentRecord,
  KeysOf,
  LeaseRecord,
  LedgerHeader,
  LedgerRecord,
  TrailerRecord,
} from './format.js';
import { countKeys } from './keys.js';

/** `open`: the ledger has no final outcome. */
export type Outcome = Fate | 'open';

export interface LedgerTransaction {
  readonly intent: IntentRecord;
  readonly outcome: Outcome;
  /** When its COMMIT was answered, in milliseconds since the header's `started`; null without an answer. */
  readonly answeredMs: number | null;
  /** xid8 as text; null if neither the intent nor the outcome has it. */
  readonly xid: string | null;
  /** An LSN between its last change and its COMMIT, as PostgreSQL prints it; null if the ledger has none. */
  readonly lsn: string | null;
  /** Keys of the intent that the server did not store. */
  readonly dropped: KeysOf;
}

export interface FoldListener {
  readonly onHeader: (header: LedgerHeader) => void;
  readonly onLease: (lease: LeaseRecord) => void;
  /** Called once for each transaction, when its outcome is final: not in the order of intents. */
  readonly onTransaction: (transaction: LedgerTransaction) => void;
  /** A record cannot stand on this line. */
  readonly onSequence: (line: number) => void;
}

/**
 * Final outcomes kept for comparison. A worker that replaces a dead one may record an outcome again, but only of
 * transactions that were pending at the end.
 */
const OUTCOMES_KEPT = 2 * MOST_PENDING;

/** Combines the records of one file, in their order, into transactions. */
export class TransactionFold {
  readonly #tables: Tables;
  readonly #listener: FoldListener;
  readonly #open = new Map<number, { intent: IntentRecord; outcome: 'open' | 'unknown' }>();
  readonly #closed = new Map<number, Fate>();
  readonly #counts: Record<Outcome, number> = { committed: 0, aborted: 0, unknown: 0, open: 0 };
  readonly #rows: RowCounts;
  #records = 0;
  #intents = 0;
  #ended = false;
  #lastMs = 0;

  constructor(tables: Tables, listener: FoldListener) {
    this.#tables = tables;
    this.#rows = noRows(tables);
    this.#listener = listener;
  }

  /** By outcome; complete after `finish`. */
  get counts(): Readonly<Record<Outcome, number>> {
    return this.#counts;
  }

  /** Committed ones. */
  get rows(): Readonly<RowCounts> {
    return this.#rows;
  }

  /** Intents without a final outcome so far. */
  get open(): readonly IntentRecord[] {
    return [...this.#open.values()].map(({ intent }) => intent);
  }

  /** The number of the last intent. */
  get intents(): number {
    return this.#intents;
  }

  /** Time of the last intent or outcome, in milliseconds since the header's `started`. */
  get lastMs(): number {
    return this.#lastMs;
  }

  take(record: LedgerRecord, line: number): void {
    const first = this.#records++ === 0;
    if (first !== 'ledger' in record) this.#listener.onSequence(line);
    if ('at' in record) this.#lastMs = Math.max(this.#lastMs, record.at);
    if ('ledger' in record) this.#listener.onHeader(record);
    else if ('leased' in record) this.#listener.onLease(record);
    else if ('intent' in record) this.#addIntent(record, line);
    else if ('committed' in record) this.#close(record.committed, 'committed', line, record);
    else if ('aborted' in record) this.#close(record.aborted, 'aborted', line);
    else if ('doubt' in record) this.#requireOpen(record.doubt, line);
    else if ('end' in record) this.#checkTrailer(record, line);
    else if (record.verdict !== 'unknown') {
      this.#close(record.resolved, record.verdict, line, record);
    } else if (!this.#closed.has(record.resolved)) {
      // Another inquiry may follow, so the transaction stays open.
      const open = this.#requireOpen(record.resolved, line);
      if (open !== undefined) open.outcome = 'unknown';
    }
  }

  /** The file is at its end: reports the transactions without a final outcome. */
  finish(): void {
    for (const { intent, outcome } of this.#open.values()) {
      this.#counts[outcome]++;
      const { xid, lsn } = intent;
      this.#listener.onTransaction({ intent, outcome, answeredMs: null, xid, lsn, dropped: {} });
    }
    this.#open.clear();
  }

  #addIntent(intent: IntentRecord, line: number): void {
    if (intent.intent !== this.#intents + 1 || this.#ended) this.#listener.onSequence(line);
    this.#intents = Math.max(this.#intents, intent.intent);
    this.#open.set(intent.intent, { intent, outcome: 'open' });
  }

  #requireOpen(number: number, line: number) {
    const open = this.#open.get(number);
    if (open === undefined) this.#listener.onSequence(line);
    return open;
  }

  #close(
    number: number,
    outcome: 'committed' | 'aborted',
    line: number,
    outcomeRecord: Partial<Omit<CommittedRecord, 'committed'>> = {},
  ): void {
    const open = this.#open.get(number);
    if (open === undefined) {
      if (this.#closed.get(number) !== outcome) this.#listener.onSequence(line);
      return;
    }
    const { intent } = open;
    const { xid = null, lsn = null, at = null, dropped = {} } = outcomeRecord;
    if (xid !== null && intent.xid !== null && xid !== intent.xid) this.#listener.onSequence(line);
    this.#open.delete(number);
    this.#closed.set(number, outcome);
    this.#closed.delete(number - OUTCOMES_KEPT);
    this.#counts[outcome]++;
    if (outcome === 'committed') {
      this.#countRows(intent.rows, 1);
      this.#countRows(dropped, -1);
    }
    this.#listener.onTransaction({
      intent,
      outcome,
      answeredMs: at,
      xid: xid ?? intent.xid,
      lsn: lsn ?? intent.lsn,
      dropped,
    });
  }

  #countRows(rows: KeysOf, sign: 1 | -1): void {
    for (const table of Object.keys(rows)) {
      const counts = this.#rows[table]!;
      for (const operation of OPERATIONS) {
        const keys = rows[table]?.[operation];
        if (keys !== undefined) counts[operation] += sign * countKeys(keys);
      }
    }
  }

  #checkTrailer({ end }: TrailerRecord, line: number): void {
    const { committed, aborted } = this.#counts;
    const agrees =
      end.committed === committed &&
      end.aborted === aborted &&
      end.doubt === this.#open.size &&
      this.#tables.names.every((table) => {
        const counts = this.#rows[table]!;
        return OPERATIONS.every((write) => (end.rows[table]?.[write] ?? 0) === counts[write]);
      });
    if (!agrees || this.#ended) this.#listener.onSequence(line);
    this.#ended = true;
  }
}
