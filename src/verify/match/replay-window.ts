import { mix } from '../../random/hash.js';
import type { RowEvent } from '../../sources/source.js';
import { rowCode } from '../rows/row-code.js';

/** Where an event that came again was delivered first. */
export interface Recognized {
  /** How many events of the stream were delivered before it. */
  readonly at: number;
  /** Whether it says the same as then. */
  readonly same: boolean;
}

/** Bytes that an event takes in a replay window. */
export const TAPE_BYTES_PER_EVENT = 20;
/** Events that a replay window has room for in the beginning; it grows as it fills. */
const FIRST_SIZE = 1 << 12;

/**
 * What was delivered on a stream, in its order, as far back as there is room: by this a replay is told from a
 * loss of order. Events are kept as hashes, of what they are and of what they say.
 */
export class ReplayWindow {
  readonly #most: number;
  #size: number;
  #xids: Uint32Array;
  #identities: Int32Array;
  #contents: Int32Array;
  /**
   * Chains of events by the low bits of their identity: the place of the newest, and for each that of the one
   * before. Places count from 1, modulo 2^32; 0 ends a chain, and so does a place that is forgotten.
   */
  #newest: Int32Array;
  #before: Int32Array;
  #end = 0;
  #forgotten = Number.NEGATIVE_INFINITY;
  /** The largest LSN of each block of events: what is forgotten of it is known when it goes. */
  readonly #lsns: number[] = [];

  /** @param most events that it has room for, a power of two */
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

  /** No event beyond this LSN is forgotten. */
  get forgotten(): number {
    return this.#forgotten;
  }

  append(event: RowEvent, content: number): void {
    if (this.#end >= this.#size && this.#size < this.#most) this.#grow();
    const slot = this.#end & (this.#size - 1);
    this.#xids[slot] = event.xid ?? 0;
    this.#contents[slot] = content;
    this.#enter(this.#end, identityOf(event));
    this.#note(event.lsn ?? 0);
    this.#end++;
  }

  /** The last delivery of this very change; null where it is not in the replay window. */
  find(event: RowEvent, content: number): Recognized | null {
    const identity = identityOf(event);
    const mask = this.#size - 1;
    const last = this.#end | 0;
    let age = 0;
    for (let place = this.#newest[identity & mask]!; place !== 0; ) {
      // Along a chain ages grow; beyond the size it is forgotten, and its slot has another event.
      const older = (last - place) | 0;
      if (older < age || older >= this.#size) return null;
      const slot = (place - 1) & mask;
      if (this.#identities[slot] === identity && this.#xids[slot] === event.xid) {
        return { at: this.#end - 1 - older, same: this.#contents[slot] === content };
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

  #note(lsn: number): void {
    const place = this.#end % BLOCK;
    if (place === 0) {
      this.#lsns.push(lsn);
      // Its first event takes the place of the oldest block's.
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
    // Full, and never beyond: slots are places in the replay window.
    for (let at = 0; at < length; at++) this.#enter(at, identities[at]!);
  }
}

/** Events of a block. */
const BLOCK = 1 << 10;
const HIGH_HALF = 2 ** 32;

/** A hash of which change it is: transaction, place in the WAL, table, operation and key. */
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
