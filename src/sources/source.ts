import type { Sentence } from '../errors.js';
import { hashText, NULL } from '../ledger/value-hash.js';
import type { Key, TableName } from '../schema/table.js';
import type { IntakeOptions } from './intake.js';
import type { QueuedLineTaker } from './ndjson/line-taker.js';
import type { Foreign, Scope } from './scope.js';

/** The change that an event reports of a row; `snapshot`: the row existed when the snapshot was taken. */
export type EventOperation = 'insert' | 'update' | 'delete' | 'snapshot';

export type Precision = 'milliseconds' | 'microseconds';

/** The loss of a value in a pipeline whose settings cannot carry it; what is left is `ledger/projection.ts`'s text. */
export type Projection =
  /** A `numeric` as a double (`decimal.handling.mode=double`). */
  | 'double'
  /** A `numeric` without the zeros at its end: one without a scale, under `decimal.handling.mode=precise`. */
  | 'trailing_zeros'
  /** Null, which may stand for NaN or an infinity. */
  | 'special'
  /** An `interval` as microseconds, in which a month has 30.4375 days. */
  | 'interval_microseconds'
  /** A timestamp without its microseconds (`time.precision.mode=connect`). */
  | 'milliseconds';

/**
 * The columns of an event's row. `column` is an index of the table's `columns`, followed by its `serverColumns` and
 * its `addedColumns`.
 * Valid only during the call of the sink: its memory is used again for the next event.
 */
export interface RowColumns {
  /** The finest digits of the event's timestamps; the connector dropped finer ones. */
  readonly precision: Precision;
  /**
   * The value as PostgreSQL prints it (DateStyle ISO, UTC; a `timestamp` without trailing zeros of its fraction), null
   * for NULL, undefined where the event lacks it (unchanged TOAST, a column list). Of a projected value: its text in
   * the projection.
   */
  text(column: number): string | null | undefined;
  /**
   * `hashText(before, text)` of that text, or of NULL, without making the text. Null where the event lacks the value.
   */
  hash(column: number, before: number): number | null;
  /** Whether the event lacks the value as one that is stored out of line (TOAST) and did not change. */
  isUnchanged(column: number): boolean;
  /** How the pipeline has cut the value, where the column is `lossy`; null: the value is whole. */
  projected(column: number): Projection | null;
}

/**
 * The row's place in a snapshot, as Debezium marks it. `row`: anywhere. `incremental`: in a snapshot that runs beside
 * the stream.
 */
export type SnapshotMark =
  | 'first'
  | 'first_in_data_collection'
  | 'row'
  | 'last_in_data_collection'
  | 'last'
  | 'incremental';

/** A change to one row of the run, as a CDC source delivered it. */
export interface RowEvent {
  readonly operation: EventOperation;
  readonly table: TableName;
  /** A key change comes as two events of one LSN, a delete and an insert. Without a key: of the old row, if any. */
  readonly key: Key;
  /** Null where the event is not of a snapshot. */
  readonly snapshot: SnapshotMark | null;
  /** The transaction's xid without its epoch (32 bits): `txId`. Null where the event lacks it, as in a snapshot. */
  readonly xid: number | null;
  /** The change's position in the WAL, in bytes: exact below 2^53. */
  readonly lsn: number | null;
  /** The ordinal of the change in its transaction, from 1 (`transaction.total_order`). */
  readonly order: number | null;
  /**
   * An LSN that never falls from one transaction of a correct stream to the next: that of its own COMMIT, or of the
   * COMMIT before (first element of Debezium's `source.sequence`).
   */
  readonly watermark: number | null;
  /** Commit time by the server's clock, in microseconds since 1970. */
  readonly committedAt: number | null;
  /** When the connector read the change, by its own clock, in microseconds since 1970. */
  readonly connectorAt: number | null;
  /** Arrival by this machine's clock, in microseconds since 1970. */
  readonly receivedAt: number;
  /** The number of its partition: events of one partition are in order. 0 where the source has only one. */
  readonly partition: number;
  /** Its position in the input, from 1: the line of a file, the ordinal of the request, the offset plus 1. */
  readonly position: number;
  /** The connector's logical name (`topic.prefix`). Null for a slot, or a format without `source.name`. */
  readonly origin: string | null;
  /** The name that the event has for the table, or for a column, folded to lower case; left out: the names are right. */
  readonly renamed?: string;
}

/**
 * A change without the row's key: a delete, as by REPLICA IDENTITY USING INDEX of an index without it; or an update of
 * a table without a key whose event lacks the old row.
 */
export type KeylessEvent = Omit<RowEvent, 'key'>;

