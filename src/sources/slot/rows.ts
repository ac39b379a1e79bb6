import type { Sentence } from '../../errors.js';
import { TABLES, type TableName } from '../../legacy/tables.js';
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
interface PublishedTable {
  readonly name: TableName;
  /** The index in the server's tuples of each column of `RowColumns`; -1: not published. */
  readonly indexes: readonly number[];
}

/** The `id` comes first in every table. */
const ID = 0;

/** Turns a slot's messages of one connection into events. A slot has one partition: 0. */
export class SlotRows {
  readonly #sink: Sink;
  readonly #scope: Scope;
  /** By the relation's oid. */
  readonly #tables = new Map<number, PublishedTable | Foreign>();
  #position: number;
  // Of the current transaction.
  #xid = 0;
  #watermark = 0;
  #committedAt = 0;
  #order = 0;

  /** @param position of the last event of the connection before */
  constructor(sink: Sink, scope: Scope, position: number) {
    this.#sink = sink;
    this.#scope = scope;
    this.#position = position;
  }

  /** The ordinal of the last event, over all connections. */
  get position(): number {
    return this.#position;
  }

  /** Gives the events of a message to the sink. */
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
        this.#tables.set(message.relation, this.#tableOf(message));
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
          const table = this.#table(relation);
          if (typeof table === 'string') this.#sink.ignored(table, null);
          else this.#sink.truncate(table.name, 0, ++this.#position);
        }
        return;
      case 'message':
        this.#sink.ignored('message', null);
    }
  }

  /** Gives an update of the id as Debezium does: a delete of the old row and an insert of the new one. */
  #update(received: ReceivedChange, { relation, old, row }: UpdateMessage): void {
    const table = this.#table(relation);
    const at = typeof table === 'string' ? -1 : (table.indexes[ID] as number);
    const before = old?.tuple[at] ?? null;
    if (old === null || before === null || before === row[at]) {
      this.#row(received, 'update', relation, row, row);
    } else {
      this.#row(received, 'delete', relation, old.tuple, null);
      this.#row(received, 'insert', relation, row, row);
    }
  }

  /** @param identity the tuple that has the id */
  #row(
    { lsn, sentAt, receivedAt }: ReceivedChange,
    operation: EventOperation,
    relation: number,
    identity: Tuple,
    row: Tuple | null,
  ): void {
    // Counts every published table, as Debezium's `total_order` does.
    const order = ++this.#order;
    const table = this.#table(relation);
    if (typeof table === 'string') {
      this.#sink.ignored(table, null);
      return;
    }
    const { name, indexes } = table;
    const position = ++this.#position;
    const id = identity[indexes[ID] as number];
    // The publication's column list lacks it.
    if (typeof id !== 'string' && operation !== 'delete') {
      const reason = withoutId(operation === 'insert' ? operation : 'update', name);
      this.#sink.malformed({ partition: 0, position, reason });
      return;
    }
    const event = {
      operation,
      table: name,
      key: typeof id === 'string' ? keyOf(id) : 0,
      snapshot: null,
      xid: this.#xid,
      lsn: Number(lsn),
      order,
      watermark: this.#watermark,
      committedAt: this.#committedAt,
      // The server process that decodes is the connector.
      connectorAt: Number(sentAt),
      receivedAt,
      partition: 0,
      position,
      origin: null,
    };
    if (typeof id !== 'string') this.#sink.deleteWithoutKey(withoutKey(event));
    else this.#sink.row(event, row === null ? null : columnsOf(row, indexes));
  }

  #table(relation: number): PublishedTable | Foreign {
    return this.#tables.get(relation) ?? 'other_table';
  }

  /** Passes no database: it is the connection's, which the slot's opener has checked. */
  #tableOf({ schema, name, columns }: RelationMessage): PublishedTable | Foreign {
    const table = this.#scope.tableOf(null, schema, name);
    if (isForeign(table)) return table;
    const names = [...TABLES[table].columns.map((column) => column.name), ...SERVER_COLUMNS];
    const indexes = names.map((each) => columns.findIndex((column) => column.name === each));
    return { name: table, indexes };
  }
}

function columnsOf(row: Tuple, indexes: readonly number[]): TextColumns {
  const values: (string | null | undefined)[] = [];
  for (const index of indexes) {
    const value = row[index];
    values.push(value === UNCHANGED ? undefined : value);
  }
  return new TextColumns(values);
}

function keyOf(id: string): Key {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : id;
}

/** Outside of `#row`, which runs for every change: a closure there costs each call a context. */
function withoutId(operation: 'insert' | 'update', table: TableName): Sentence {
  return (m) => m.malformed.event.rowWithoutId({ operation, table });
}
