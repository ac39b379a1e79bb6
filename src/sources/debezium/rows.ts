import type { Sentence } from '../../errors.js';
import { MESSAGE_PREFIX } from '../../ledger/format.js';
import type { Key, Table } from '../../schema/table.js';
import { EventError } from '../decoder.js';
import { type JsonReader, KIND } from '../json/reader.js';
import { contentKeyOf, mayLackKey } from '../row-key.js';
import {
  type EventOperation,
  type Ignored,
  type Sink,
  type TruncateEvent,
  withoutKey,
} from '../source.js';
import type { JsonColumns } from './columns.js';
import {
  type EventColumn,
  type EventLayout,
  type EventTable,
  FLAG,
  KNOWN,
  NO_SLOT,
  type ParsedFields,
  SLOT,
  UNSTATED,
} from './fields.js';
import type { KeyReader } from './members.js';
import { valueType } from './value-types.js';
import type { ValueReader } from './values.js';

const CREATE = 0x63;
const UPDATE = 0x75;
const DELETE = 0x64;
const READ = 0x72;
const TRUNCATE = 0x74;
const MESSAGE = 0x6d;

const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BRACKET_END = 0x5d;

/** The content of a message is bytes; they begin so as PostgreSQL prints them. */
const HEX_PREFIX = '\\x';
const CONTENT: EventColumn = {
  ...valueType('bytea'),
  name: 'message.content',
  lossy: false,
  field: NO_SLOT,
};

const MOST_XID = 0xffff_ffff;

/** The fields that ExtractNewRecordState has to add: a row alone has no operation and no position. */
const ADD_FIELDS = 'op,table,lsn,txId,source.sequence,source.ts_us,ts_us';

/** Elements of `source.sequence`: LSNs as text, or null. */
const SEQUENCE = /^\s*\[\s*(?:null|"?(\d+)"?)\s*,\s*(?:null|"?\d+"?)\s*\]\s*$/;

/** 1 for the letter of each operation. */
const OPERATIONS = new Uint8Array(256);
for (const op of [CREATE, UPDATE, DELETE, READ, TRUNCATE, MESSAGE]) OPERATIONS[op] = 1;

/** Makes the event of the parsed fields and emits it to the sink. */
export class RowEmitter {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;
  readonly #columns: JsonColumns;
  /** The row before a change, of a table without a key. */
  readonly #oldColumns: JsonColumns;
  readonly #keys: KeyReader;
  readonly #layout: EventLayout;
  readonly #parsed: ParsedFields;
  readonly #sink: Sink;
  /** Bits of UNSTATED that were reported to the sink. */
  #unstated = 0;
  /** The last `source.sequence`: the place of its bytes up to the backslash after its first number, and that number. */
  readonly #sequence = { generation: Number.NaN, start: 0, length: 0, lsn: 0 };

  constructor(parts: {
    readonly reader: JsonReader;
    readonly values: ValueReader;
    readonly columns: JsonColumns;
    readonly oldColumns: JsonColumns;
    readonly keys: KeyReader;
    readonly layout: EventLayout;
    readonly parsed: ParsedFields;
    readonly sink: Sink;
  }) {
    this.#reader = parts.reader;
    this.#values = parts.values;
    this.#columns = parts.columns;
    this.#oldColumns = parts.oldColumns;
    this.#layout = parts.layout;
    this.#keys = parts.keys;
    this.#parsed = parts.parsed;
    this.#sink = parts.sink;
  }

