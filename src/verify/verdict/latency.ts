import { Histogram } from '../../lib/histogram.js';
import type { ClockOffset } from '../../sources/clock-offset.js';
import type { RowEvent } from '../../sources/source.js';

/** The latencies of one second of arrivals: milliseconds from COMMIT to here. */
export interface LatencyPoint {
  /** When, in milliseconds since 1970, by the server's clock. */
  readonly at: number;
  readonly events: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const SECOND = 1_000_000;

/**
 * How late events are, counted from first deliveries, of transactions that were committed while somebody
 * was here to take them: of what lay there before, nothing but its age could be told.
 */
export class Latency {
  /** Server's clock to connector's: off by as much as their clocks are. */
  readonly commitToConnector = new Histogram();
  readonly connectorToReceived = new Histogram();
  readonly commitToReceived = new Histogram();
  readonly #offset: ClockOffset;
  /** By the server's clock, microseconds since 1970. */
  readonly #since: number;
  readonly #onPoint: (point: LatencyPoint) => void;
  #second = 0;
  #ofSecond = new Histogram();

  /**
   * @param since when the verifier began to listen, by this machine's clock: microseconds since 1970
   * @param onPoint told of each second that something arrived in
   */
  constructor(offset: ClockOffset, since: number, onPoint: (point: LatencyPoint) => void) {
    this.#offset = offset;
    this.#since = since + offset.offset;
    this.#onPoint = onPoint;
  }

  /** Takes the first delivery of an event. */
  record({ committedAt, connectorAt, receivedAt }: RowEvent): void {
    if (committedAt === null) return;
    if (connectorAt !== null) this.commitToConnector.record((connectorAt - committedAt) / 1000);
    if (committedAt < this.#since) return;
    const here = receivedAt + this.#offset.offset;
    const ms = (here - committedAt) / 1000;
    this.commitToReceived.record(ms);
    if (connectorAt !== null) this.connectorToReceived.record((here - connectorAt) / 1000);
    const second = Math.floor(here / SECOND);
    if (second !== this.#second) this.#tell(second);
    this.#ofSecond.record(ms);
  }

  /** Tells of the last second. */
  finish(): void {
    this.#tell(0);
  }

  #tell(next: number): void {
    const { p50, p99, max } = this.#ofSecond.quantiles('p50', 'p99', 'max');
    if (p50 !== null) {
      const { count: events } = this.#ofSecond;
      this.#onPoint({ at: this.#second * 1000, events, p50, p99: p99 ?? p50, max: max ?? p50 });
    }
    this.#second = next;
    this.#ofSecond = new Histogram();
  }
}
