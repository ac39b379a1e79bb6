/**
 * Finds the position to acknowledge to the server, which sends no transaction before it again: the end of the last one
 * that the consumer acknowledged, or, with nothing in flight, the server's own position in the WAL.
 */
export class Progress {
  /** Never falls: older servers would move the slot back. */
  #position: bigint;
  /** Between BEGIN and COMMIT of the stream. */
  #open = false;
  /** Ends of the last transactions that arrived, were handed to the consumer, and were acknowledged by it. */
  #arrived = 0n;
  #handedOver = 0n;
  #acknowledged = 0n;
  #walEnd = 0n;

  /** @param position the slot's confirmed one */
  constructor(position: bigint) {
    this.#position = position;
  }

  get inTransaction(): boolean {
    return this.#open;
  }

  begin(): void {
    this.#open = true;
  }

  /** The end of a transaction arrived. */
  commit(endLsn: bigint): void {
    this.#open = false;
    this.#arrived = endLsn;
  }

  /** A message outside of transactions arrived, which the consumer has to acknowledge. */
  single(lsn: bigint): void {
    if (lsn > this.#arrived) this.#arrived = lsn;
  }

  /** The server has sent everything committed before `walEnd`. */
  keepalive(walEnd: bigint): void {
    if (!this.#open && walEnd > this.#walEnd) this.#walEnd = walEnd;
  }

  /** The consumer was handed a transaction that it may acknowledge with `lsn`. */
  handOver(lsn: bigint): void {
    if (lsn > this.#handedOver) this.#handedOver = lsn;
  }

  /** The consumer acknowledges everything up to `lsn`. Throws a RangeError beyond the last one handed over. */
  acknowledge(lsn: bigint): void {
    if (lsn > this.#handedOver) {
      throw new RangeError(`${lsn} is acknowledged, and ${this.#handedOver} was given out last`);
    }
    if (lsn > this.#acknowledged) this.#acknowledged = lsn;
  }

  /** The position to acknowledge; 0n: none yet. Never falls. */
  get position(): bigint {
    const idle = !this.#open && this.#acknowledged >= this.#arrived;
    for (const lsn of [this.#acknowledged, idle ? this.#walEnd : 0n]) {
      if (lsn > this.#position) this.#position = lsn;
    }
    return this.#position;
  }
}
