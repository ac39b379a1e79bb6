import {
  type ColumnType,
  TABLE_NAMES,
  TABLES,
  type TableName,
} from '../../schemas/hospital/tables.js';
import { type JsonReader, KIND } from '../json/reader.js';
import type { Foreign, Scope } from '../scope.js';
import { SERVER_COLUMNS, type SnapshotMark, type Unstated } from '../source.js';

/** A column of a table, as an event names it. */
export interface EventColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Number of its name, below COLUMN_NAMES. */
  readonly field: number;
}

/** Columns of all tables; the same name is one. */
const columnNames = [
  ...new Set([
    ...TABLE_NAMES.flatMap((table) => TABLES[table].columns.map((column) => column.name)),
    ...SERVER_COLUMNS,
  ]),
];

/** So many numbers, from 0 on, are names of columns. */
export const COLUMN_NAMES = columnNames.length;

/** What has a meaning besides columns. A name that is a column's too (`id`, `status`, `data`) is one number. */
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

/** Slots of an event's tokens: `row` + a column's number, `flat` + a column's number, or one of these. */
const first = 2 * COLUMN_NAMES;
export const SLOT = {
  row: 0,
  flat: COLUMN_NAMES,
  op: first,
  deleted: first + 1,
  table: first + 2,
  xid: first + 3,
  /** Debezium's id of the transaction, which begins with PostgreSQL's. */
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
  /** Differs from event to event, and is of no use. */
  ignored: first + 18,
  database: first + 19,
  schema: first + 20,
  /** The connector's logical name. */
  origin: first + 21,
  /** Beside a message: where it is in Kafka, and what `rpk --meta-only` has of its value. */
  recordTopic: first + 22,
  recordPartition: first + 23,
  recordOffset: first + 24,
  valueSize: first + 25,
} as const;
export const SLOTS = first + 26;

/** Slots whose values are the same in every event of a kind. */
export const CONSTANT_SLOTS: ReadonlySet<number> = new Set([
  SLOT.table,
  SLOT.database,
  SLOT.schema,
  SLOT.origin,
  SLOT.snapshot,
]);

/** What an event has, for what shape it is of. */
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
  /** Any member that is no time. */
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
 * Beside the row: of the envelope; of CloudEvents, where `txid` is Debezium's id of a transaction and `txId`
 * that of PostgreSQL; and what `add.fields` adds to a flattened row, behind its prefix: the name of a field, or
 * the name of the part that it is in and its own. The prefix may be set to nothing.
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

/** Members that tell of a shape. Those of columns are FLAG.flattened, others FLAG.more. */
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
  // What a wrapper has besides the event.
  payload: 0,
  value: 0,
  key: 0,
  schema: 0,
  headers: 0,
};

/** Every name that is looked for, in the order of its number. */
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

/** The number of a name that is not a column's, or not of a column only. */
export const FIELD = Object.fromEntries(
  META.map((name) => [name, KNOWN_NAMES.indexOf(name)]),
) as Readonly<Record<(typeof META)[number], number>>;

/** Names beyond the known ones, and those that are not remembered, have no entry in the tables below. */
export const FIELDS = KNOWN_NAMES.length;
export const NO_SLOT = -1;

const table = (slots: Slots): Int16Array =>
  Int16Array.from(KNOWN_NAMES, (name) => slots[name] ?? NO_SLOT);

/** By the number of a name: the slot of its value. */
export const SOURCE_SLOTS = table(SOURCE);
export const TRANSACTION_SLOTS = table(TRANSACTION);
export const TOP_SLOTS = table({
  ...TOP,
  ...Object.fromEntries(columnNames.map((name, field) => [name, SLOT.flat + field])),
});

/** By the number of a name: what its presence beside the row tells. */
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

/** Of each table, the numbers of the timestamps that the server's clock does not set. */
export const WRITTEN_TIMESTAMPS = Object.fromEntries(
  TABLE_NAMES.map((name) => [
    name,
    EVENT_COLUMNS[name]
      .slice(0, -SERVER_COLUMNS.length)
      .filter(({ type }) => type === 'timestamp')
      .map(({ field }) => field),
  ]),
) as unknown as Readonly<Record<TableName, readonly number[]>>;

