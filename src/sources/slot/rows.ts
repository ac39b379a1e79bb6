import type { Sentence } from '../../errors.js';
import { MESSAGE_PREFIX } from '../../ledger/format.js';
import { idOfText } from '../../ledger/keys.js';
import { keyOfTexts } from '../../schema/key.js';
import type { Key, Table } from '../../schema/table.js';
import { contentKeyOf, mayLackKey } from '../row-key.js';
import type { Foreign, Scope } from '../scope.js';
import { type EventOperation, type Sink, TextColumns, withoutKey } from '../source.js';
import {
  type LogicalMessage,
  type RelationMessage,
  type TruncateMessage,
  type Tuple,
  UNCHANGED,
  type UpdateMessage,
} from './pgoutput.js';
import type { ReceivedChange } from './wal-receiver.js';

/** A table of the run, as the server described it on this connection. */
interface PublishedTable {
  readonly table: Table;
  /** The index in the server's tuples of each column of `RowColumns`; -1: not published. */
  readonly indexes: readonly number[];
  /** Those of the key's columns. */
  readonly keyIndexes: readonly number[];
}

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
        this.#truncate(received, message);
        return;
      case 'message':
        this.#message(received, message);
    }
  }

  /** Gives one event for each table, of which the statement may have emptied several partitions. */
  #truncate({ lsn, sentAt, receivedAt }: ReceivedChange, { relations }: TruncateMessage): void {
    const emptied = new Set<Table>();
    for (const relation of relations) {
      const order = ++this.#order;
      const published = this.#table(relation);
      if (typeof published === 'string') this.#sink.ignored(published, null);
      else if (!emptied.has(published.table)) {
        emptied.add(published.table);
        this.#sink.truncate({
          table: published.table.name,
          xid: this.#xid,
          lsn,
          order,
          watermark: this.#watermark,
          committedAt: this.#committedAt,
          connectorAt: sentAt,
          receivedAt,
          partition: 0,
          position: ++this.#position,
          origin: null,
        });
      }
    }
  }

  #message({ sentAt, receivedAt }: ReceivedChange, message: LogicalMessage): void {
    const { transactional, prefix, content } = message;
    // Counts every message, as Debezium's `total_order` does.
    if (transactional) this.#order++;
    if (prefix !== MESSAGE_PREFIX) {
      this.#sink.ignored('message', null);
      return;
    }
    const lsn = Number(message.lsn);
    this.#sink.message({
      content: content.toString(),
      transactional,
      xid: transactional ? this.#xid : null,
      lsn,
      // Outside of transactions it comes between those that are committed before it and after it.
      watermark: transactional ? this.#watermark : lsn,
      committedAt: transactional ? this.#committedAt : null,
      connectorAt: sentAt,
      receivedAt,
      partition: 0,
      position: ++this.#position,
      origin: null,
    });
  }

  /** Gives an update of the key as Debezium does: a delete of the old row and an insert of the new one. */
  #update(received: ReceivedChange, { relation, old, row: sent }: UpdateMessage): void {
    const published = this.#table(relation);
    const row = old?.kind === 'full' ? carried(sent, old.tuple) : sent;
    if (typeof published !== 'string' && old !== null && hasNewKey(published, old.tuple, row)) {
      this.#row(received, 'delete', relation, old.tuple, null);
      this.#row(received, 'insert', relation, row, row);
      return;
    }
    const isIdentified = typeof published === 'string' || published.table.keyKind !== 'none';
    this.#row(received, 'update', relation, isIdentified ? row : (old?.tuple ?? null), row);
  }

  /** @param identity the tuple that has the key; null: none has */
  #row(
    { lsn, sentAt, receivedAt }: ReceivedChange,
    operation: EventOperation,
    relation: number,
    identity: Tuple | null,
    row: Tuple | null,
  ): void {
    // Counts every published table, as Debezium's `total_order` does.
    const order = ++this.#order;
    const published = this.#table(relation);
    if (typeof published === 'string') {
      this.#sink.ignored(published, null);
      return;
    }
    const { table, indexes } = published;
    const position = ++this.#position;
    const key = identity === null ? null : keyOf(published, identity);
    // The publication's column list lacks a column of the key.
    if (key === null && !mayLackKey(operation, table)) {
      const reason = withoutKeyOf(published, operation === 'insert' ? operation : 'update');
      this.#sink.malformed({ partition: 0, position, reason });
      return;
    }
    const event = {
      operation,
      table: table.name,
      key: key ?? 0,
      snapshot: null,
      xid: this.#xid,
      lsn,
      order,
      watermark: this.#watermark,
      committedAt: this.#committedAt,
      // The server process that decodes is the connector.
      connectorAt: sentAt,
      receivedAt,
      partition: 0,
      position,
      origin: null,
    };
    if (key === null) this.#sink.changeWithoutKey(withoutKey(event));
    else this.#sink.row(event, row === null ? null : columnsOf(row, indexes));
  }

  #table(relation: number): PublishedTable | Foreign {
    return this.#tables.get(relation) ?? 'other_table';
  }

  /** Passes no database: it is the connection's, which the slot's opener has checked. */
  #tableOf({ schema, name, columns }: RelationMessage): PublishedTable | Foreign {
    const table = this.#scope.tableOf(null, schema, name);
    if (typeof table === 'string') return table;
    const indexOf = (column: string) => columns.findIndex((sent) => sent.name === column);
    const { columns: written, serverColumns, addedColumns } = table;
    const indexes = [...written, ...serverColumns, ...addedColumns].map(({ name: column }) =>
      indexOf(column),
    );
    return { table, indexes, keyIndexes: table.key.map(indexOf) };
  }
}

