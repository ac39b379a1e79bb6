import type { AddedColumn } from '../../schema/hazards.js';
import type { Table, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { type JsonReader, KIND } from '../json/reader.js';
import type { Foreign, Scope } from '../scope.js';
import type { SnapshotMark, Unstated } from '../source.js';
import { type ValueType, valueType } from './value-types.js';
import type { Unit } from './values.js';

/** A column of a table, by its name in events. */
export interface EventColumn extends ValueType {
  readonly name: string;
  readonly lossy: boolean;
  /** The number of its name, below `EventLayout.columnNames`. */
  readonly field: number;
}

/** A column's name folded to lower case. */
interface FoldedName {
  readonly name: string;
  /** The numbers of this name, and of the column's own. */
  readonly field: number;
  readonly own: number;
}

/** The columns of a table. */
export interface EventTable {
  readonly table: Table;
  // Of the table, whose literals have several shapes: reading a member of one takes a lookup.
  readonly name: TableName;
  readonly keyKind: Table['keyKind'];
  /** Its name in the event, where that is folded to lower case; null: it is its own. */
  readonly renamed: string | null;
  /** The folded names of its columns; a name that is of another column is not one. */
  readonly folded: readonly FoldedName[];
  /** In the order of `RowValues`. */
  readonly columns: readonly EventColumn[];
  readonly key: readonly EventColumn[];
  /** The number of the key's only column, where the table's `keyKind` is `id`. */
  readonly id: number | null;
  /** Whether some column is lossy. */
  readonly hasLossy: boolean;
  /** The numbers of the timestamps that the server's clock sets, that of updates first. */
  readonly clock: readonly number[];
  /** Those of its other timestamps. */
  readonly written: readonly number[];
}

/** Names with a meaning of their own, which have the first numbers. A column's name may be one of them (`id`, `data`). */
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
  'schema',
] as const;

/** The number of each name of META. */
export const FIELD = Object.fromEntries(META.map((name, field) => [name, field])) as Readonly<
  Record<(typeof META)[number], number>
>;

/** Slots of an event's values. Those of rows follow, see `EventLayout`. */
export const SLOT = {
  op: 0,
  deleted: 1,
  table: 2,
  xid: 3,
  /** Debezium's id of the transaction, which begins with its xid. */
  transactionId: 4,
  lsn: 5,
  order: 6,
  sequence: 7,
  snapshot: 8,
  /** In milliseconds; microseconds and nanoseconds are the next two. */
  committedAt: 9,
  connectorAt: 12,
  /** The message's key, where it is no object. */
  key: 15,
  /** The message's key as the bytes of its object; only of an event whose value is JSON in a string. */
  keyObject: 16,
  /** JSON in a string. */
  inner: 17,
  /** Values without a use that differ from event to event. */
  ignored: 18,
  database: 19,
  schema: 20,
  /** The connector's logical name. */
  origin: 21,
  /** Beside a message: its place in Kafka, and the size that `rpk --meta-only` prints for its value. */
  recordTopic: 22,
  recordPartition: 23,
  recordOffset: 24,
  valueSize: 25,
  /** Of a message of `pg_logical_emit_message`. */
  messagePrefix: 26,
  messageContent: 27,
} as const;
const FIRST_ROW = 28;

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

/** In `message`. */
const MESSAGE: Slots = { prefix: SLOT.messagePrefix, content: SLOT.messageContent };
const MESSAGE_NAME = 'message';

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

export const NO_SLOT = -1;

