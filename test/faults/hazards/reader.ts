import type { Change, Column } from '../hard-rows/consumer.js';
import {
  type Message,
  messageOf,
  type Relation,
  type RelationColumn,
} from '../hard-rows/pgoutput.js';

/** A message of pgoutput as a slot delivered it. */
export interface RawMessage {
  readonly lsn: bigint;
  readonly data: Buffer;
}

/** A transaction that a slot delivered. */
export interface Transaction {
  /** Null: of a message outside of transactions. */
  readonly xid: number | null;
  /** Null: it was rolled back, after it was prepared or while it was streamed. */
  readonly committedAt: bigint | null;
  /** LSN of the last COMMIT before; null: none. */
  readonly lastCommit: bigint | null;
}

interface Delivered {
  readonly of: Transaction;
  readonly lsn: bigint;
  /** Rolled back to a savepoint after it was streamed: a right consumer drops it. */
  readonly isUndone: boolean;
}

export interface RowDelivered extends Delivered {
  readonly kind: 'row';
  readonly change: Change;
  /** The first change after a RELATION message that was not the table's first. */
  readonly isFirst: boolean;
}

export interface TruncateDelivered extends Delivered {
  readonly kind: 'truncate';
  readonly schema: string;
  readonly table: string;
}

export interface MessageDelivered extends Delivered {
  readonly kind: 'message';
  readonly prefix: string;
  readonly content: string;
}

/** What a slot delivered of a transaction. */
export type Event = RowDelivered | TruncateDelivered | MessageDelivered;

type ContentOf<T> = T extends Delivered ? Omit<T, 'of' | 'isUndone'> : never;

/** An event of a transaction that has not ended. */
type Pending = ContentOf<Event> & { readonly subxid: number | null; isUndone: boolean };

/** A transaction that has not ended. */
interface Open {
  readonly xid: number;
  readonly pending: Pending[];
  /** The descriptions of tables that came with it; null: it is not streamed, and they are everybody's. */
  readonly relations: Map<number, Known> | null;
}

interface Known {
  readonly relation: Pick<Change, 'schema' | 'table' | 'columns'>;
  /** The ordinal of its message. */
  readonly at: number;
  /** Described anew, and no change has followed yet. */
  isNew: boolean;
}

/** The parts of a column that RELATION messages lack. */
export interface Columns {
  typeOf(column: RelationColumn): string;
  isNotNull(relation: Relation, column: string): boolean;
}

/** Reads the messages of a slot, in the order in which their transactions end. */
export function eventsOf(messages: readonly RawMessage[], columns: Columns): Event[] {
  const reader = new Reader(columns);
  for (const message of messages) reader.take(message);
  return reader.events;
}

