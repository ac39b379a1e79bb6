import type { Catalogue } from '../../errors.js';
import type { Tables } from '../../schema/tables.js';
import { PARTITION } from '../../sources/ndjson/line-taker.js';
import type {
  EventOperation,
  Ignored,
  KeylessEvent,
  MessageEvent,
  RowEvent,
  Sink,
  SnapshotMark,
  TruncateEvent,
  Unstated,
} from '../../sources/source.js';
import type { AddedTexts } from '../hazards/added-columns.js';
import type { RowFingerprint } from '../rows/fingerprint.js';

/** A sink that takes rows with their fingerprints, too. */
export interface PrintedSink extends Sink {
  printed(event: RowEvent, fingerprint: RowFingerprint): void;
}

/**
 * The events of some lines, on their way from the thread that decodes to the one that judges: rows as numbers in a
 * buffer that changes its owner, since objects would be copied one by one. Calls of a sink that are rare are objects.
 */
export interface EventBlock {
  readonly count: number;
  /** STRIDE numbers for each of `count` events. */
  readonly room: ArrayBuffer;
  /** As of `RowEvent`, of all of them. */
  readonly receivedAt: number;
  /** The keys that are texts, in the order of their events, and so `added` of the fingerprints that have it. */
  readonly keys: readonly string[];
  readonly added: readonly AddedTexts[];
  /** The other calls, in their order. */
  readonly calls: readonly PlacedCall[];
}

/** A call of a sink, as an object. */
export type Call =
  | { readonly kind: 'row'; readonly event: RowEvent; readonly fingerprint: RowFingerprint }
  | { readonly kind: 'keyless'; readonly event: KeylessEvent }
  | { readonly kind: 'truncate'; readonly event: TruncateEvent }
  | { readonly kind: 'message'; readonly event: MessageEvent }
  | { readonly kind: 'unstated'; readonly part: Unstated }
  | { readonly kind: 'malformed'; readonly position: number; readonly reason: Texts }
  /** The origin of the rows from here on. */
  | { readonly kind: 'origin'; readonly origin: string | null };

/** A call that comes before the row at a place of the block. */
export type PlacedCall = Call & { readonly at: number };

/** A sentence in each language: a function cannot pass between threads. */
export type Texts = Readonly<Record<Catalogue['language'], string>>;

/** Doubles of an event: those of VALUE, then pairs of 32-bit integers. */
export const STRIDE = 11;

/** Places of an event's numbers; NaN: null. */
export const VALUE = {
  key: 0,
  xid: 1,
  lsn: 2,
  order: 3,
  watermark: 4,
  committedAt: 5,
  connectorAt: 6,
  position: 7,
} as const;

/** Places of its integers, counted in 32 bits. */
export const SUM = { changing: 16, fixed: 17, stated: 18, row: 19, stable: 20, code: 21 } as const;

/** Bits of its code. Its operation is in the lowest three, its snapshot mark in the next three. */
export const CODE = {
  operation: 7,
  snapshot: 3,
  changing: 1 << 6,
  fixed: 1 << 7,
  row: 1 << 8,
  stable: 1 << 9,
  server: 1 << 10,
  coarse: 1 << 11,
  nullInNotNull: 1 << 12,
  textKey: 1 << 13,
  added: 1 << 14,
  /** The table's code, or the number of `IGNORED`, from this bit on. */
  table: 16,
} as const;

export const OPERATIONS: readonly EventOperation[] = ['insert', 'update', 'delete', 'snapshot'];
/** In place of an operation: a call of `ignored`. */
export const IS_IGNORED = OPERATIONS.length;

/** The first stands for none. */
export const MARKS: readonly (SnapshotMark | null)[] = [
  null,
  'first',
  'first_in_data_collection',
  'row',
  'last_in_data_collection',
  'last',
  'incremental',
];

export const IGNORED: readonly Ignored[] = [
  'other_table',
  'other_schema',
  'other_database',
  'other_server',
  'tombstone',
  'transaction',
  'message',
  'heartbeat',
  'schema_change',
];

/** Makes the calls of blocks to a sink. */
export class BlockPlayer {
  readonly #tables: Tables;
  readonly #sink: PrintedSink;
  #origin: string | null = null;

  constructor(tables: Tables, sink: PrintedSink) {
    this.#tables = tables;
    this.#sink = sink;
  }

  play({ count, room, receivedAt, keys, added, calls }: EventBlock): void {
    const tables = this.#tables;
    const sink = this.#sink;
    const values = new Float64Array(room);
    const sums = new Int32Array(room);
    let nextKey = 0;
    let nextAdded = 0;
    let nextCall = 0;
    for (let i = 0; i < count; i++) {
      while (nextCall < calls.length && calls[nextCall]!.at === i) this.#call(calls[nextCall++]!);
      const v = i * STRIDE;
      const s = 2 * v;
      const code = sums[s + SUM.code]!;
      const operation = code & CODE.operation;
      const committedAt = orNull(values[v + VALUE.committedAt]!);
      if (operation === IS_IGNORED) {
        sink.ignored(IGNORED[code >> CODE.table]!, committedAt);
        continue;
      }
      const event = {
        operation: OPERATIONS[operation]!,
        table: tables.at(code >> CODE.table).name,
        key: (code & CODE.textKey) === 0 ? values[v + VALUE.key]! : keys[nextKey++]!,
        snapshot: MARKS[(code >> CODE.snapshot) & CODE.operation]!,
        xid: orNull(values[v + VALUE.xid]!),
        lsn: orNull(values[v + VALUE.lsn]!),
        order: orNull(values[v + VALUE.order]!),
        watermark: orNull(values[v + VALUE.watermark]!),
        committedAt,
        connectorAt: orNull(values[v + VALUE.connectorAt]!),
        receivedAt,
        partition: PARTITION,
        position: values[v + VALUE.position]!,
        origin: this.#origin,
      };
      const fingerprint = {
        changing: (code & CODE.changing) === 0 ? null : sums[s + SUM.changing]!,
        fixed: (code & CODE.fixed) === 0 ? null : sums[s + SUM.fixed]!,
        projected: null,
        written: null,
        stated: sums[s + SUM.stated]!,
        row: (code & CODE.row) === 0 ? null : sums[s + SUM.row]!,
        stable: (code & CODE.stable) === 0 ? null : sums[s + SUM.stable]!,
        server: (code & CODE.server) !== 0,
        coarse: (code & CODE.coarse) !== 0,
        nullInNotNull: (code & CODE.nullInNotNull) !== 0,
        toasted: null,
      };
      if ((code & CODE.added) === 0) sink.printed(event, fingerprint);
      else sink.printed(event, { ...fingerprint, added: added[nextAdded++]! });
    }
    while (nextCall < calls.length) this.#call(calls[nextCall++]!);
  }

  #call(call: Call): void {
    const sink = this.#sink;
    switch (call.kind) {
      case 'row':
        sink.printed(call.event, call.fingerprint);
        return;
      case 'keyless':
        sink.changeWithoutKey(call.event);
        return;
      case 'truncate':
        sink.truncate(call.event);
        return;
      case 'message':
        sink.message(call.event);
        return;
      case 'unstated':
        sink.unstated(call.part);
        return;
      case 'malformed': {
        const { position, reason } = call;
        sink.malformed({ partition: PARTITION, position, reason: (m) => reason[m.language] });
        return;
      }
      case 'origin':
        this.#origin = call.origin;
        return;
    }
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