/** The numbers of the names in events of a run's tables, and the slots of their values. */
export class EventLayout {
  /** Every known name, in the order of their numbers. */
  readonly names: readonly string[];
  /** The count of known names. Others have no entry in the tables below. */
  readonly fields: number;
  /** Names that a row may have have the numbers below this one. */
  readonly columnNames: number;
  /** The first slot of `after`. A column's slot is this plus the number of its name; and so below. */
  readonly row = FIRST_ROW;
  /** The first slot of `before`. */
  readonly old: number;
  /** The first slot of the message's key. */
  readonly key: number;
  /** The first slot of a flattened row. */
  readonly flat: number;
  /** The count of slots. */
  readonly slots: number;
  /** The most columns of a table. */
  readonly mostColumns: number;
  /** The slot of a value, by the number of its name. */
  readonly sourceSlots: Int16Array;
  readonly transactionSlots: Int16Array;
  readonly messageSlots: Int16Array;
  /** The number of `message`. */
  readonly message: number;
  readonly topSlots: Int16Array;
  /** The flags of a member beside the row, by the number of its name. */
  readonly topFlags: Uint8Array;
  readonly #tables: readonly EventTable[];
  /** By the folded name. */
  readonly #renamed: ReadonlyMap<string, EventTable>;

  constructor(tables: Tables) {
    const columns = new Set(
      tables.flatMap((table) => {
        const own = namesOf(table);
        return [...own, ...foldedNames(own).keys()];
      }),
    );
    const rowNames = [...new Set([...META, ...columns])];
    this.columnNames = rowNames.length;
    this.names = [
      ...new Set([
        ...rowNames,
        ...Object.keys(SOURCE),
        ...Object.keys(TRANSACTION),
        MESSAGE_NAME,
        ...Object.keys(MESSAGE),
        ...Object.keys(TOP),
        ...Object.keys(FLAGS),
      ]),
    ];
    this.fields = this.names.length;
    this.old = this.row + this.columnNames;
    this.key = this.old + this.columnNames;
    this.flat = this.key + this.columnNames;
    this.slots = this.flat + this.columnNames;
    this.sourceSlots = this.#slotsOf(SOURCE);
    this.transactionSlots = this.#slotsOf(TRANSACTION);
    this.messageSlots = this.#slotsOf(MESSAGE);
    this.message = this.names.indexOf(MESSAGE_NAME);
    const flatSlots = rowNames.flatMap((name, field) =>
      columns.has(name) ? [[name, this.flat + field]] : [],
    );
    this.topSlots = this.#slotsOf({ ...TOP, ...Object.fromEntries(flatSlots) });
    this.topFlags = Uint8Array.from(
      this.names,
      (name) => FLAGS[name] ?? (columns.has(name) ? FLAG.flattened | FLAG.more : FLAG.more),
    );
    this.#tables = tables.map((table) => this.#tableOf(table));
    this.#renamed = new Map(
      [...foldedNames(tables.map(({ relation }) => relation))].map(([renamed, relation]) => {
        const own = this.#tables.find(({ table }) => table.relation === relation)!;
        return [renamed, { ...own, renamed }];
      }),
    );
    this.mostColumns = Math.max(...this.#tables.map((table) => table.columns.length));
  }

  of(table: Table): EventTable {
    return this.#tables[table.code]!;
  }

  /** The table whose name is folded to this one; undefined: none. */
  renamed(name: string): EventTable | undefined {
    return this.#renamed.get(name);
  }

  #slotsOf(slots: Slots): Int16Array {
    return Int16Array.from(this.names, (name) => slots[name] ?? NO_SLOT);
  }

  #tableOf(table: Table): EventTable {
    const field = (name: string) => this.names.indexOf(name);
    const lossless = ({ name, type }: AddedColumn) => ({ name, type, lossy: false });
    const columns = [
      ...table.columns,
      ...table.serverColumns.map(lossless),
      ...table.addedColumns.map(lossless),
    ].map(({ name, type: declared, lossy }): EventColumn => {
      // Not spread: each would get a shape of its own, and they are read for every value.
      const { type, form, scale } = valueType(declared);
      return { type, form, scale, name, lossy, field: field(name) };
    });
    const setOf = (name: string) =>
      table.serverColumns.find((column) => column.name === name)?.set ?? 'derived';
    const times = columns.filter(({ form }) => form === 'timestamp');
    const setBy = (set: string) =>
      times.filter(({ name }) => setOf(name) === set).map((column) => column.field);
    const folded = [...foldedNames(namesOf(table))].map(([name, own]) => {
      return { name, field: field(name), own: field(own) };
    });
    return {
      table,
      name: table.name,
      keyKind: table.keyKind,
      renamed: null,
      folded,
      columns,
      key: columns.slice(0, table.key.length),
      id: table.keyKind === 'id' ? columns[0]!.field : null,
      hasLossy: columns.some(({ lossy }) => lossy),
      clock: [...setBy('update'), ...setBy('insert')],
      written: setBy('derived'),
    };
  }
}

