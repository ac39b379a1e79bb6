/** A transaction that was sent at its PREPARE: the server sends it again only from a position before that. */
interface Prepared {
  /** LSN of the PREPARE record. */
  readonly lsn: bigint;
  /** The end of its COMMIT PREPARED; null: that has not arrived. */
  readonly endLsn: bigint | null;
}

/**
 * Finds the position to acknowledge to the server, which sends no transaction before it again: the end of the last one
 * that the consumer acknowledged, or, with nothing in flight, the server's own position in the WAL. It is never beyond
 * the PREPARE of a transaction that the consumer lacks: after a reconnect the server would only send its COMMIT PREPARED.
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
  /** Prepared transactions that the consumer has not got yet, by their xid. */
  readonly #prepared = new Map<number, Prepared>();

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

  /** A part of a transaction ended that is not finished: it comes again, unless it is committed before the position. */
  pause(): void {
    this.#open = false;
  }

  /** A transaction is prepared: the position stays before its PREPARE until the consumer has it. */
  prepare(xid: number, lsn: bigint): void {
    this.#open = false;
    this.#prepared.set(xid, { lsn, endLsn: null });
  }

  /** The COMMIT PREPARED of a transaction arrived. */
  commitPrepared(xid: number, endLsn: bigint): void {
    const prepared = this.#prepared.get(xid);
    if (prepared !== undefined) this.#prepared.set(xid, { ...prepared, endLsn });
    this.commit(endLsn);
  }

  /** The ROLLBACK PREPARED of a transaction arrived. */
  rollBackPrepared(xid: number): void {
    this.#prepared.delete(xid);
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
    for (const [xid, { endLsn }] of this.#prepared) {
      if (endLsn !== null && endLsn <= lsn) this.#prepared.delete(xid);
    }
  }

  /** The position to acknowledge; 0n: none yet. Never falls. */
  get position(): bigint {
    const idle = !this.#open && this.#acknowledged >= this.#arrived;
    let reached = idle && this.#walEnd > this.#acknowledged ? this.#walEnd : this.#acknowledged;
    for (const { lsn } of this.#prepared.values()) if (lsn < reached) reached = lsn;
    if (reached > this.#position) this.#position = reached;
    return this.#position;
  }
}
