import { type ColumnType, TABLE_NAMES, TABLES, type TableName } from '../../legacy/tables.js';
import { type JsonReader, KIND } from '../json/reader.js';
import type { Foreign, Scope } from '../scope.js';
import { SERVER_COLUMNS, type SnapshotMark, type Unstated } from '../source.js';

/** A column of a table, by its name in events. */
export interface EventColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The number of its name, below COLUMN_NAMES. */
  readonly field: number;
}

/** Names of columns of all tables, each once. */
const columnNames = [
  ...new Set([
    ...TABLE_NAMES.flatMap((table) => TABLES[table].columns.map((column) => column.name)),
    ...SERVER_COLUMNS,
  ]),
];

/** The names of columns have the numbers from 0 up to this one. */
export const COLUMN_NAMES = columnNames.length;

/** Names with a meaning of their own. One that is a column's too (`id`, `data`) has one number. */
const META = [
  'before',
  'after',
  'source',
  'transaction',
  'total_order',
  'payload',
  'key',
  'value',
  'data',
  'id',
  'schema',
] as const;

/** Slots of an event's values: `row` + a column's number, `flat` + a column's number, or one of the others. */
const first = 2 * COLUMN_NAMES;
export const SLOT = {
  row: 0,
  flat: COLUMN_NAMES,
  op: first,
  deleted: first + 1,
  table: first + 2,
  xid: first + 3,
  /** Debezium's id of the transaction, which begins with its xid. */
  transactionId: first + 4,
  lsn: first + 5,
  order: first + 6,
  sequence: first + 7,
  snapshot: first + 8,
  /** In milliseconds; microseconds and nanoseconds are the next two. */
  committedAt: first + 9,
  connectorAt: first + 12,
  /** The id in `before`. */
  oldId: first + 15,
  /** The id in the message's key. */
  keyId: first + 16,
  /** JSON in a string. */
  inner: first + 17,
  /** Values without a use that differ from event to event. */
  ignored: first + 18,
  database: first + 19,
  schema: first + 20,
  /** The connector's logical name. */
  origin: first + 21,
  /** Beside a message: its place in Kafka, and the size that `rpk --meta-only` prints for its value. */
  recordTopic: first + 22,
  recordPartition: first + 23,
  recordOffset: first + 24,
  valueSize: first + 25,
} as const;
const SLOTS = first + 26;

/** Slots whose values are the same in every event of a kind. */
export const CONSTANT_SLOTS: ReadonlySet<number> = new Set([
  SLOT.table,
  SLOT.database,
  SLOT.schema,
  SLOT.origin,
  SLOT.snapshot,
]);

/** Members that an event has, by which its shape is found. */
export const FLAG = {
  /** An `after` that is an object. */
  after: 1,
  /** A `before`, an `after` or a `source`. */
  enveloped: 2,
  /** Values under names of columns that stand beside the metadata. */
  flattened: 4,
  /** A payload or value that is null. */
  nothing: 8,
  transaction: 16,
  schemaChange: 32,
  /** Any member but a time. */
  more: 64,
} as const;

type Slots = Readonly<Record<string, number>>;

/** In `source`. */
const SOURCE: Slots = {
  ts_ms: SLOT.committedAt,
  ts_us: SLOT.committedAt + 1,
  ts_ns: SLOT.committedAt + 2,
  snapshot: SLOT.snapshot,
  sequence: SLOT.sequence,
  name: SLOT.origin,
  db: SLOT.database,
  schema: SLOT.schema,
  table: SLOT.table,
  txId: SLOT.xid,
  lsn: SLOT.lsn,
};

/** In `transaction`. */
const TRANSACTION: Slots = { id: SLOT.transactionId, total_order: SLOT.order };

/**
 * Beside the row: of the envelope; of CloudEvents, where `txid` is Debezium's id of a transaction and `txId` the xid;
 * and of `add.fields` in a flattened row, where a prefix, which may be empty, precedes the name of a field, or the
 * names of its part and itself.
 */
