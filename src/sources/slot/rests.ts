/**
 * A reader that is far behind rests in between, until the kernel's buffers are full. The server then hands its messages
 * over many at a time, which halves its work for a change; to a reader that waits, it sends each in a packet.
 */
const MOST_MS = 100;
/** Shorter rests bring nothing: the buffers do not fill. */
const LEAST_MS = 50;
/** A rest as a share of the delay that the changes have anyway: it adds no more to their latency. */
const SHARE = 0.02;
/** Bytes between two rests, so that a slow server is not waited for again and again. */
const BYTES_PER_REST = 256 << 10;
/** Half of what one read of the socket takes: where it brings less, the reader has caught up with the server. */
const SMALL_READ_BYTES = 32 << 10;
const MICROS_PER_MS = 1000;

/** Decides when a reader of a slot rests. Times are the server's, in microseconds since 1970. */
export class Rests {
  /** Null: the transaction that arrives is not committed. */
  #committedAt: number | null = null;
  #delayMs = 0;
  #readBytes = 0;
  #bytes = 0;

  /** A transaction, or a part of one, begins to arrive. */
  begin(committedAt: number | null): void {
    this.#committedAt = committedAt;
  }

  /** Notes a read of the socket. `sentAt`: of its last message; null: that is not of the WAL. */
  read(bytes: number, sentAt: number | null): void {
    const isKnown = sentAt !== null && this.#committedAt !== null;
    this.#delayMs = isKnown ? (sentAt - this.#committedAt!) / MICROS_PER_MS : 0;
    this.#readBytes = bytes;
    this.#bytes += bytes;
  }

  /** The milliseconds to rest once everything read is taken; 0: none. */
  take(): number {
    const ms = Math.min(MOST_MS, this.#delayMs * SHARE);
    if (ms < LEAST_MS || this.#bytes < BYTES_PER_REST) return 0;
    if (this.#readBytes >= SMALL_READ_BYTES) return 0;
    this.#bytes = 0;
    return ms;
  }
}
