import type { TableName } from '../../schemas/hospital/tables.js';
import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { TransactionProgress } from './progress.js';
import type { Recognized, ReplayWindow } from './replay-window.js';

/** The last transaction of a worker that arrived on a partition. */
interface Latest {
  sequence: number;
  lsn: number;
}

/** An event that waits for the rest of its transaction. */
export interface HeldEvent {
  readonly event: RowEvent;
  readonly fingerprint: RowFingerprint;
}

/** One ordered part of the stream, and how far it has come. */
export class Partition {
  readonly number: number;
  /** As of `Source.topics`. */
  readonly topic: string;
  readonly replayWindow: ReplayWindow;
  /** The transaction of the run whose events are arriving; null: complete, or none yet. */
  current: TransactionProgress | null = null;
  /** The xid of the last foreign transaction, until one of the run begins: spares its events the look into the ledger. */
  foreignXid: number | null = null;
  /** Whether a foreign event has arrived since the run's last one. */
  interrupted = false;
  /** Events of one transaction: foreign, unless a later insert identifies it as one without a recorded xid. */
  held: HeldEvent[] = [];
  /** During a replay: the place in the replay window of the event that must follow. */
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

  /** Notes that the partition has events of this table. */
  noteTable(table: TableName): void {
    if (table === this.#lastTable) return;
    this.#lastTable = table;
    this.#tables.add(table);
  }

  has(table: TableName): boolean {
    return this.#tables.has(table);
  }

  /**
   * Takes a repeated event. `rewind`: the connector has gone back, as it may after a failure; `next`: the replay
   * continues; `skip`: the replay left events out.
   */
  replay({ at }: Recognized): 'rewind' | 'next' | 'skip' {
    const expected = this.#cursor;
    // The replay may have included the foreign event, too.
    this.interrupted = false;
    // After the last delivered event the replay has caught up: new events follow.
    this.#cursor = at + 1 === this.replayWindow.end ? null : at + 1;
    if (expected === null || at < expected) return 'rewind';
    return at === expected ? 'next' : 'skip';
  }

  /** Ends the replay, if any, because a new event has arrived. True: the replay had not caught up. */
  endReplay(): boolean {
    const skipped = this.#cursor !== null;
    this.#cursor = null;
    return skipped;
  }

  /** Whether a transaction that was committed after this one has arrived. */
  isPast({ worker, sequence, answeredAt }: Expected): boolean {
    return sequence < (this.#workers.get(worker)?.sequence ?? 0) || answeredAt < this.#latestSentAt;
  }

  /** Whether the event's watermark is below one that has arrived: it is late. */
  isBelowWatermark({ watermark }: RowEvent): boolean {
    return watermark !== null && watermark < this.#watermark;
  }

  /**
   * Whether an event's LSN cannot belong to its transaction: it is not below the ledger's, or below the one of the
   * worker's last transaction.
   */
  isOutside({ lsn }: RowEvent, expected: Expected): boolean {
    if (lsn === null) return false;
    const latest = this.#workers.get(expected.worker);
    const floor = latest !== undefined && latest.sequence < expected.sequence ? latest.lsn : 0;
    return lsn < floor || (expected.lsn !== null && lsn >= expected.lsn);
  }

  /** The LSN of the first change, the run's or foreign; null: none arrived; -Infinity: the event has no LSN. */
  get first(): number | null {
    return this.#first;
  }

  /** Notes the beginning of a transaction. `expected`: null for a foreign one. */
  noteBegin(event: RowEvent, expected: Expected | null): void {
    this.#first ??= lsnOf(event, expected);
    if (expected === null) return;
    const { watermark } = event;
    this.#latestSentAt = Math.max(this.#latestSentAt, expected.sentAt);
    if (watermark !== null) this.#watermark = Math.max(this.#watermark, watermark);
  }

  /** Notes that an event of this transaction has arrived: its worker's earlier ones are past. */
  noteArrival({ worker, sequence, lsn }: Expected): void {
    const latest = this.#workers.get(worker);
    if (latest === undefined) this.#workers.set(worker, { sequence, lsn: lsn ?? 0 });
    else if (sequence > latest.sequence) {
      latest.sequence = sequence;
      latest.lsn = Math.max(latest.lsn, lsn ?? 0);
    }
  }
}

/** The LSN of the event's transaction, or a lower one; -Infinity: unknown. */
export function lsnOf({ lsn, watermark }: RowEvent, expected: Expected | null): number {
  return Math.max(
    lsn ?? Number.NEGATIVE_INFINITY,
    watermark ?? Number.NEGATIVE_INFINITY,
    expected?.lsn ?? Number.NEGATIVE_INFINITY,
  );
}
