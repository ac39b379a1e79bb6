import { hashText, NULL } from '../ledger/digest.js';
import type { TableName } from '../schemas/hospital/tables.js';
import type { Foreign, Scope } from './scope.js';

/** What a change event says was done to a row; `snapshot`: that the row was there. */
export type EventOperation = 'insert' | 'update' | 'delete' | 'snapshot';

/**
 * The id of a row: a number where it has one exactly, its decimal text beyond 2^53. Equal ids are equal by
 * `===`.
 */
export type Key = number | string;

/** Columns that the server fills in by itself; they come behind those of `TABLES`. */
export const SERVER_COLUMNS = ['created_at', 'updated_at'] as const;

export type Precision = 'milliseconds' | 'microseconds';

/**
 * What an event says of a row, column by column: `place` is one of `TABLES[table].columns`, or behind them of
 * `SERVER_COLUMNS`. To be asked while the call lasts that brings it; what it reads from is then used again.
 */
export interface RowColumns {
  /** Of the event's timestamps: finer digits were lost before it came here. */
  readonly precision: Precision;
  /**
   * As PostgreSQL prints it (DateStyle ISO, UTC; a `timestamp` without trailing zeros of its fraction), null for
   * NULL, undefined where the event does not tell (unchanged TOAST, a column list).
   */
  text(place: number): string | null | undefined;
  /**
   * What `hashText` makes of that text, or of NULL, going on from `before`; nothing need be made of it
   * that is only to be hashed. Null where the event does not tell.
   */
  hash(place: number, before: number): number | null;
}

/**
 * Which row of a snapshot it is, as Debezium marks it. `row`: any. `incremental`: of a snapshot that goes on
 * beside the stream.
 */
export type SnapshotMark =
  | 'first'
  | 'first_in_data_collection'
  | 'row'
  | 'last_in_data_collection'
  | 'last'
  | 'incremental';

/** A change to one row of the hospital, as a CDC source told it. */
export interface RowEvent {
  readonly operation: EventOperation;
  readonly table: TableName;
  readonly key: Key;
  /** Null where it is not of a snapshot. */
  readonly snapshot: SnapshotMark | null;
  /** 32 bits: `txId`. Null where the source does not tell (a snapshot's rows, for one). */
  readonly xid: number | null;
  /** Where in the WAL the change is, in bytes: exact below 2^53. */
  readonly lsn: number | null;
  /** Place in its transaction, from 1 (`transaction.total_order`). */
  readonly order: number | null;
  /**
   * An LSN that never falls along a correct stream, from transaction to transaction: of the transaction's own
   * COMMIT, or of the one before it (first element of Debezium's `source.sequence`).
   */
  readonly watermark: number | null;
  /** When it was committed, by the server's clock: microseconds since 1970. */
  readonly committedAt: number | null;
  /** When the connector had it, by the connector's clock: microseconds since 1970. */
  readonly connectorAt: number | null;
  /** When it came in here, by this machine's clock: microseconds since 1970. */
  readonly receivedAt: number;
  /** Which ordered stream it is of: 0 for a source that has one; else one number a partition. */
  readonly partition: number;
  /** Where it was read, from 1: the line of a file, the how-manieth request, an offset. */
  readonly position: number;
  /**
   * The connector's logical name (`topic.prefix`). Null where the source does not tell it: a slot, or a format
   * without `source.name`.
   */
  readonly origin: string | null;
}

/** A delete that does not tell which row: REPLICA IDENTITY USING INDEX of an index without `id`. */
export type KeylessEvent = Omit<RowEvent, 'key'>;

/** Leaves out a key that only filled its place. */
export function withoutKey({ key: _, ...event }: RowEvent): KeylessEvent {
  return event;
}

/** What an event may leave out of where its row is from. */
export type Unstated = 'database' | 'schema' | 'origin';

/** What arrives and is no change to a row of the hospital. It is counted, and does no harm. */
export type Ignored =
  /** Of a table that is not the run's. */
  | Foreign
  /** Of another server than the run's, by the connector's name. */
  | 'other_server'
  /** Debezium's null value behind a delete. */
  | 'tombstone'
  /** Begin or end of a transaction, as Debezium's topic of transactions has them. */
  | 'transaction'
  /** `pg_logical_emit_message`. */
  | 'message'
  | 'heartbeat'
  | 'schema_change';

/** An input that is no event. */
export interface Malformed {
  readonly partition: number;
  /** As of `RowEvent`. */
  readonly position: number;
  /** What is wrong with it, in English; holds nothing of its values. */
  readonly reason: string;
}

/** Takes what a source gives out, in its order. Calls return at once. */
export interface Sink {
  /** `columns`: the row after the change; null for a delete. */
  row(event: RowEvent, columns: RowColumns | null): void;
  /** A row was deleted, and the event does not tell its id. In order with `row`. */
  deleteWithoutKey(event: KeylessEvent): void;
  /** A table of the run was emptied. */
  truncate(table: TableName, partition: number, position: number): void;
  /**
   * An event does not tell one of these, and counted as a row of the run all the same. Called before the first such
   * row, once per source and kind. A slot tells all that counts.
   */
  unstated(what: Unstated): void;
  /** @param committedAt of a row of a table that is not the run's, as of `RowEvent`; null: not told */
  ignored(kind: Ignored, committedAt: number | null): void;
  malformed(problem: Malformed): void;
  /** Everything that was committed before this LSN has been given out, on all streams. */
  progress(lsn: number): void;
  /**
   * The source has nothing more at the moment: a file's end, a topic's. Told again each time that it
   * gets there after it had more.
   */
  idle(): void;
  /** Resolves when what was given out has been taken so far that more may come. */
  ready(): Promise<void>;
}

/** Where events come from. */
export interface Source {
  /** The streams that keep their own order: 1, or the number of partitions. */
  readonly partitions: number;
  /**
   * By stream, the topic that it is a part of: where one part has rows of a table, the others may have some, too.
   * Left out: each stream is a topic of its own.
   */
  readonly topics?: readonly string[];
  /**
   * Gives everything to the sink, until nothing more can come (the end of standard input, a file that
   * does not grow) or `stop` was called: then what it has read is given out first. Rejects with an
   * OperatorError when the source fails.
   *
   * @param scope decides which events are rows of the run
   */
  run(sink: Sink, scope: Scope): Promise<void>;
  /** Asks `run` to come to its end soon. */
  stop(): void;
}

/** The texts of a row's columns, as of `RowColumns.text`. */
export type RowValues = readonly (string | null | undefined)[];

/** A row whose columns are there as text. */
export class TextColumns implements RowColumns {
  readonly precision: Precision = 'microseconds';
  readonly #values: RowValues;

  constructor(values: RowValues) {
    this.#values = values;
  }

  text(place: number): string | null | undefined {
    return this.#values[place];
  }

  hash(place: number, before: number): number | null {
    const value = this.#values[place];
    return value === undefined ? null : hashText(before, value ?? NULL);
  }
}