class Reader {
  readonly events: Event[] = [];
  readonly #columns: Columns;
  readonly #relations = new Map<number, Known>();
  /** Streamed or prepared, by xid. */
  readonly #open = new Map<number, Open>();
  #current: Open | null = null;
  #isStreamed = false;
  #begun = { xid: 0, committedAt: 0n };
  #lastCommit: bigint | null = null;
  #ordinal = 0;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  take({ lsn, data }: RawMessage): void {
    this.#ordinal++;
    const message = messageOf(data, this.#isStreamed);
    switch (message.tag) {
      case 'begin':
        this.#begun = message;
        this.#current = { xid: message.xid, pending: [], relations: null };
        return;
      case 'commit':
        this.#end(this.#require(), { ...this.#begun, lsn: message.lsn });
        return;
      case 'stream start':
        this.#isStreamed = true;
        this.#current = this.#open.get(message.xid) ?? this.#begin(message.xid, new Map());
        return;
      case 'stream stop':
        this.#isStreamed = false;
        this.#current = null;
        return;
      case 'stream abort':
        this.#abort(message.xid, message.subxid);
        return;
      case 'begin prepare':
        this.#current = this.#begin(message.xid, null);
        return;
      case 'prepare':
        this.#current = null;
        return;
      case 'stream commit':
      case 'commit prepared':
        this.#end(this.#openOf(message.xid), message);
        return;
      case 'rollback prepared':
        // A transaction whose PREPARE the slot did not deliver may be rolled back, too.
        if (this.#open.has(message.xid)) this.#end(this.#openOf(message.xid), null);
        return;
      case 'relation':
        this.#describe(message.relation);
        return;
      case 'change':
      case 'truncate':
      case 'message':
        this.#add(message, lsn);
        return;
      default:
    }
  }

  #add(message: Message, lsn: bigint): void {
    if (message.tag === 'change') {
      const { operation, old, row, subxid } = message;
      const known = this.#known(message.relation);
      const isFirst = known.isNew;
      known.isNew = false;
      const of = known.relation;
      // The transaction's members follow when it ends.
      const change = { ...of, operation, old, row, lsn, xid: 0, lastCommit: null, committedAt: 0n };
      this.#require().pending.push({ kind: 'row', change, isFirst, lsn, subxid, isUndone: false });
    } else if (message.tag === 'truncate') {
      const { subxid } = message;
      for (const oid of message.relations) {
        const { schema, table } = this.#known(oid).relation;
        const { pending } = this.#require();
        pending.push({ kind: 'truncate', schema, table, lsn, subxid, isUndone: false });
      }
    } else if (message.tag === 'message') {
      const { prefix, content, subxid } = message;
      const event = { kind: 'message', prefix, content, lsn } as const;
      if (message.transactional) {
        this.#require().pending.push({ ...event, subxid, isUndone: false });
        return;
      }
      const { committedAt } = this.#begun;
      const of = { xid: null, committedAt, lastCommit: this.#lastCommit };
      this.events.push({ ...event, of, isUndone: false });
    }
  }

  #begin(xid: number, relations: Open['relations']): Open {
    const open = { xid, pending: [], relations };
    this.#open.set(xid, open);
    return open;
  }

  /** @param ending null: rolled back */
  #end(
    { xid, pending, relations }: Open,
    ending: { readonly lsn: bigint; readonly committedAt: bigint } | null,
  ): void {
    this.#open.delete(xid);
    this.#current = null;
    const committedAt = ending?.committedAt ?? null;
    const of = { xid, committedAt, lastCommit: this.#lastCommit };
    for (const { subxid: _, ...event } of pending) {
      if (event.kind !== 'row') this.events.push({ ...event, of });
      else {
        const { lastCommit } = of;
        const change = { ...event.change, xid, lastCommit, committedAt: committedAt ?? 0n };
        this.events.push({ ...event, change, of });
      }
    }
    if (ending === null) return;
    this.#lastCommit = ending.lsn;
    for (const [oid, known] of relations ?? []) {
      if (known.at > (this.#relations.get(oid)?.at ?? 0)) this.#relations.set(oid, known);
    }
  }

  #abort(xid: number, subxid: number): void {
    const open = this.#openOf(xid);
    if (subxid === xid) this.#end(open, null);
    for (const pending of open.pending) if (pending.subxid === subxid) pending.isUndone = true;
  }

  #describe(relation: Relation): void {
    const { oid, schema, name: table } = relation;
    const columns = relation.columns.map((column): Column => {
      const { name, inKey } = column;
      const type = this.#columns.typeOf(column);
      return { name, type, inKey, notNull: this.#columns.isNotNull(relation, name) };
    });
    const relations = (this.#isStreamed ? this.#require().relations : null) ?? this.#relations;
    const isNew = this.#relations.has(oid) || relations.has(oid);
    relations.set(oid, { relation: { schema, table, columns }, at: this.#ordinal, isNew });
  }

  #known(oid: number): Known {
    const known = this.#current?.relations?.get(oid) ?? this.#relations.get(oid);
    if (known === undefined) throw new Error('a change came before its relation');
    return known;
  }

  #require(): Open {
    if (this.#current === null) throw new Error('a change came outside of a transaction');
    return this.#current;
  }

  #openOf(xid: number): Open {
    const open = this.#open.get(xid);
    if (open === undefined) throw new Error(`transaction ${xid} ended before it began`);
    return open;
  }
}