function columnsOf(row: Tuple, indexes: readonly number[]): TextColumns {
  const values: (string | null | undefined)[] = [];
  let unchanged: number[] | undefined;
  for (const index of indexes) {
    const value = row[index];
    if (value === UNCHANGED) {
      unchanged ??= [];
      unchanged.push(values.length);
    }
    values.push(value === UNCHANGED ? undefined : value);
  }
  return new TextColumns(values, unchanged);
}

/** The new row with the values of the old one that the update left unchanged, and that the WAL lacks. */
function carried(row: Tuple, old: Tuple): Tuple {
  return row.includes(UNCHANGED)
    ? row.map((value, i) => (value === UNCHANGED ? (old[i] ?? value) : value))
    : row;
}

/** The row's key. Null: the tuple lacks a column of it. */
function keyOf({ table, indexes, keyIndexes }: PublishedTable, tuple: Tuple): Key | null {
  switch (table.keyKind) {
    case 'id': {
      const id = tuple[keyIndexes[0]!];
      return typeof id === 'string' ? idOfText(id) : null;
    }
    case 'columns':
      return textKey(tuple, keyIndexes);
    case 'none':
      return contentKeyOf(table, columnsOf(tuple, indexes));
  }
}

function textKey(tuple: Tuple, indexes: readonly number[]): string | null {
  const texts: string[] = [];
  for (const index of indexes) {
    const text = tuple[index];
    if (typeof text !== 'string') return null;
    texts.push(text);
  }
  return keyOfTexts(texts);
}

/** Tells whether an update sets another key. False if the old row lacks a column of it: its identity is another one. */
function hasNewKey({ keyIndexes }: PublishedTable, old: Tuple, row: Tuple): boolean {
  return (
    keyIndexes.some((index) => old[index] !== row[index] && row[index] !== UNCHANGED) &&
    keyIndexes.every((index) => typeof old[index] === 'string')
  );
}

/** Outside of `#row`, which runs for every change: a closure there costs each call a context. */
function withoutKeyOf(
  { table: { name: table, key }, keyIndexes }: PublishedTable,
  operation: 'insert' | 'update',
): Sentence {
  if (key.length === 0) return (m) => m.malformed.event.partOfKeylessRow({ operation, table });
  const absent = key.filter((_, i) => keyIndexes[i]! < 0);
  const columns = absent.length > 0 ? absent : key;
  return (m) => m.malformed.event.rowWithoutKey({ operation, table, columns });
}
