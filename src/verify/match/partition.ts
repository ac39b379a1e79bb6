import { mix } from '../../random/hash.js';
import type { TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { RowEvent } from '../../sources/source.js';
import { type Expected, isPrepared } from '../ledger/expected.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { TableEvent } from '../verdict/findings.js';
import type { TransactionProgress } from './progress.js';

/** The last transaction of a worker that arrived on a partition. */
interface Latest {
  sequence: number;
  lsn: number;
  /** The highest LSN of a prepared one. These are not in the two others: they are not committed in their order. */
  preparedLsn: number;
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
  /** The last repeated event. */
  #replayed: TableEvent | null = null;
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
  replay(event: TableEvent, { at }: Recognized): 'rewind' | 'next' | 'skip' {
    const expected = this.#cursor;
    this.#replayed = event;
    // The replay may have included the foreign event, too.
    this.interrupted = false;
    // After the last delivered event the replay has caught up: new events follow.
    this.#cursor = at + 1 === this.replayWindow.end ? null : at + 1;
    if (expected === null || at < expected) return 'rewind';
    return at === expected ? 'next' : 'skip';
  }

  /**
   * Ends the replay, if any, because a new event has arrived. Returns the last repeated event of a replay that had not
   * caught up; null: it had, or there was none.
   */
  endReplay(): TableEvent | null {
    const last = this.#cursor === null ? null : this.#replayed;
    this.#cursor = null;
    this.#replayed = null;
    return last;
  }

  /** Whether a transaction that was committed after this one has arrived. */
  isPast(expected: Expected): boolean {
    const latest = this.#workers.get(expected.worker);
    if (latest !== undefined && follows(latest, expected)) return true;
    return expected.answeredAt < this.#latestSentAt;
  }

  /** Whether the event's watermark is below one that has arrived: it is late. */
  isBelowWatermark({ watermark }: TableEvent): boolean {
    return watermark !== null && watermark < this.#watermark;
  }

  /**
   * Whether an event's LSN cannot belong to its transaction: it is not below the ledger's, or below the one of the
   * worker's last transaction.
   */
  isOutside({ lsn }: TableEvent, expected: Expected): boolean {
    if (lsn === null) return false;
    const latest = this.#workers.get(expected.worker);
    // The others that a worker commits between PREPARE and COMMIT PREPARED have higher numbers.
    const floor = latest !== undefined && latest.sequence < expected.sequence ? latest.lsn : 0;
    return lsn < floor || (expected.lsn !== null && lsn >= expected.lsn);
  }

  /** The LSN of the first change, the run's or foreign; null: none arrived; -Infinity: the event has no LSN. */
  get first(): number | null {
    return this.#first;
  }

  /** Notes the beginning of a transaction. `expected`: null for a foreign one. */
  noteBegin(event: TableEvent, expected: Expected | null): void {
    this.#first ??= lsnOf(event, expected);
    if (expected === null) return;
    const { watermark } = event;
    this.#latestSentAt = Math.max(this.#latestSentAt, expected.sentAt);
    if (watermark !== null) this.#watermark = Math.max(this.#watermark, watermark);
  }

  /** Notes that an event of this transaction has arrived: its worker's earlier ones are past. */
  noteArrival(expected: Expected): void {
    const { worker, sequence, lsn } = expected;
    const latest = this.#workers.get(worker);
    if (expected.hazards !== null && isPrepared(expected)) this.#notePrepared(expected, latest);
    else if (latest === undefined) {
      this.#workers.set(worker, { sequence, lsn: lsn ?? 0, preparedLsn: 0 });
    } else if (sequence > latest.sequence) {
      latest.sequence = sequence;
      latest.lsn = Math.max(latest.lsn, lsn ?? 0);
    }
  }

  #notePrepared({ worker, lsn }: Expected, latest: Latest | undefined): void {
    const own = lsn ?? 0;
    if (latest === undefined) this.#workers.set(worker, { sequence: 0, lsn: 0, preparedLsn: own });
    else latest.preparedLsn = Math.max(latest.preparedLsn, own);
  }
}

/** Whether the ledger proves that a worker committed its latest transaction after this one. */
function follows({ sequence, lsn, preparedLsn }: Latest, expected: Expected): boolean {
  const own = expected.lsn ?? Number.POSITIVE_INFINITY;
  if (own < preparedLsn) return true;
  return isPrepared(expected) ? own < lsn : expected.sequence < sequence;
}

/** The LSN of the event's transaction, or a lower one; -Infinity: unknown. */
export function lsnOf({ lsn, watermark }: TableEvent, expected: Expected | null): number {
  return Math.max(
    lsn ?? Number.NEGATIVE_INFINITY,
    watermark ?? Number.NEGATIVE_INFINITY,
    expected?.lsn ?? Number.NEGATIVE_INFINITY,
  );
}

/** The earlier delivery of a repeated event. */
export interface Recognized {
  /** Events of the partition that were delivered before it. */
  readonly at: number;
  /** Whether both have the same contents. */
  readonly same: boolean;
}

/** Bytes that an event takes in a replay window: five arrays of 32 bits. */
export const WINDOW_BYTES_PER_EVENT = 20;
/**
 * The latest events of a partition, in the order of their delivery: they distinguish a legal replay from disorder. Events are kept as two hashes, of their identity and of their contents.
 */