function namesOf({ columns, serverColumns, addedColumns }: Table): string[] {
  return [...columns, ...serverColumns, ...addedColumns].map(({ name }) => name);
}

/** The names that folding to lower case changes, by the folded ones; without those that are there already. */
function foldedNames(names: readonly string[]): Map<string, string> {
  const folded = names.map((name) => [name.toLowerCase(), name] as const);
  return new Map(folded.filter(([name]) => !names.includes(name)));
}

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

/** The values of an event by slot, and what was computed from them. */
export class SlotValues {
  /** KIND.none: the event lacks it. */
  readonly kinds: Uint8Array;
  /** Places in the reader's bytes, perhaps of an earlier event that had the same bytes there. */
  readonly starts: Int32Array;
  readonly stops: Int32Array;
  /** Bits of KNOWN: what was computed from the value. */
  readonly known: Uint8Array;
  readonly numbers: Float64Array;
  readonly texts: string[];
  /** The hash of the text, and the hash that it continues. */
  readonly hashes: Int32Array;
  readonly befores: Int32Array;
  #unit: Unit | null = null;

  constructor(slots: number) {
    this.kinds = new Uint8Array(slots);
    this.starts = new Int32Array(slots);
    this.stops = new Int32Array(slots);
    this.known = new Uint8Array(slots);
    this.numbers = new Float64Array(slots);
    this.texts = Array<string>(slots).fill('');
    this.hashes = new Int32Array(slots);
    this.befores = new Int32Array(slots);
  }

  /** Begins a row whose timestamps are in this unit: texts and hashes in another one are forgotten. */
  beginRow(unit: Unit): void {
    if (unit === this.#unit) return;
    this.#unit = unit;
    this.known.fill(0);
  }
}

export const KNOWN = { number: 1, text: 2, hash: 4 } as const;

/**
 * The values of one event by slot, as places in the reader's bytes. Names come in any order, so the shape is known only
 * at the end: the values of every shape have slots. Used again for the next event.
 */
export class ParsedFields {
  values: SlotValues;
  // As of `values`.
  kinds: Uint8Array;
  starts: Int32Array;
  stops: Int32Array;
  /** Bits of FLAG. */
  flags = 0;
  // Set by `settle`.
  /** Null: the event names none. */
  table: EventTable | Foreign | null = null;
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
  readonly logged = new Uint16Array(MOST_LOGGED);
  readonly loggedKinds = new Uint8Array(MOST_LOGGED);
  readonly loggedStarts = new Int32Array(MOST_LOGGED);
  readonly loggedStops = new Int32Array(MOST_LOGGED);
  count = 0;
  /** Of events without a template. */
  readonly #own: SlotValues;
  readonly #layout: EventLayout;

  constructor(layout: EventLayout) {
    this.#layout = layout;
    this.#own = new SlotValues(layout.slots);
    this.values = this.#own;
    const { kinds, starts, stops } = this.#own;
    this.kinds = kinds;
    this.starts = starts;
    this.stops = stops;
  }

  /** Reads and puts the values of an event here. */
  use(values: SlotValues): void {
    this.values = values;
    this.kinds = values.kinds;
    this.starts = values.starts;
    this.stops = values.stops;
  }