  /**
   * Emits the event. Throws an EventError, before the sink got anything, where it is not one.
   *
   * @param key of the message, where the parsed fields have none; used where the row has none
   */
  emit(key: Uint8Array | null, partition: number, position: number, receivedAt: number): void {
    const parsed = this.#parsed;
    const sink = this.#sink;
    const op = this.#op();
    if (op === MESSAGE) {
      this.#message(partition, position, receivedAt);
      return;
    }
    const ignored = this.#ignored(op);
    if (ignored !== null) {
      sink.ignored(ignored, null);
      return;
    }
    const of = parsed.table;
    if (of === null) throw this.#lacks('table', (m) => m.malformed.event.noTable());
    if (typeof of === 'string') {
      sink.ignored(of, this.#foreignTime());
      return;
    }
    if (op === TRUNCATE) {
      this.#truncate(of, partition, position, receivedAt);
      return;
    }
    const operation = this.#operation(op);
    const column = of.folded.length === 0 ? null : parsed.unfold(of);
    const renamed = of.renamed ?? column;
    const flat = this.#isFlat();
    if (flat) this.#requirePosition();
    const layout = this.#layout;
    const isDelete = operation === 'delete';
    const first = flat ? layout.flat : isDelete ? layout.old : layout.row;
    if (!isDelete) {
      if (!flat && (parsed.flags & FLAG.after) === 0) {
        throw new EventError((m) => m.malformed.event.noRow());
      }
      this.#columns.read(of, parsed, first);
    }
    const id =
      of.keyKind === 'none'
        ? this.#contentKey(of, operation, flat)
        : (this.#values.keyOf(of, parsed, first) ?? this.#keyOfMessage(of, key));
    if (id === null && !mayLackKey(operation, of.table)) {
      // Another table, whose name is like a folded one of the run's.
      if (of.renamed !== null) {
        sink.ignored('other_table', this.#foreignTime());
        return;
      }
      throw withoutKeyOf(of.table);
    }
    const xid = this.#xid();
    // A snapshot's rows belong to no transaction.
    if (xid === null && operation !== 'snapshot') {
      throw this.#lacks('txId', (m) => m.malformed.event.noXid());
    }
    const event = {
      operation,
      table: of.name,
      key: id ?? 0,
      snapshot: operation === 'snapshot' ? (parsed.snapshot ?? 'row') : null,
      xid,
      lsn: this.#number(SLOT.lsn, 'lsn'),
      order: this.#number(SLOT.order, 'transaction.total_order'),
      watermark: this.#watermark(),
      committedAt: this.#time(SLOT.committedAt),
      connectorAt: this.#time(SLOT.connectorAt),
      receivedAt,
      partition,
      position,
      origin: parsed.origin,
    };
    if ((parsed.unstated & ~this.#unstated) !== 0) this.#reportUnstated();
    if (id === null) sink.changeWithoutKey(withoutKey(event));
    else {
      const named = renamed === null ? event : { ...event, renamed };
      sink.row(named, isDelete ? null : this.#columns);
    }
  }

  #truncate(of: EventTable, partition: number, position: number, receivedAt: number): void {
    const event: TruncateEvent = {
      table: of.name,
      ...this.#place(partition, position, receivedAt),
      order: this.#number(SLOT.order, 'transaction.total_order'),
    };
    if ((this.#parsed.unstated & ~this.#unstated) !== 0) this.#reportUnstated();
    this.#sink.truncate(of.renamed === null ? event : { ...event, renamed: of.renamed });
  }

  /** Emits a message under the run's prefix, of the run's database; all others are ignored. */
  #message(partition: number, position: number, receivedAt: number): void {
    const parsed = this.#parsed;
    const isRuns =
      parsed.text(SLOT.messagePrefix, this.#reader) === MESSAGE_PREFIX &&
      parsed.table !== 'other_database';
    const content = isRuns ? this.#content() : null;
    if (content === null) {
      this.#sink.ignored('message', null);
      return;
    }
    const event = this.#place(partition, position, receivedAt);
    this.#sink.message({ ...event, content, transactional: event.xid !== null });
  }

  /** The content of a message, from the form of the connector's `binary.handling.mode`. Null: there is none. */
  #content(): string | null {
    const { kinds, starts, stops } = this.#parsed;
    const slot = SLOT.messageContent;
    if (!this.#parsed.has(slot)) return null;
    const hex = this.#values.text(CONTENT, kinds[slot]!, starts[slot]!, stops[slot]!);
    if (typeof hex !== 'string') return null;
    return Buffer.from(hex.slice(HEX_PREFIX.length), 'hex').toString();
  }

  /** The place and the times of an event that is of no row. */
  #place(partition: number, position: number, receivedAt: number) {
    return {
      xid: this.#xid(),
      lsn: this.#number(SLOT.lsn, 'lsn'),
      watermark: this.#watermark(),
      committedAt: this.#time(SLOT.committedAt),
      connectorAt: this.#time(SLOT.connectorAt),
      receivedAt,
      partition,
      position,
      origin: this.#parsed.origin,
    };
  }

  #reportUnstated(): void {
    const news = this.#parsed.unstated & ~this.#unstated;
    this.#unstated |= news;
    for (const [bit, part] of UNSTATED.entries()) {
      if ((news & (1 << bit)) !== 0) this.#sink.unstated(part);
    }
  }

  /** The key of a row without one: of the old row where there is one. Null: the event lacks a value of it. */
  #contentKey(of: EventTable, operation: EventOperation, flat: boolean): Key | null {
    const { table } = of;
    if (operation === 'insert' || operation === 'snapshot') {
      return contentKeyOf(table, this.#columns);
    }
    // A flattened delete may have the old row; an update has the new one.
    if (flat && operation === 'update') return null;
    this.#oldColumns.read(of, this.#parsed, flat ? this.#layout.flat : this.#layout.old);
    return contentKeyOf(table, this.#oldColumns);
  }

  /** The message's key in the parsed fields, as JSON or its text. Null: none, or one whose values have slots. */
  messageKey(): Uint8Array | null {
    const { kinds, starts, stops } = this.#parsed;
    const slot = kinds[SLOT.keyObject] === KIND.none ? SLOT.key : SLOT.keyObject;
    const kind = kinds[slot]!;
    if (kind <= KIND.null) return null;
    const key = this.#reader.utf8(kind, starts[slot]!, stops[slot]!);
    if (key === null) throw new EventError((m) => m.malformed.event.halfPairInKey());
    return key;
  }

  /** The row's key in the message's key: that of the parsed fields, or else `other`. */
  #keyOfMessage(of: EventTable, other: Uint8Array | null): Key | null {
    const inFields = this.#values.keyOf(of, this.#parsed, this.#layout.key);
    if (inFields !== null) return inFields;
    const key = this.messageKey() ?? other;
    return key === null ? null : this.#keys.read(key, of);
  }

  #op(): number {
    const { kinds, starts, stops } = this.#parsed;
    if (!this.#parsed.has(SLOT.op)) return 0;
    const start = starts[SLOT.op]!;
    if (kinds[SLOT.op] === KIND.string && stops[SLOT.op]! - start === 1) {
      const op = this.#reader.bytes[start]!;
      if (OPERATIONS[op] === 1) return op;
    }
    throw new EventError((m) => m.malformed.event.unknownOperation());
  }

  /** The kind of an event without an operation on a row. Throws an EventError on JSON that Debezium does not write. */
  #ignored(op: number): Ignored | null {
    if (op !== 0) return null;
    const { flags } = this.#parsed;
    if ((flags & FLAG.transaction) !== 0) return 'transaction';
    if ((flags & FLAG.schemaChange) !== 0) return 'schema_change';
    if ((flags & FLAG.nothing) !== 0 || this.#isWithoutValue()) return 'tombstone';
    if ((flags & FLAG.more) === 0 && this.#time(SLOT.connectorAt) !== null) return 'heartbeat';
    throw this.#lacks('op', (m) => m.malformed.event.noOperation());
  }

  /** Whether it is a record of Kafka with a null value: rpk leaves that out. */
  #isWithoutValue(): boolean {
    const parsed = this.#parsed;
    const isRecord =
      parsed.has(SLOT.recordTopic) &&
      parsed.has(SLOT.recordPartition) &&
      parsed.has(SLOT.recordOffset);
    return isRecord && !parsed.wrapped && !parsed.has(SLOT.valueSize);
  }

  #isFlat(): boolean {
    return (this.#parsed.flags & (FLAG.flattened | FLAG.enveloped)) === FLAG.flattened;
  }

  /** The error of an event without a field: a flattened one has other fields than an envelope. */
  #lacks(field: string, inEnvelope: Sentence): EventError {
    return this.#isFlat() ? flattenedWithout([field]) : new EventError(inEnvelope);
  }

  /** Throws unless a flattened event has its xid and LSN; in a snapshot they may be null. */
  #requirePosition(): void {
    const { kinds } = this.#parsed;
    const lsn = kinds[SLOT.lsn] !== KIND.none;
    const xid = kinds[SLOT.xid] !== KIND.none || kinds[SLOT.transactionId] !== KIND.none;
    if (lsn && xid) return;
    throw flattenedWithout([...(lsn ? [] : ['lsn']), ...(xid ? [] : ['txId'])]);
  }

  #operation(op: number): EventOperation {
    switch (op) {
      case CREATE:
        return this.#parsed.snapshot === null ? 'insert' : 'snapshot';
      case UPDATE:
        return 'update';
      case DELETE:
        return 'delete';
      default:
        return 'snapshot';
    }
  }

  #xid(): number | null {
    const parsed = this.#parsed;
    let xid: number | null;
    if (parsed.has(SLOT.xid) || !parsed.has(SLOT.transactionId))
      xid = this.#number(SLOT.xid, 'txId');
    else {
      // `571:24023128`
      const { bytes } = this.#reader;
      let stop = parsed.starts[SLOT.transactionId]!;
      while (stop < parsed.stops[SLOT.transactionId]! && bytes[stop] !== COLON) stop++;
      parsed.stops[SLOT.transactionId] = stop;
      xid = this.#number(SLOT.transactionId, 'transaction.id');
    }
    if (xid !== null && xid > MOST_XID) {
      throw new EventError((m) => m.malformed.event.xidTooLarge());
    }
    return xid;
  }

  /** A number from 0 to 2^53, or a string that holds one; null where the event lacks it. */
  #number(slot: number, field: string): number | null {
    const { kinds, starts, stops, values } = this.#parsed;
    const kind = kinds[slot]!;
    if (kind <= KIND.null) return null;
    if ((values.known[slot]! & KNOWN.number) !== 0) return values.numbers[slot]!;
    if (kind === KIND.integer || kind === KIND.string) {
      const value = this.#reader.integer(starts[slot]!, stops[slot]!);
      if (value >= 0) {
        values.known[slot]! |= KNOWN.number;
        values.numbers[slot] = value;
        return value;
      }
    }
    throw notNumber(field);
  }