/** A TRUNCATE of one table of the run. Of several tables in one statement, each is an event of the same LSN. */
export type TruncateEvent = Omit<RowEvent, 'key' | 'operation' | 'snapshot'>;

/** A message of `pg_logical_emit_message` under MESSAGE_PREFIX. */
export type MessageEvent = Omit<RowEvent, 'key' | 'operation' | 'snapshot' | 'table' | 'order'> & {
  readonly content: string;
  /** False: it comes at once, and has no xid. */
  readonly transactional: boolean;
};

/** Drops the placeholder of the key. */
export function withoutKey({ key: _, ...event }: RowEvent): KeylessEvent {
  return event;
}

/** Parts of a row's origin that an event may leave out. */
export type Unstated = 'database' | 'schema' | 'origin';

/** Kinds of events that change no row of the run. They are counted, and harmless. */
export type Ignored =
  /** A row of a table that is not the run's. */
  | Foreign
  /** A row of another server than the run's, by the connector's name. */
  | 'other_server'
  /** The null value that Debezium sends after a delete. */
  | 'tombstone'
  /** BEGIN or END in Debezium's topic of transactions. */
  | 'transaction'
  /** `pg_logical_emit_message`. */
  | 'message'
  | 'heartbeat'
  | 'schema_change';

/** An input that is not an event. */
export interface Malformed {
  readonly partition: number;
  /** As of `RowEvent`. */
  readonly position: number;
  /** The mistake in it, without its values; the end of a sentence. */
  readonly reason: Sentence;
}

/** Receives the events of a source in its order. Calls return at once. */
export interface Sink {
  /** `columns`: the row after the change; null for a delete. */
  row(event: RowEvent, columns: RowColumns | null): void;
  /** A row was changed or deleted, and the event lacks its key. In order with the calls of `row`. */
  changeWithoutKey(event: KeylessEvent): void;
  /** A table of the run was emptied. */
  truncate(event: TruncateEvent): void;
  /** A message of the run. Messages under other prefixes are `ignored`. */
  message(event: MessageEvent): void;
  /**
   * An event lacks this part of its origin, and counts as the run's nevertheless. Called before the first such row,
   * once per source and part. A slot lacks none that matters.
   */
  unstated(part: Unstated): void;
  /** @param committedAt of a foreign row, as of `RowEvent`; null: unknown */
  ignored(kind: Ignored, committedAt: number | null): void;
  malformed(problem: Malformed): void;
  /** Everything committed before this LSN has been delivered, of all partitions. */
  progress(lsn: number): void;
  /** The source has no more for now: the end of a file, of all partitions. Called again after each time it had more. */
  idle(): void;
  /** Resolves when the sink has room for more. */
  ready(): Promise<void>;
  /** Decodes lines on a thread of its own, and takes their events as if by the calls above. Left out: it cannot. */
  decodeApart?(scope: Scope, options: IntakeOptions): QueuedLineTaker;
}

/** A CDC output that is read. */
export interface Source {
  /** The number of partitions, each ordered for itself. */
  readonly partitions: number;
  /**
   * The topic of each partition: where one partition has rows of a table, the others of its topic may have some, too.
   * Left out: each partition is a topic of its own.
   */
  readonly topics?: readonly string[];
  /**
   * Delivers events to the sink until there can be no more (the end of standard input, or of a file that is not
   * followed) or until `stop`, after which bytes that were read are still delivered. Rejects with an OperatorError
   * when the source fails.
   *
   * @param scope decides which events are rows of the run
   */
  run(sink: Sink, scope: Scope): Promise<void>;
  /** Has `run` end soon. */
  stop(): void;
}

/** The texts of a row's columns, by index, as of `RowColumns.text`. */
export type RowValues = readonly (string | null | undefined)[];

const NONE: readonly number[] = [];

/** A row whose columns are texts already. */
export class TextColumns implements RowColumns {
  readonly precision: Precision = 'microseconds';
  readonly #values: RowValues;
  readonly #unchanged: readonly number[];

  /** @param unchanged the places of values that are undefined as unchanged TOAST */
  constructor(values: RowValues, unchanged: readonly number[] = NONE) {
    this.#values = values;
    this.#unchanged = unchanged;
  }

  text(column: number): string | null | undefined {
    return this.#values[column];
  }

  hash(column: number, before: number): number | null {
    const value = this.#values[column];
    return value === undefined ? null : hashText(before, value ?? NULL);
  }

  isUnchanged(column: number): boolean {
    return this.#unchanged.includes(column);
  }

  projected(): null {
    return null;
  }
}