const TOP: Slots = {
  op: SLOT.op,
  ts_ms: SLOT.connectorAt,
  ts_us: SLOT.connectorAt + 1,
  ts_ns: SLOT.connectorAt + 2,
  iodebeziumop: SLOT.op,
  iodebeziumname: SLOT.origin,
  iodebeziumdb: SLOT.database,
  iodebeziumschema: SLOT.schema,
  iodebeziumtable: SLOT.table,
  iodebeziumtxId: SLOT.xid,
  iodebeziumtxid: SLOT.transactionId,
  iodebeziumlsn: SLOT.lsn,
  iodebeziumsequence: SLOT.sequence,
  iodebeziumsnapshot: SLOT.snapshot,
  iodebeziumtsms: SLOT.committedAt,
  iodebeziumtsus: SLOT.committedAt + 1,
  iodebeziumtsns: SLOT.committedAt + 2,
  iodebeziumtxtotalorder: SLOT.order,
  topic: SLOT.recordTopic,
  partition: SLOT.recordPartition,
  offset: SLOT.recordOffset,
  value_size: SLOT.valueSize,
  __op: SLOT.op,
  __deleted: SLOT.deleted,
  __ts_ms: SLOT.connectorAt,
  __ts_us: SLOT.connectorAt + 1,
  __ts_ns: SLOT.connectorAt + 2,
};
for (const prefix of ['__', '']) {
  const added: Record<string, number> = TOP as Record<string, number>;
  for (const [name, slot] of Object.entries(SOURCE)) {
    if (!name.startsWith('ts_')) added[prefix + name] = slot;
    added[`${prefix}source_${name}`] = slot;
  }
  added[`${prefix}transaction_id`] = SLOT.transactionId;
  added[`${prefix}total_order`] = SLOT.order;
  added[`${prefix}transaction_total_order`] = SLOT.order;
}

/** Flags of members. Columns are FLAG.flattened, others FLAG.more. */
const FLAGS: Readonly<Record<string, number>> = {
  before: FLAG.enveloped | FLAG.more,
  after: FLAG.enveloped | FLAG.more,
  source: FLAG.more,
  event_count: FLAG.transaction,
  data_collections: FLAG.transaction,
  ddl: FLAG.schemaChange,
  tableChanges: FLAG.schemaChange,
  databaseName: FLAG.schemaChange,
  ts_ms: 0,
  ts_us: 0,
  ts_ns: 0,
  // Of a wrapper, beside the event.
  payload: 0,
  value: 0,
  key: 0,
  schema: 0,
  headers: 0,
};

/** Every known name, in the order of their numbers. */
export const KNOWN_NAMES: readonly string[] = [
  ...new Set([
    ...columnNames,
    ...META,
    ...Object.keys(SOURCE),
    ...Object.keys(TRANSACTION),
    ...Object.keys(TOP),
    ...Object.keys(FLAGS),
  ]),
];

/** The number of each name of META. */
export const FIELD = Object.fromEntries(
  META.map((name) => [name, KNOWN_NAMES.indexOf(name)]),
) as Readonly<Record<(typeof META)[number], number>>;

/** The count of known names. Others have no entry in the tables below. */
export const FIELDS = KNOWN_NAMES.length;
export const NO_SLOT = -1;

const table = (slots: Slots): Int16Array =>
  Int16Array.from(KNOWN_NAMES, (name) => slots[name] ?? NO_SLOT);

/** The slot of a value, by the number of its name. */
export const SOURCE_SLOTS = table(SOURCE);
export const TRANSACTION_SLOTS = table(TRANSACTION);
export const TOP_SLOTS = table({
  ...TOP,
  ...Object.fromEntries(columnNames.map((name, field) => [name, SLOT.flat + field])),
});

/** The flags of a member beside the row, by the number of its name. */
export const TOP_FLAGS = Uint8Array.from(
  KNOWN_NAMES,
  (name, field) => FLAGS[name] ?? (field < COLUMN_NAMES ? FLAG.flattened | FLAG.more : FLAG.more),
);

/** The columns of each table, in the order of `RowValues`. */
export const EVENT_COLUMNS = Object.fromEntries(
  TABLE_NAMES.map((name) => [
    name,
    [
      ...TABLES[name].columns,
      ...SERVER_COLUMNS.map((column) => ({ name: column, type: 'timestamp' as const })),
    ].map((column) => ({ ...column, field: KNOWN_NAMES.indexOf(column.name) })),
  ]),
) as unknown as Readonly<Record<TableName, readonly EventColumn[]>>;

/** The numbers of each table's timestamps that the server's clock does not set. */
export const WRITTEN_TIMESTAMPS = Object.fromEntries(
  TABLE_NAMES.map((name) => [
    name,
    EVENT_COLUMNS[name]
      .slice(0, -SERVER_COLUMNS.length)
      .filter(({ type }) => type === 'timestamp')
      .map(({ field }) => field),
  ]),
) as unknown as Readonly<Record<TableName, readonly number[]>>;

