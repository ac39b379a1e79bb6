import { Histogram } from '../../lib/histogram.js';
import type { ClockOffset } from '../../sources/clock-offset.js';
import type { RowEvent } from '../../sources/source.js';

/** The latencies of one second of arrivals: milliseconds from COMMIT to arrival here. */
export interface LatencyPoint {
  /** Beginning of the second: milliseconds since 1970, by the server's clock. */
  readonly at: number;
  readonly events: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const SECOND = 1_000_000;

/**
 * How late events arrive. Counts first deliveries, of transactions that were committed while the verifier listened:
 * earlier ones only show how long they lay.
 */
export class Latency {
  /** From the server's clock to the connector's: includes the difference between them. */
  readonly commitToConnector = new Histogram();
  readonly connectorToReceived = new Histogram();
  readonly commitToReceived = new Histogram();
  readonly #offset: ClockOffset;
  /** Microseconds since 1970, by the server's clock. */
  readonly #since: number;
  readonly #onPoint: (point: LatencyPoint) => void;
  #second = 0;
  #ofSecond = new Histogram();

  /**
   * @param since when listening began, by this machine's clock: microseconds since 1970
   * @param onPoint called for each second with arrivals, after it
   */
  constructor(offset: ClockOffset, since: number, onPoint: (point: LatencyPoint) => void) {
    this.#offset = offset;
    this.#since = since + offset.offset;
    this.#onPoint = onPoint;
  }

  /** Records the first delivery of an event. */
  record({
    committedAt,
    connectorAt,
    receivedAt,
  }: Pick<RowEvent, 'committedAt' | 'connectorAt' | 'receivedAt'>): void {
    if (committedAt === null) return;
    if (connectorAt !== null) this.commitToConnector.record((connectorAt - committedAt) / 1000);
    if (committedAt < this.#since) return;
    const here = receivedAt + this.#offset.offset;
    const ms = (here - committedAt) / 1000;
    this.commitToReceived.record(ms);
    if (connectorAt !== null) this.connectorToReceived.record((here - connectorAt) / 1000);
    const second = Math.floor(here / SECOND);
    if (second !== this.#second) this.#closeSecond(second);
    this.#ofSecond.record(ms);
  }

  /** Closes the last second. */
  finish(): void {
    this.#closeSecond(0);
  }

  #closeSecond(next: number): void {
    const { p50, p99, max } = this.#ofSecond.quantiles('p50', 'p99', 'max');
    if (p50 !== null) {
      const { count: events } = this.#ofSecond;
      this.#onPoint({ at: this.#second * 1000, events, p50, p99: p99 ?? p50, max: max ?? p50 });
    }
    this.#second = next;
    this.#ofSecond = new Histogram();
  }
}