  #watermark(): number | null {
    const parsed = this.#parsed;
    const kind = parsed.kinds[SLOT.sequence]!;
    if (kind <= KIND.null) return null;
    const start = parsed.starts[SLOT.sequence]!;
    const stop = parsed.stops[SLOT.sequence]!;
    // As Debezium writes it: ["24023128","24023200"], with a backslash before each quotation mark.
    const reader = this.#reader;
    const { bytes } = reader;
    const last = this.#sequence;
    let p = start + last.length;
    // Events of a transaction have the first number in common.
    if (
      last.generation === reader.generation &&
      p < stop &&
      reader.equal(last.start, last.start + last.length, start, p) &&
      this.#isSequenceEnd(p - 1, stop)
    ) {
      return last.lsn;
    }
    p = start + 3;
    if (bytes[start] === BRACKET && bytes[start + 1] === BACKSLASH && bytes[start + 2] === QUOTE) {
      while (p < stop && bytes[p] !== BACKSLASH) p++;
      const lsn = reader.integer(start + 3, p);
      if (lsn >= 0 && this.#isSequenceEnd(p, stop)) {
        last.generation = reader.generation;
        last.start = start;
        last.length = p + 1 - start;
        last.lsn = lsn;
        return lsn;
      }
    }
    if (kind >= KIND.string && kind < KIND.object) {
      const parts = SEQUENCE.exec(this.#reader.string(kind, start, stop));
      if (parts !== null) {
        if (parts[1] === undefined) return null;
        const lsn = Number(parts[1]);
        if (Number.isSafeInteger(lsn)) return lsn;
      }
    }
    throw new EventError((m) => m.malformed.event.notSequence());
  }