  clear(): void {
    this.use(this.#own);
    this.kinds.fill(KIND.none);
    this.values.known.fill(0);
    this.flags = 0;
    this.table = null;
    this.origin = null;
    this.snapshot = null;
    this.unstated = 0;
    this.wrapped = false;
    this.count = 0;
  }

  /**
   * Puts the value that the reader has just read into a slot, and logs it. Of an object or an array, `rest` must have
   * read the rest, and `stop` is its end.
   */
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
    this.values.known[slot] = 0;
    this.kinds[slot] = reader.kind;
    this.starts[slot] = reader.start;
    this.stops[slot] = reader.stop;
  }

  /** Whether the value that the reader has just read has the bytes of the slot's. */
  isSame(slot: number, reader: JsonReader): boolean {
    const { kind, start, stop } = reader;
    return (
      kind === this.kinds[slot] && reader.equal(this.starts[slot]!, this.stops[slot]!, start, stop)
    );
  }

  /** Whether the slot has a value other than null. */
  has(slot: number): boolean {
    return this.kinds[slot]! > KIND.null;
  }

  /** Interprets the CONSTANT_SLOTS, once the event was read. */
  settle(reader: JsonReader, scope: Scope): void {
    const database = this.text(SLOT.database, reader);
    const schema = this.text(SLOT.schema, reader);
    const table = this.text(SLOT.table, reader);
    this.table = table === null ? null : this.#tableOf(scope, database, schema, table);
    const origin = this.text(SLOT.origin, reader);
    if (origin !== this.#lastOrigin) this.#lastOrigin = origin;
    this.origin = this.#lastOrigin;
    this.unstated = Number(database === null) | (Number(schema === null) << 1);
    this.unstated |= Number(this.origin === null) << 2;
    this.snapshot = this.#mark(reader);
  }

  #tableOf(
    scope: Scope,
    database: string | null,
    schema: string | null,
    name: string,
  ): EventTable | Foreign {
    const found = scope.tableOf(database, schema, name);
    if (typeof found !== 'string') return this.#layout.of(found);
    const renamed = found === 'other_table' ? this.#layout.renamed(name) : undefined;
    if (renamed === undefined) return found;
    const { relation } = renamed.table;
    return scope.tableOf(database, schema, relation) === renamed.table ? renamed : found;
  }

  /**
   * Gives the values under folded names to their columns, in rows and keys. Returns the first such name; null: all names
   * are the columns' own.
   */
  unfold({ folded }: EventTable): string | null {
    const { row, old, key, flat } = this.#layout;
    let first: string | null = null;
    for (const { name, field, own } of folded) {
      for (const part of [row, old, key, flat]) {
        const [from, to] = [part + field, part + own];
        if (this.kinds[from] === KIND.none || this.kinds[to] !== KIND.none) continue;
        if (first === null) this.#copy();
        this.kinds[to] = this.kinds[from]!;
        this.starts[to] = this.starts[from]!;
        this.stops[to] = this.stops[from]!;
        first ??= name;
      }
    }
    return first;
  }

  /** Goes on with a copy of the values: those of a template have the same slots in every event. */
  #copy(): void {
    const { kinds, starts, stops } = this.values;
    this.use(this.#own);
    this.kinds.set(kinds);
    this.starts.set(starts);
    this.stops.set(stops);
    this.values.known.fill(0);
  }

  /** The mark of `false` or `true`, as such or as text, or of `first`, `last`… */
  #mark(reader: JsonReader): SnapshotMark | null {
    const kind = this.kinds[SLOT.snapshot]!;
    if (kind < KIND.string) return kind === KIND.true ? 'row' : null;
    const text = this.text(SLOT.snapshot, reader);
    return text === 'false' ? null : (MARKS.find((mark) => mark === text) ?? 'row');
  }

  /** The text of a slot; null: the event lacks it. */
  text(slot: number, reader: JsonReader): string | null {
    if (!this.has(slot)) return null;
    return reader.string(this.kinds[slot]!, this.starts[slot]!, this.stops[slot]!);
  }
}