/** Tokens of one event that are remembered in their order; more make it an event that is none of many. */
export const MOST_LOGGED = 256;

/** Values of `source.snapshot` that say more than that the row is of a snapshot. */
const MARKS: readonly SnapshotMark[] = [
  'first',
  'first_in_data_collection',
  'last_in_data_collection',
  'last',
  'incremental',
];

/** By bit of `ParsedFields.untold`. */
export const UNTOLD: readonly Unstated[] = ['database', 'schema', 'origin'];

/**
 * What was read of an event so far: where its values are, by slot, and what it has. Which shape it is of shows
 * only when all of it was read, for the order of names is free; so there is a slot for what any shape may
 * tell. Used again for the next event.
 */
export class ParsedFields {
  /** KIND.none: the event does not tell. */
  readonly kinds = new Uint8Array(SLOTS);
  readonly starts = new Int32Array(SLOTS);
  readonly stops = new Int32Array(SLOTS);
  /** Of FLAG. */
  flags = 0;
  // After `settle`.
  /** Null: the event does not tell. */
  table: TableName | Foreign | null = null;
  /** As of `RowEvent`. */
  origin: string | null = null;
  /** The last name of a connector: told once more, it is the same text in memory, and quickly compared. */
  #lastOrigin: string | null = null;
  /** As of `RowEvent`; null where it is not of a snapshot. */
  snapshot: SnapshotMark | null = null;
  /** Bits of UNTOLD. */
  untold = 0;
  /** Whether the event was in a wrapper, and is over. */
  wrapped = false;

  /** The slots in the order of their values in the bytes, and how many there were. */
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
    this.untold = 0;
    this.wrapped = false;
    this.count = 0;
  }

  /** Takes note of the value that the reader is at the end of, and of its place among the others. */
  take(slot: number, reader: JsonReader): void {
    this.put(slot, reader);
    const at = this.count++;
    if (at >= MOST_LOGGED) return;
    this.logged[at] = slot;
    this.loggedKinds[at] = reader.kind;
    this.loggedStarts[at] = reader.start;
    this.loggedStops[at] = reader.stop;
  }

  /** Takes note of the value only. */
  put(slot: number, reader: JsonReader): void {
    this.kinds[slot] = reader.kind;
    this.starts[slot] = reader.start;
    this.stops[slot] = reader.stop;
  }

  /** Whether there is a value, and it is not null. */
  has(slot: number): boolean {
    return this.kinds[slot]! > KIND.null;
  }

  /** Makes of the CONSTANT_SLOTS what they mean, once all was read. */
  settle(reader: JsonReader, scope: Scope): void {
    const database = this.#text(SLOT.database, reader);
    const schema = this.#text(SLOT.schema, reader);
    const table = this.#text(SLOT.table, reader);
    this.table = table === null ? null : scope.tableOf(database, schema, table);
    const origin = this.#text(SLOT.origin, reader);
    if (origin !== this.#lastOrigin) this.#lastOrigin = origin;
    this.origin = this.#lastOrigin;
    this.untold = Number(database === null) | (Number(schema === null) << 1);
    this.untold |= Number(this.origin === null) << 2;
    this.snapshot = this.#mark(reader);
  }

  /** From `false` or `true`, as such or as text, or which row of a snapshot it is: `first`, `last`… */
  #mark(reader: JsonReader): SnapshotMark | null {
    const kind = this.kinds[SLOT.snapshot]!;
    if (kind < KIND.string) return kind === KIND.true ? 'row' : null;
    const text = this.#text(SLOT.snapshot, reader);
    return text === 'false' ? null : (MARKS.find((mark) => mark === text) ?? 'row');
  }

  /** Null: the event does not tell. */
  #text(slot: number, reader: JsonReader): string | null {
    if (!this.has(slot)) return null;
    return reader.string(this.kinds[slot]!, this.starts[slot]!, this.stops[slot]!);
  }
}