  /** `\\",\\"24023200\\"]` */
  #isSequenceEnd(start: number, stop: number): boolean {
    const { bytes } = this.#reader;
    return (
      bytes[start + 1] === QUOTE &&
      bytes[start + 2] === COMMA &&
      bytes[start + 3] === BACKSLASH &&
      bytes[start + 4] === QUOTE &&
      bytes[stop - 3] === BACKSLASH &&
      bytes[stop - 2] === QUOTE &&
      bytes[stop - 1] === BRACKET_END &&
      (this.#isLsn(start + 5, stop - 3) || this.#reader.integer(start + 5, stop - 3) >= 0)
    );
  }

  /** Whether these bytes equal those of the event's LSN, a number that was read before. Most sequences end with it. */
  #isLsn(start: number, stop: number): boolean {
    const { kinds, starts, stops } = this.#parsed;
    const isRead = kinds[SLOT.lsn] === KIND.integer;
    return isRead && this.#reader.equal(starts[SLOT.lsn]!, stops[SLOT.lsn]!, start, stop);
  }

  /** The commit time of a foreign row; null, too, where it is wrong: foreign rows are not judged. */
  #foreignTime(): number | null {
    try {
      return this.#time(SLOT.committedAt);
    } catch {
      return null;
    }
  }

  /** Microseconds since 1970, rounded down, of the finest of the three units from `slot` on; null: none. */
  #time(slot: number): number | null {
    const parsed = this.#parsed;
    for (let unit = 2; unit >= 0; unit--) {
      if (!parsed.has(slot + unit)) continue;
      const { values } = parsed;
      if ((values.known[slot + unit]! & KNOWN.number) !== 0) return values.numbers[slot + unit]!;
      const kind = parsed.kinds[slot + unit]!;
      // Without the last three digits nanoseconds are microseconds.
      const stop = parsed.stops[slot + unit]! - (unit === 2 ? 3 : 0);
      const isNumber = kind === KIND.integer || kind === KIND.string;
      const value = isNumber ? this.#reader.integer(parsed.starts[slot + unit]!, stop) : Number.NaN;
      if (value >= 0) {
        const micros = unit === 0 ? value * 1000 : value;
        values.known[slot + unit]! |= KNOWN.number;
        values.numbers[slot + unit] = micros;
        return micros;
      }
      throw new EventError((m) => m.malformed.event.timeNotWhole());
    }
    return null;
  }
}

// Outside of the methods, which run for every event: a closure in one costs each call a context.

function notNumber(field: string): EventError {
  return new EventError((m) => m.malformed.event.notNumber({ field }));
}

function flattenedWithout(missing: readonly string[]): EventError {
  return new EventError((m) => m.malformed.event.flattened({ missing, fields: ADD_FIELDS }));
}

function withoutKeyOf({ key: columns }: Table): EventError {
  if (columns.length === 0) return new EventError((m) => m.malformed.event.partOfKeyless());
  return new EventError((m) => m.malformed.event.noKey({ columns }));
}
