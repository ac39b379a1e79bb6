import type { Sink } from '../event.js';

/**
 * Turns Debezium's events, as JSON in whatever shape it writes them, into calls of a sink: `row`, `truncate`
 * or `aside`; `malformed` for what is no event. Nothing is thrown for any bytes, every call returns with all
 * that the bytes hold told, and the bytes may be written over afterwards.
 *
 * `stream`, `place` and `receivedAt` are as of `RowEvent`.
 */
export class DebeziumIntake {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** One event: a line of a file, the body of a request. No bytes, or nothing but white space: nothing. */
  event(bytes: Uint8Array, stream: number, place: number, receivedAt: number): void {
    void [bytes, receivedAt];
    this.#sink.malformed({ stream, place, reason: 'not built yet' });
  }

  /** One event, or a JSON array of events (the body of a request that has several): all of one place. */
  batch(bytes: Uint8Array, stream: number, place: number, receivedAt: number): void {
    this.event(bytes, stream, place, receivedAt);
  }

  /** A record of Kafka: key and value as they are there. A value null is a tombstone. */
  record(
    key: Uint8Array | null,
    value: Uint8Array | null,
    stream: number,
    place: number,
    receivedAt: number,
  ): void {
    void key;
    if (value === null) this.#sink.aside('tombstone');
    else this.event(value, stream, place, receivedAt);
  }

  /**
   * Whole lines, one event each, separated by line feeds; blank ones are passed over. `place` is that of the
   * first one, and goes up by one a line. Returns the place behind the last one.
   */
  lines(bytes: Uint8Array, stream: number, place: number, receivedAt: number): number {
    void [bytes, stream, receivedAt];
    return place;
  }
}