/** Values of one event that are logged in their order; an event with more is not worth caching as a template. */
export const MOST_LOGGED = 256;

/** Values of `source.snapshot` that mark a place in it. */
const MARKS: readonly SnapshotMark[] = [
  'first',
  'first_in_data_collection',
  'last_in_data_collection',
  'last',
  'incremental',
];

/** The part of each bit of `ParsedFields.unstated`. */
export const UNSTATED: readonly Unstated[] = ['database', 'schema', 'origin'];

/**
 * The values of one event by slot, as places in the reader's bytes. Names come in any order, so the shape is known only
 * at the end: the values of every shape have slots. Used again for the next event.
 */
export class ParsedFields {
  /** KIND.none: the event lacks it. */
  readonly kinds = new Uint8Array(SLOTS);
  readonly starts = new Int32Array(SLOTS);
  readonly stops = new Int32Array(SLOTS);
  /** Bits of FLAG. */
  flags = 0;
  // Set by `settle`.
  /** Null: the event names none. */
  table: TableName | Foreign | null = null;
  /** As of `RowEvent`. */
  origin: string | null = null;
  /** The last connector's name: events share one text, which is compared fast. */
  #lastOrigin: string | null = null;
  /** As of `RowEvent`. */
  snapshot: SnapshotMark | null = null;
  /** Bits of UNSTATED. */
  unstated = 0;
  /** Whether an event in a wrapper has been read. */
  wrapped = false;

  /** The values in their order in the bytes, and their count. */
  readonly logged = new Uint8Array(MOST_LOGGED);
  readonly loggedKinds = new Uint8Array(MOST_LOGGED);
  readonly loggedStarts = new Int32Array(MOST_LOGGED);
  readonly loggedStops = new Int32Array(MOST_LOGGED);
  count = 0;

  clear(): void {
    this.kinds.fill(KIND.none);
    this.flags = 0;
    this.table = null;
    this.origin = null;
    this.snapshot = null;
    this.unstated = 0;
    this.wrapped = false;
    this.count = 0;
  }

  /** Puts the value that the reader has just read into a slot, and logs it. */
  take(slot: number, reader: JsonReader): void {
    this.put(slot, reader);
    const at = this.count++;
    if (at >= MOST_LOGGED) return;
    this.logged[at] = slot;
    this.loggedKinds[at] = reader.kind;
    this.loggedStarts[at] = reader.start;
    this.loggedStops[at] = reader.stop;
  }

  /** Puts the value that the reader has just read into a slot. */
  put(slot: number, reader: JsonReader): void {
    this.kinds[slot] = reader.kind;
    this.starts[slot] = reader.start;
    this.stops[slot] = reader.stop;
  }

  /** Whether the slot has a value other than null. */
  has(slot: number): boolean {
    return this.kinds[slot]! > KIND.null;
  }

  /** Interprets the CONSTANT_SLOTS, once the event was read. */
  settle(reader: JsonReader, scope: Scope): void {
    const database = this.#text(SLOT.database, reader);
    const schema = this.#text(SLOT.schema, reader);
    const table = this.#text(SLOT.table, reader);
    this.table = table === null ? null : scope.tableOf(database, schema, table);
    const origin = this.#text(SLOT.origin, reader);
    if (origin !== this.#lastOrigin) this.#lastOrigin = origin;
    this.origin = this.#lastOrigin;
    this.unstated = Number(database === null) | (Number(schema === null) << 1);
    this.unstated |= Number(this.origin === null) << 2;
    this.snapshot = this.#mark(reader);
  }

  /** The mark of `false` or `true`, as such or as text, or of `first`, `last`… */
  #mark(reader: JsonReader): SnapshotMark | null {
    const kind = this.kinds[SLOT.snapshot]!;
    if (kind < KIND.string) return kind === KIND.true ? 'row' : null;
    const text = this.#text(SLOT.snapshot, reader);
    return text === 'false' ? null : (MARKS.find((mark) => mark === text) ?? 'row');
  }

  /** Null: the event lacks it. */
  #text(slot: number, reader: JsonReader): string | null {
    if (!this.has(slot)) return null;
    return reader.string(this.kinds[slot]!, this.starts[slot]!, this.stops[slot]!);
  }
}
