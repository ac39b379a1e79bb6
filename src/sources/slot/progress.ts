/**
 * What may be acknowledged to the server, which sends none of it again: the end of the last transaction
 * that the consumer confirmed, or, with nothing in flight, how far the server has read the WAL.
 */
export class Progress {
  /** Never to be gone back behind: older servers would follow. */
  #position: bigint;
  /** Between the begin and the commit of what arrives. */
  #open = false;
  /** Ends of the last transactions that arrived, that the consumer was given and that it confirmed. */
  #arrived = 0n;
  #handedOver = 0n;
  #acknowledged = 0n;
  #walEnd = 0n;

  /** @param position what the slot has been confirmed up to */
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

  /** Something arrived outside of transactions that the consumer has to confirm. */
  single(lsn: bigint): void {
    if (lsn > this.#arrived) this.#arrived = lsn;
  }

  /** The server has sent all that was committed before `walEnd`. */
  keepalive(walEnd: bigint): void {
    if (!this.#open && walEnd > this.#walEnd) this.#walEnd = walEnd;
  }

  /** The consumer was given what it may confirm with `lsn`. */
  handOver(lsn: bigint): void {
    if (lsn > this.#handedOver) this.#handedOver = lsn;
  }

  /** The consumer is done with everything up to `lsn`. Throws a RangeError on what it was not given. */
  acknowledge(lsn: bigint): void {
    if (lsn > this.#handedOver) {
      throw new RangeError(`${lsn} is acknowledged, and ${this.#handedOver} was given out last`);
    }
    if (lsn > this.#acknowledged) this.#acknowledged = lsn;
  }

  /** What to tell the server; 0n: nothing yet. Never falls. */
  get position(): bigint {
    const idle = !this.#open && this.#acknowledged >= this.#arrived;
    for (const lsn of [this.#acknowledged, idle ? this.#walEnd : 0n]) {
      if (lsn > this.#position) this.#position = lsn;
    }
    return this.#position;
  }
}
