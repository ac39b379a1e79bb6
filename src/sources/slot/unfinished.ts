import { DecodeError } from './byte-reader.js';
import { ChangeStore, type KeptMessage } from './change-store.js';
import { decode, type PgOutputMessage, xidOfChange } from './pgoutput.js';

/**
 * Bytes of all transactions in memory beyond which the largest goes to a file: with the rows of many small ones it holds
 * memory far below the bound of `verify`, and few transactions are larger.
 */
const MEMORY_BYTES = 16 << 20;

/** First bytes of the messages that begin or end parts and transactions here; all others are changes, BEGIN or COMMIT. */
const BOUNDARIES = new Set(Buffer.from('SEcApbPKr'));

const RELATION = 0x52;

/** A message of a finished transaction, in the place where the server would have sent it unstreamed. */
export interface Finished {
  readonly lsn: number;
  readonly message: PgOutputMessage;
}

interface Unfinished {
  readonly store: ChangeStore;
  /** It came in parts, before it was finished: then its changes begin with their xid. */
  readonly streamed: boolean;
  /** Subtransactions that were rolled back. */
  readonly aborted: Set<number>;
}

/** A transaction was prepared before the slot's position, and committed after it: its changes do not come again. */
export class PreparedBefore extends Error {
  /** Its name. */
  readonly gid: string;

  constructor(gid: string) {
    super(`the changes of the prepared transaction ${gid} were sent to another reader`);
    this.name = 'PreparedBefore';
    this.gid = gid;
  }
}

/**
 * Keeps the transactions of one connection that the server sends before they are committed: parts of large ones
 * (Stream Start), and prepared ones. Each comes out at its commit, as BEGIN, changes and COMMIT, as if the server had
 * sent it then. The rolled-back ones never come out.
 */
export class UnfinishedTransactions {
  readonly #memoryBytes: number;
  /** By the xid of the transaction. */
  readonly #unfinished = new Map<number, Unfinished>();
  /** The one whose messages arrive. */
  #current: Unfinished | null = null;
  #bytes = 0;
  #streamStarts = 0;
  /** That of the transaction which comes out. */
  #leaving: ChangeStore | null = null;

  /** @param memoryBytes of the messages in memory beyond which the largest transaction goes to a file */
  constructor(memoryBytes = MEMORY_BYTES) {
    this.#memoryBytes = memoryBytes;
  }

  /** Parts of transactions that began. */
  get streamStarts(): number {
    return this.#streamStarts;
  }

  /**
   * Whether the next message belongs to a transaction that is unfinished, or finishes one: then it goes to `take`, and
   * not to the consumer.
   *
   * @param type its first byte
   */
  isOwn(type: number): boolean {
    return this.#current !== null || BOUNDARIES.has(type);
  }

  /**
   * Takes the next message of the connection, and may keep its data. Returns the messages that the consumer gets by it: the transaction that it
   * commits, or the description of a table that other transactions use, too; null: none. They are read to their end
   * before the next call. Throws a DecodeError for bytes that are not a message or come out of order,
   * a PreparedBefore, and errors of the temporary file.
   */
  take({ lsn, data }: KeptMessage): Iterator<Finished, void> | null {
    const current = this.#current;
    if (current !== null && !BOUNDARIES.has(data[0]!)) {
      this.#keep(current, lsn, data);
      // The server counts it as known from now on, unless in a streamed part.
      const isKnown = !current.streamed && data[0] === RELATION;
      return isKnown ? [{ lsn, message: decode(data) }].values() : null;
    }
    const message = decode(data);
    switch (message.tag) {
      case 'stream-start':
        this.#streamStarts++;
        this.#begin(message.xid, true);
        return null;
      case 'begin-prepare':
        this.#begin(message.xid, false);
        return null;
      case 'stream-stop':
      case 'prepare':
        if (current === null) throw outOfOrder(message);
        this.#current = null;
        return null;
      case 'stream-prepare':
        this.#of(message);
        return null;
      case 'stream-abort':
        this.#abort(message.xid, message.subxid);
        return null;
      case 'rollback-prepared':
        this.#drop(message.xid);
        return null;
      case 'stream-commit':
        return this.#finish(message.xid, this.#of(message), message, lsn);
      case 'commit-prepared': {
        const { xid, gid } = message;
        const prepared = this.#unfinished.get(xid);
        if (prepared === undefined) throw new PreparedBefore(gid);
        return this.#finish(xid, prepared, message, lsn);
      }
    }
    throw outOfOrder(message);
  }

  /** Forgets all transactions, and their files. */
  close(): void {
    for (const { store } of this.#unfinished.values()) store.clear();
    this.#unfinished.clear();
    this.#leaving?.clear();
    this.#leaving = null;
    this.#current = null;
    this.#bytes = 0;
  }

  #begin(xid: number, streamed: boolean): void {
    if (this.#current !== null) throw new DecodeError('a transaction begins within another', 0);
    let unfinished = this.#unfinished.get(xid);
    if (unfinished === undefined) {
      unfinished = { store: new ChangeStore(), streamed, aborted: new Set() };
      this.#unfinished.set(xid, unfinished);
    }
    this.#current = unfinished;
  }

  #keep({ store }: Unfinished, lsn: number, data: Buffer): void {
    const before = store.memoryBytes;
    store.push({ lsn, data });
    this.#bytes += store.memoryBytes - before;
    if (this.#bytes > this.#memoryBytes) this.#spill();
  }

  #spill(): void {
    let largest: ChangeStore | null = null;
    for (const { store } of this.#unfinished.values()) {
      if (largest === null || store.memoryBytes > largest.memoryBytes) largest = store;
    }
    if (largest === null) return;
    this.#bytes -= largest.memoryBytes;
    largest.spill();
  }

  #abort(xid: number, subxid: number): void {
    if (subxid === xid) this.#drop(xid);
    else this.#unfinished.get(xid)?.aborted.add(subxid);
  }

  #drop(xid: number): void {
    const unfinished = this.#unfinished.get(xid);
    if (unfinished === undefined) return;
    this.#bytes -= unfinished.store.memoryBytes;
    unfinished.store.clear();
    this.#unfinished.delete(xid);
  }

  #of(message: Extract<PgOutputMessage, { xid: number }>): Unfinished {
    const unfinished = this.#unfinished.get(message.xid);
    if (unfinished === undefined || this.#current !== null) throw outOfOrder(message);
    return unfinished;
  }

  *#finish(
    xid: number,
    { store, streamed, aborted }: Unfinished,
    {
      commitLsn,
      endLsn,
      commitTime,
    }: Extract<PgOutputMessage, { endLsn: bigint; commitLsn: bigint }>,
    lsn: number,
  ): Generator<Finished, void> {
    this.#unfinished.delete(xid);
    this.#bytes -= store.memoryBytes;
    this.#leaving = store;
    yield { lsn, message: { tag: 'begin', commitLsn, commitTime, xid } };
    for (const kept of store.messages()) {
      const own = streamed ? xidOfChange(kept.data) : null;
      if (own !== null && aborted.has(own)) continue;
      yield { lsn: kept.lsn, message: decode(kept.data, streamed) };
    }
    yield { lsn, message: { tag: 'commit', commitLsn, endLsn, commitTime } };
    store.clear();
    this.#leaving = null;
  }
}

function outOfOrder({ tag }: PgOutputMessage): DecodeError {
  return new DecodeError(`${tag} comes out of order`, 0);
}
