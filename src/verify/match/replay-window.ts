import { mix } from '../../random/hash.js';
import { TABLE_CODES, TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';
import type { EventOperation, RowEvent } from '../../sources/source.js';

/** The earlier delivery of a repeated event. */
export interface Recognized {
  /** Events of the partition that were delivered before it. */
  readonly at: number;
  /** Whether both have the same contents. */
  readonly same: boolean;
}

/** Bytes that an event takes in a replay window: five arrays of 32 bits. */
export const WINDOW_BYTES_PER_EVENT = 20;
/** Room for events at the beginning; the window doubles when it is full. */
const FIRST_SIZE = 1 << 12;

/**
 * The latest events of a partition, in the order of their delivery: they distinguish a legal replay from disorder. Events are kept as two hashes, of their identity and of their contents.
 */
export class ReplayWindow {
  readonly #most: number;
  #size: number;
  #xids: Uint32Array;
  #identities: Int32Array;
  #contents: Int32Array;
  /**
   * Chains of events by the low bits of their identity: the place of the newest, and for each that of the one
   * before. Places count from 1, modulo 2^32. A chain ends at 0, or at a place that is forgotten.
   */
  #newest: Int32Array;
  #before: Int32Array;
  #end = 0;
  #forgotten = Number.NEGATIVE_INFINITY;
  /** The largest LSN of each block of events: the limit of `forgotten` when the block goes. */
  readonly #lsns: number[] = [];

  /** @param most room for events, a power of two */
  constructor(most: number) {
    this.#most = most;
    this.#size = Math.min(FIRST_SIZE, most);
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
  mayHaveForgotten({ lsn }: RowEvent): boolean {
    return (lsn ?? 0) <= this.#forgotten;
  }

  append(event: RowEvent, contents: number): void {
    if (this.#end >= this.#size && this.#size < this.#most) this.#grow();
    const slot = this.#end & (this.#size - 1);
    this.#xids[slot] = event.xid ?? 0;
    this.#contents[slot] = contents;
    this.#enter(this.#end, identityOf(event));
    this.#noteLsn(event.lsn ?? 0);
    this.#end++;
  }

  /** The last delivery of the same change; null: the window does not have it. */
  find(event: RowEvent, contents: number): Recognized | null {
    const identity = identityOf(event);
    const mask = this.#size - 1;
    const last = this.#end | 0;
    let age = 0;
    for (let place = this.#newest[identity & mask]!; place !== 0; ) {
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

  #enter(at: number, identity: number): void {
    const chain = identity & (this.#size - 1);
    const slot = at & (this.#size - 1);
    this.#identities[slot] = identity;
    this.#before[slot] = this.#newest[chain]!;
    this.#newest[chain] = (at + 1) | 0;
  }

  #noteLsn(lsn: number): void {
    const place = this.#end % BLOCK;
    if (place === 0) {
      this.#lsns.push(lsn);
      // The block's first event overwrites the first one of the oldest block.
      if (this.#lsns.length > this.#most / BLOCK) {
        this.#forgotten = Math.max(this.#forgotten, this.#lsns.shift()!);
      }
    } else {
      const last = this.#lsns.length - 1;
      this.#lsns[last] = Math.max(this.#lsns[last]!, lsn);
    }
  }

  #grow(): void {
    const { length } = this.#xids;
    const identities = this.#identities;
    this.#size = length * 2;
    const wider = <T extends Uint32Array | Int32Array>(make: new (n: number) => T, old: T): T => {
      const array = new make(this.#size);
      array.set(old);
      return array;
    };
    this.#xids = wider(Uint32Array, this.#xids);
    this.#contents = wider(Int32Array, this.#contents);
    this.#identities = new Int32Array(this.#size);
    this.#newest = new Int32Array(this.#size);
    this.#before = new Int32Array(this.#size);
    // The window is full for the first time: slots equal places.
    for (let at = 0; at < length; at++) this.#enter(at, identities[at]!);
  }
}

/** Events of a block. */
const BLOCK = 1 << 10;
const HIGH_HALF = 2 ** 32;

/** A hash of transaction, place in the WAL, table, operation and key. */
function identityOf({ xid, lsn, table, operation, key }: RowEvent): number {
  const code = typeof key === 'number' ? rowCode(table, operation, key) : hashOf(key);
  let hash = mix((xid ?? 0) ^ 0x5bd1e995);
  hash = mix(hash ^ ((lsn ?? 0) | 0));
  hash = mix(hash ^ (((lsn ?? 0) / HIGH_HALF) | 0));
  hash = mix(hash ^ (code | 0));
  return mix(hash ^ ((code / HIGH_HALF) | 0));
}

function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mix(hash ^ text.charCodeAt(i));
  return hash;
}

const OPERATION_CODES: Readonly<Record<EventOperation, number>> = {
  insert: 0,
  update: 1,
  delete: 2,
  snapshot: 3,
};
const OPERATIONS = Object.keys(OPERATION_CODES).length;
const KINDS = TABLE_NAMES.length * OPERATIONS;

/** Table, operation and id as one number: exact for the ids of a ledger. */
function rowCode(table: TableName, operation: EventOperation, key: number): number {
  return key * KINDS + TABLE_CODES[table] * OPERATIONS + OPERATION_CODES[operation];
}
