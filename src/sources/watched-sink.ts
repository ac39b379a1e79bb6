import type { TableName } from '../schemas/hospital/tables.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  RowColumns,
  RowEvent,
  Sink,
  Unstated,
} from './source.js';

/** Passes everything on to a sink, and remembers what was wrong with what it was given. */
export class WatchedSink implements Sink {
  readonly #sink: Sink;
  #reason: string | null = null;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** The first reason since the last time; null: everything was well. */
  takeReason(): string | null {
    const reason = this.#reason;
    this.#reason = null;
    return reason;
  }

  row(event: RowEvent, columns: RowColumns | null): void {
    this.#sink.row(event, columns);
  }

  deleteWithoutKey(event: KeylessEvent): void {
    this.#sink.deleteWithoutKey(event);
  }

  truncate(table: TableName, partition: number, position: number): void {
    this.#sink.truncate(table, partition, position);
  }

  unstated(what: Unstated): void {
    this.#sink.unstated(what);
  }

  ignored(kind: Ignored, committedAt: number | null): void {
    this.#sink.ignored(kind, committedAt);
  }

  malformed(problem: Malformed): void {
    this.#reason ??= problem.reason;
    this.#sink.malformed(problem);
  }

  progress(lsn: number): void {
    this.#sink.progress(lsn);
  }

  idle(): void {
    this.#sink.idle();
  }

  ready(): Promise<void> {
    return this.#sink.ready();
  }
}
