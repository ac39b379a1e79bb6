import { TABLES, type TableName } from '../../schemas/hospital/tables.js';
import { type Foreign, isForeign, type Scope } from '../scope.js';
import {
  type EventOperation,
  type Key,
  SERVER_COLUMNS,
  type Sink,
  TextColumns,
  withoutKey,
} from '../source.js';
import { type RelationMessage, type Tuple, UNCHANGED, type UpdateMessage } from './pgoutput.js';
import type { Received } from './wal-receiver.js';

type ReceivedChange = Extract<Received, { tag: 'change' }>;

/** A table of the run, as the server described it on this connection. */
interface Shape {
  readonly table: TableName;
  /** Where the server has each column of `RowColumns`; -1: nowhere. */
  readonly places: readonly number[];
}

/** The `id` comes first in every table. */
const ID = 0;

/** Turns what a slot says, of one connection, into events. A slot is one stream: 0. */
export class SlotRows {
  readonly #sink: Sink;
  readonly #scope: Scope;
  /** By the server's oid. */
  readonly #shapes = new Map<number, Shape | Foreign>();
  #position: number;
  // Of the transaction that is being read.
  #xid = 0;
  #watermark = 0;
  #committedAt = 0;
  #order = 0;

  /** @param position of the event that was given out last, by any connection */
  constructor(sink: Sink, scope: Scope, position: number) {
    this.#sink = sink;
    this.#scope = scope;
    this.#position = position;
  }

  /** How many events were given out, on the connections before, too. */
  get position(): number {
    return this.#position;
  }

  /** Gives out what the message says, if it says something of rows. */
  take(received: ReceivedChange): void {
    const { message } = received;
    switch (message.tag) {
      case 'begin':
        this.#xid = message.xid;
        this.#watermark = Number(message.commitLsn);
        this.#committedAt = Number(message.commitTime);
        this.#order = 0;
        return;
      case 'relation':
        this.#shapes.set(message.relation, this.#shapeOf(message));
        return;
      case 'insert':
        this.#row(received, 'insert', message.relation, message.row, message.row);
        return;
      case 'update':
        this.#update(received, message);
        return;
      case 'delete':
        this.#row(received, 'delete', message.relation, message.old.tuple, null);
        return;
      case 'truncate':
        for (const relation of message.relations) {
          const shape = this.#shape(relation);
          if (typeof shape === 'string') this.#sink.ignored(shape, null);
          else this.#sink.truncate(shape.table, 0, ++this.#position);
        }
        return;
      case 'message':
        this.#sink.ignored('message', null);
    }
  }

  /** One that changes the key is told as Debezium tells it: the old row is gone, a new one is there. */
  #update(received: ReceivedChange, { relation, old, row }: UpdateMessage): void {
    const shape = this.#shape(relation);
    const at = typeof shape === 'string' ? -1 : (shape.places[ID] as number);
    const before = old?.tuple[at] ?? null;
    if (old === null || before === null || before === row[at]) {
      this.#row(received, 'update', relation, row, row);
    } else {
      this.#row(received, 'delete', relation, old.tuple, null);
      this.#row(received, 'insert', relation, row, row);
    }
  }

  /** `identity`: the tuple that has the id. */
  #row(
    { lsn, sentAt, receivedAt }: ReceivedChange,
    operation: EventOperation,
    relation: number,
    identity: Tuple,
    row: Tuple | null,
  ): void {
    // Every table that the publication has counts, as in Debezium's `total_order`.
    const order = ++this.#order;
    const shape = this.#shape(relation);
    if (typeof shape === 'string') {
      this.#sink.ignored(shape, null);
      return;
    }
    const { table, places } = shape;
    const position = ++this.#position;
    const id = identity[places[ID] as number];
    // The publication has a list of columns without it.
    if (typeof id !== 'string' && operation !== 'delete') {
      const reason = `${operation} of ${table} without the id`;
      this.#sink.malformed({ partition: 0, position, reason });
      return;
    }
    const event = {
      operation,
      table,
      key: typeof id === 'string' ? keyOf(id) : 0,
      snapshot: null,
      xid: this.#xid,
      lsn: Number(lsn),
      order,
      watermark: this.#watermark,
      committedAt: this.#committedAt,
      // What stands for a connector is the server process that decodes.
      connectorAt: Number(sentAt),
      receivedAt,
      partition: 0,
      position,
      origin: null,
    };
    if (typeof id !== 'string') this.#sink.deleteWithoutKey(withoutKey(event));
    else this.#sink.row(event, row === null ? null : columnsOf(row, places));
  }

  #shape(relation: number): Shape | Foreign {
    return this.#shapes.get(relation) ?? 'other_table';
  }

  /** Asks for no database: it is the connection's, which whoever opens the slot has checked. */
  #shapeOf({ schema, name, columns }: RelationMessage): Shape | Foreign {
    const table = this.#scope.tableOf(null, schema, name);
    if (isForeign(table)) return table;
    const names = [...TABLES[table].columns.map((column) => column.name), ...SERVER_COLUMNS];
    return { table, places: names.map((each) => columns.findIndex((c) => c.name === each)) };
  }
}

function columnsOf(row: Tuple, places: readonly number[]): TextColumns {
  const values: (string | null | undefined)[] = [];
  for (const position of places) {
    const value = row[position];
    values.push(value === UNCHANGED ? undefined : value);
  }
  return new TextColumns(values);
}

function keyOf(id: string): Key {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : id;
}
