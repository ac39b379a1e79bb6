import type { Sentence } from '../../errors.js';
import type { Tables } from '../../schema/tables.js';
import type {
  EventOperation,
  Ignored,
  KeylessEvent,
  Malformed,
  MessageEvent,
  RowColumns,
  RowEvent,
  Sink,
  TruncateEvent,
  Unstated,
} from '../../sources/source.js';
import type { AddedTexts } from '../hazards/added-columns.js';
import { EventPrinter, type RowFingerprint } from '../rows/fingerprint.js';
import {
  type Call,
  CODE,
  type EventBlock,
  IGNORED,
  IS_IGNORED,
  MARKS,
  OPERATIONS,
  type PlacedCall,
  STRIDE,
  SUM,
  type Texts,
  VALUE,
} from './event-block.js';

const EVENT_BYTES = STRIDE * Float64Array.BYTES_PER_ELEMENT;
/** Room of a new block, in events: those of one read have some 700 bytes each. */
const FIRST_ROOM = 1 << 11;
const INSERT = OPERATIONS.indexOf('insert');

/** Writes calls of a sink into blocks, with the fingerprints of rows. */
export class BlockWriter implements Sink {
  readonly #printer: EventPrinter;
  readonly #textsOf: (reason: Sentence) => Texts;
  #room = new ArrayBuffer(0);
  #values = new Float64Array();
  #sums = new Int32Array();
  #count = 0;
  #receivedAt = 0;
  #keys: string[] = [];
  #added: AddedTexts[] = [];
  #calls: PlacedCall[] = [];
  #origin: string | null = null;

  /** @param version of the ledger, from 1 */
  constructor(tables: Tables, version: number, textsOf: (reason: Sentence) => Texts) {
    this.#printer = new EventPrinter(tables, version);
    this.#textsOf = textsOf;
  }

  /**
   * Begins a block.
   *
   * @param room of an earlier block; it grows if the events need more
   */
  begin(room: ArrayBuffer, receivedAt: number): void {
    this.#use(room.byteLength === 0 ? new ArrayBuffer(FIRST_ROOM * EVENT_BYTES) : room);
    this.#count = 0;
    this.#receivedAt = receivedAt;
    this.#keys = [];
    this.#added = [];
    this.#calls = [];
  }

  /** The block, whose room is the caller's from now on. */
  end(): EventBlock {
    return {
      count: this.#count,
      room: this.#room,
      receivedAt: this.#receivedAt,
      keys: this.#keys,
      added: this.#added,
      calls: this.#calls,
    };
  }

  row(event: RowEvent, columns: RowColumns | null): void {
    const fingerprint = this.#printer.print(event, columns);
    if (!isPlain(event, fingerprint)) {
      this.#call({ kind: 'row', event, fingerprint });
      return;
    }
    if (event.origin !== this.#origin) {
      this.#origin = event.origin;
      this.#call({ kind: 'origin', origin: event.origin });
    }
    this.#write(event, fingerprint);
  }

  changeWithoutKey(event: KeylessEvent): void {
    this.#call({ kind: 'keyless', event });
  }

  truncate(event: TruncateEvent): void {
    this.#call({ kind: 'truncate', event });
  }

  message(event: MessageEvent): void {
    this.#call({ kind: 'message', event });
  }

  unstated(part: Unstated): void {
    this.#call({ kind: 'unstated', part });
  }

  ignored(kind: Ignored, committedAt: number | null): void {
    const at = this.#next();
    this.#values[at + VALUE.committedAt] = committedAt ?? Number.NaN;
    this.#sums[2 * at + SUM.code] = IS_IGNORED | (IGNORED.indexOf(kind) << CODE.table);
  }

  malformed({ position, reason }: Malformed): void {
    this.#call({ kind: 'malformed', position, reason: this.#textsOf(reason) });
  }

  progress(): never {
    throw new Error('lines have no position in the WAL');
  }

  idle(): never {
    throw new Error('the thread that reads knows when a source is idle');
  }

  async ready(): Promise<void> {}

  #write(event: RowEvent, fingerprint: RowFingerprint): void {
    const at = this.#next();
    const values = this.#values;
    const { key } = event;
    const isText = typeof key === 'string';
    if (isText) this.#keys.push(key);
    else values[at + VALUE.key] = key;
    values[at + VALUE.xid] = event.xid ?? Number.NaN;
    values[at + VALUE.lsn] = event.lsn ?? Number.NaN;
    values[at + VALUE.order] = event.order ?? Number.NaN;
    values[at + VALUE.watermark] = event.watermark ?? Number.NaN;
    values[at + VALUE.committedAt] = event.committedAt ?? Number.NaN;
    values[at + VALUE.connectorAt] = event.connectorAt ?? Number.NaN;
    values[at + VALUE.position] = event.position;
    const { changing, fixed, row, stable, added } = fingerprint;
    if (added !== undefined) this.#added.push(added);
    const sums = this.#sums;
    const s = 2 * at;
    sums[s + SUM.changing] = changing ?? 0;
    sums[s + SUM.fixed] = fixed ?? 0;
    sums[s + SUM.stated] = fingerprint.stated;
    sums[s + SUM.row] = row ?? 0;
    sums[s + SUM.stable] = stable ?? 0;
    sums[s + SUM.code] =
      codeOf(event.operation) |
      (event.snapshot === null ? 0 : MARKS.indexOf(event.snapshot) << CODE.snapshot) |
      (changing === null ? 0 : CODE.changing) |
      (fixed === null ? 0 : CODE.fixed) |
      (row === null ? 0 : CODE.row) |
      (stable === null ? 0 : CODE.stable) |
      (fingerprint.server ? CODE.server : 0) |
      (fingerprint.coarse ? CODE.coarse : 0) |
      (fingerprint.nullInNotNull ? CODE.nullInNotNull : 0) |
      (isText ? CODE.textKey : 0) |
      (added === undefined ? 0 : CODE.added) |
      (this.#printer.table.code << CODE.table);
  }

  /** The place of the next event in `values`. */
  #next(): number {
    const at = this.#count * STRIDE;
    if (at + STRIDE > this.#values.length) this.#grow();
    this.#count++;
    return at;
  }

  #grow(): void {
    const before = this.#values;
    this.#use(new ArrayBuffer(2 * this.#count * EVENT_BYTES));
    this.#values.set(before.subarray(0, this.#count * STRIDE));
  }

  #use(room: ArrayBuffer): void {
    this.#room = room;
    this.#values = new Float64Array(room);
    this.#sums = new Int32Array(room);
  }

  #call(call: Call): void {
    this.#calls.push({ ...call, at: this.#count });
  }
}

/** Whether a block has room for an event and its fingerprint: both are numbers, but for a text as the key and added columns. */
function isPlain(event: RowEvent, { projected, written, toasted }: RowFingerprint): boolean {
  const isSum = projected === null && written === null && toasted === null;
  return isSum && event.renamed === undefined;
}

/** The place in OPERATIONS, which is not searched for every event. */
function codeOf(operation: EventOperation): number {
  return operation === 'insert' ? INSERT : OPERATIONS.indexOf(operation);
}