export class ReplayWindow {
  readonly #tables: Tables;
  /** Pairs of a table and an operation. */
  readonly #kinds: number;
  /** The last table, and its number. */
  #table: TableName | null = null;
  #code = 0;
  readonly #size: number;
  // The system provides memory for the part that was written to.
  readonly #xids: Uint32Array;
  readonly #identities: Int32Array;
  readonly #contents: Int32Array;
  /**
   * Chains of events by their LSN and identity: the place of the newest, and for each that of the one before. Places
   * count from 1, modulo 2^32. A chain ends at 0, or at a place that is forgotten.
   */
  readonly #newest: Int32Array;
  readonly #before: Int32Array;
  #end = 0;
  #forgotten = Number.NEGATIVE_INFINITY;
  /** The largest LSN of each block of events: the limit of `forgotten` when the block goes. */
  readonly #lsns: number[] = [];

  /** @param most room for events, a power of two */
  constructor(tables: Tables, most: number) {
    this.#tables = tables;
    this.#kinds = tables.size * OPERATIONS;
    this.#size = most;
    this.#xids = new Uint32Array(this.#size);
    this.#identities = new Int32Array(this.#size);
    this.#contents = new Int32Array(this.#size);
    this.#newest = new Int32Array(this.#size);
    this.#before = new Int32Array(this.#size);
  }

  /** Events that were delivered. */
  get end(): number {
    return this.#end;
  }

  /** Every event beyond this LSN is remembered. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Whether an event may have been delivered and forgotten. */
  mayHaveForgotten({ lsn }: TableEvent): boolean {
    return (lsn ?? 0) <= this.#forgotten;
  }

  append(event: TableEvent, contents: number): void {
    const slot = this.#end & (this.#size - 1);
    this.#xids[slot] = event.xid ?? 0;
    this.#contents[slot] = contents;
    const identity = this.#identityOf(event);
    const chain = chainOf(event, identity) & (this.#size - 1);
    this.#identities[slot] = identity;
    this.#before[slot] = this.#newest[chain]!;
    this.#newest[chain] = (this.#end + 1) | 0;
    this.#noteLsn(event.lsn ?? 0);
    this.#end++;
  }

  /** The last delivery of the same change; null: the window does not have it. */
  find(event: TableEvent, contents: number): Recognized | null {
    const identity = this.#identityOf(event);
    const mask = this.#size - 1;
    const last = this.#end | 0;
    let age = 0;
    for (let place = this.#newest[chainOf(event, identity) & mask]!; place !== 0; ) {
      // Along a chain ages grow; beyond the size an event is forgotten, and its slot has another one.
      const older = (last - place) | 0;
      if (older < age || older >= this.#size) return null;
      const slot = (place - 1) & mask;
      if (this.#identities[slot] === identity && this.#xids[slot] === event.xid) {
        return { at: this.#end - 1 - older, same: this.#contents[slot] === contents };
      }
      age = older + 1;
      place = this.#before[slot]!;
    }
    return null;
  }

  /** A hash of transaction, place in the WAL, table, operation and key. */
  #identityOf({ xid, lsn, table, operation, key: ofRow }: TableEvent): number {
    const key = ofRow ?? 0;
    if (table !== this.#table) this.#noteTable(table);
    const kind = this.#code * OPERATIONS + codeOf(operation);
    // Of an id, table and operation as one number: exact for the ids of a ledger.
    const code = typeof key === 'number' ? key * this.#kinds + kind : hashOf(key, kind);
    let hash = mix((xid ?? 0) ^ 0x5bd1e995);
    hash = mix(hash ^ ((lsn ?? 0) | 0));
    hash = mix(hash ^ (((lsn ?? 0) / HIGH_HALF) | 0));
    hash = mix(hash ^ (code | 0));
    return mix(hash ^ ((code / HIGH_HALF) | 0));
  }

  #noteTable(table: TableName): void {
    this.#table = table;
    this.#code = this.#tables.get(table).code;
  }

  #noteLsn(lsn: number): void {
    const place = this.#end % BLOCK;
    if (place === 0) {
      this.#lsns.push(lsn);
      // The block's first event overwrites the first one of the oldest block.
      if (this.#lsns.length > this.#size / BLOCK) {
        this.#forgotten = Math.max(this.#forgotten, this.#lsns.shift()!);
      }
    } else {
      const last = this.#lsns.length - 1;
      this.#lsns[last] = Math.max(this.#lsns[last]!, lsn);
    }
  }
}

/** Bytes of the WAL whose events have neighbouring chains: some 50 rows. */
const NEAR_BYTES = 1 << 13;
/** Neighbouring chains: of four cache lines. */
const NEAR_CHAINS = 1 << 6;

/** The number of an event's chain, before it is cut to the number of chains: events that follow one another are near. */
function chainOf({ lsn }: TableEvent, identity: number): number {
  if (lsn === null) return identity;
  return Math.imul(mix((lsn / NEAR_BYTES) | 0), NEAR_CHAINS) | (identity & (NEAR_CHAINS - 1));
}

/** Events of a block. */
const BLOCK = 1 << 10;
const HIGH_HALF = 2 ** 32;

function hashOf(text: string, kind: number): number {
  let hash = kind;
  for (let i = 0; i < text.length; i++) hash = mix(hash ^ text.charCodeAt(i));
  return hash;
}

/** Codes of `codeOf`. */
const OPERATIONS = 5;

/** Not looked up in an object: by a name that differs from event to event, that takes as long as a hash. */
function codeOf(operation: TableEvent['operation']): number {
  switch (operation) {
    case 'insert':
      return 0;
    case 'update':
      return 1;
    case 'delete':
      return 2;
    case 'snapshot':
      return 3;
    case 'truncate':
      return 4;
  }
}
