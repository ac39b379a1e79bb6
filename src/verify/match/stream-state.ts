import type { TableName } from '../../schemas/hospital/tables.js';
import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { TransactionProgress } from './progress.js';
import type { Recognized, ReplayWindow } from './replay-window.js';

/** The last transaction of a worker that came on a stream. */
interface Latest {
  sequence: number;
  lsn: number;
}

/** One ordered stream of events, and how far it has come. */
export class StreamState {
  readonly number: number;
  /** What it is a part of, as of `Source`. */
  readonly topic: string;
  readonly replayWindow: ReplayWindow;
  /** Whose events are coming. */
  current: TransactionProgress | null = null;
  /** The last transaction that was found to be none of the run's. */
  stranger: number | null = null;
  /** Whether an event of another writer came since the last one of the run. */
  interrupted = false;
  /** Events of one transaction that are foreign, unless what follows them tells that it is an unidentified one. */
  held: { readonly event: RowEvent; readonly contents: RowFingerprint }[] = [];
  /** During a replay: the place in the replay window of the event that has to come next. */
  #cursor: number | null = null;
  #latestSentAt = Number.NEGATIVE_INFINITY;
  #watermark = Number.NEGATIVE_INFINITY;
  #first: number | null = null;
  readonly #workers = new Map<number, Latest>();
  readonly #tables = new Set<TableName>();
  #lastTable: TableName | null = null;

  constructor(number: number, topic: string, replayWindow: ReplayWindow) {
    this.number = number;
    this.topic = topic;
    this.replayWindow = replayWindow;
  }

  /** It had an event of this table. */
  noteTable(table: TableName): void {
    if (table === this.#lastTable) return;
    this.#lastTable = table;
    this.#tables.add(table);
  }

  /** Whether it had events of a table. */
  has(table: TableName): boolean {
    return this.#tables.has(table);
  }

  /**
   * An event that was delivered before comes again. `rewind`: the stream has gone back, which a connector
   * may after a failure; `next`: the replay goes on; `skip`: something between was not replayed.
   */
  replay({ at }: Recognized): 'rewind' | 'next' | 'skip' {
    const expected = this.#cursor;
    // Another writer's may have been a part of the replay, too.
    this.interrupted = false;
    // Where it has caught up, whatever comes next is new.
    this.#cursor = at + 1 === this.replayWindow.end ? null : at + 1;
    if (expected === null || at < expected) return 'rewind';
    return at === expected ? 'next' : 'skip';
  }

  /** An event comes for the first time; whether a replay was under way, which has skipped the rest then. */
  endReplay(): boolean {
    const skipped = this.#cursor !== null;
    this.#cursor = null;
    return skipped;
  }

  /** Whether a transaction that was committed later than this one has come. */
  isPast({ worker, sequence, answeredAt }: Expected): boolean {
    return sequence < (this.#workers.get(worker)?.sequence ?? 0) || answeredAt < this.#latestSentAt;
  }

  /** Whether an event's own marks say that it comes too late. */
  isBehind({ watermark }: RowEvent): boolean {
    return watermark !== null && watermark < this.#watermark;
  }

  /** An LSN that is none of this transaction's: it was called another's, or made up. */
  isOutside({ lsn }: RowEvent, expected: Expected): boolean {
    if (lsn === null) return false;
    const latest = this.#workers.get(expected.worker);
    const floor = latest !== undefined && latest.sequence < expected.sequence ? latest.lsn : 0;
    return lsn < floor || (expected.lsn !== null && lsn >= expected.lsn);
  }

  /** Where in the WAL its first change is, of whichever writer; null: none came. -Infinity: it did not tell. */
  get first(): number | null {
    return this.#first;
  }

  /** A transaction has begun to come. `expected`: null where it is another writer's. */
  pass(event: RowEvent, expected: Expected | null): void {
    this.#first ??= placeOf(event, expected);
    if (expected === null) return;
    const { watermark } = event;
    this.#latestSentAt = Math.max(this.#latestSentAt, expected.sentAt);
    if (watermark !== null) this.#watermark = Math.max(this.#watermark, watermark);
  }

  /** A transaction, or a part of it, has come. */
  passWhole({ worker, sequence, lsn }: Expected): void {
    const latest = this.#workers.get(worker);
    if (latest === undefined) this.#workers.set(worker, { sequence, lsn: lsn ?? 0 });
    else if (sequence > latest.sequence) {
      latest.sequence = sequence;
      latest.lsn = Math.max(latest.lsn, lsn ?? 0);
    }
  }
}

/** Where in the WAL the transaction of an event was committed, or a place before; -Infinity: nothing tells. */
export function placeOf({ lsn, watermark }: RowEvent, expected: Expected | null): number {
  return Math.max(
    lsn ?? Number.NEGATIVE_INFINITY,
    watermark ?? Number.NEGATIVE_INFINITY,
    expected?.lsn ?? Number.NEGATIVE_INFINITY,
  );
}
