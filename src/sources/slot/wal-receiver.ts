import { machineMicros, within } from '../../lib/clock.js';
import { Wakeable } from '../../lib/wakeable.js';
import { connectReplication, cut } from '../../postgres/connect.js';
import type { Client } from '../../postgres/driver.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { Backlog } from './backlog.js';
import { CopyBoth } from './copy-both.js';
import type { PgOutputMessage } from './messages.js';
import { decode } from './pgoutput.js';
import { Progress } from './progress.js';
import {
  type Keepalive,
  parseCopyData,
  standbyStatus,
  startReplication,
  type XLogData,
} from './replication-wire.js';
import {
  errorOfSlot,
  makeTemporarySlot,
  prepareSession,
  requirePublications,
  type SlotSession,
  streamEnded,
} from './slot-session.js';

/** Bytes that wait for the consumer before the socket is paused: some thousand rows. */
const QUEUE_BYTES = 4 << 20;
/** Of what may wait, what is left when the socket is read again: so it is not paused for each message. */
const RESUME_SHARE = 0.5;
/** How long the server may take for the end: it sends the rest of a transaction before. */
const END_MS = 5_000;

/** First bytes of the messages that say where the consumer stands. */
const BEGIN = 0x42;
const COMMIT = 0x43;
const MESSAGE = 0x4d;

export interface ReceiverOptions {
  readonly slot: string;
  readonly publications: readonly string[];
  /** Makes the slot first, on this connection, with which it goes again; otherwise it is there. */
  readonly temporary?: boolean;
  /** Whether what `pg_logical_emit_message` writes is sent, too. */
  readonly messages?: boolean;
  /** Bytes that may wait for the consumer; what one read of the socket brings comes on top. */
  readonly queueBytes?: number;
  /** Ends an `open` that takes long: a slot is made only when the transactions that run have ended. */
  readonly signal?: AbortSignal;
}

/** What a consumer gets, in the order in which the server sent it. */
export type Received =
  | {
      readonly tag: 'change';
      /** Where in the WAL it comes from; 0 for descriptions of tables and types. */
      readonly lsn: bigint;
      /** When it was sent, by the server's clock: microseconds since 1970. */
      readonly sentAt: bigint;
      /** When it came in, by `machineMicros`. */
      readonly receivedAt: number;
      readonly message: PgOutputMessage;
    }
  /** Between transactions: everything that was committed before `lsn` has been given out. */
  | { readonly tag: 'position'; readonly lsn: bigint };

type Waiting =
  | { readonly tag: 'wal'; readonly data: XLogData; readonly receivedAt: number }
  | Extract<Received, { tag: 'position' }>;

/**
 * Reads a logical replication slot, through an own connection. It acknowledges what its consumer has
 * acknowledged and nothing else, unless nothing is in flight. Memory is bounded: a consumer that is slow
 * slows the server down. To be closed by whoever opened it.
 */
export class WalReceiver implements AsyncIterable<Received> {
  /** What the slot had been confirmed up to: what was committed before does not come. */
  readonly from: bigint;
  /** Given to the server at initdb. */
  readonly system: string;
  readonly #client: Client;
  readonly #target: ConnectionTarget;
  readonly #slot: string;
  readonly #progress: Progress;
  readonly #queueBytes: number;
  readonly #backlog = new Backlog<Waiting>();
  #copy: CopyBoth | null = null;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  /** Nothing more is read: what has arrived is the rest. */
  #finishing = false;
  /** What ended the stream before it was closed. */
  #failure: { readonly error: unknown } | null = null;
  #closing: Promise<void> | null = null;
  #over = false;
  /** Lets `close` go on when the server has ended the stream. */
  #onOver: () => void = () => undefined;
  /** Lets the consumer go on that waits for something to come. */
  readonly #arrival = new Wakeable();

  private constructor(
    client: Client,
    target: ConnectionTarget,
    options: ReceiverOptions,
    { position, system }: SlotSession,
  ) {
    this.from = position;
    this.system = system;
    this.#client = client;
    this.#target = target;
    this.#slot = options.slot;
    this.#queueBytes = options.queueBytes ?? QUEUE_BYTES;
    this.#progress = new Progress(position);
  }

  /**
   * Starts where the slot's last consumer confirmed, or where the slot was made. Throws an
   * `OperatorError` when there is no such slot or publication, or somebody else reads it, or no connection.
   */
  static async open(target: ConnectionTarget, options: ReceiverOptions): Promise<WalReceiver> {
    const { slot, publications, messages = false, temporary = false, signal } = options;
    const client = await connectReplication(target);
    try {
      await requirePublications(client, target, publications);
      const made = temporary ? await makeTemporarySlot(client, target, slot, signal) : null;
      signal?.throwIfAborted();
      const session = await prepareSession(client, slot);
      const position = made ?? session.position;
      const receiver = new WalReceiver(client, target, options, { ...session, position });
      receiver.#copy = await CopyBoth.start(
        client,
        startReplication(slot, publications, messages),
        {
          onData: (chunk) => receiver.#receive(chunk),
          onEnd: (error) => receiver.#end(error),
        },
      );
      if (!receiver.#over) {
        receiver.#timer = setInterval(() => receiver.#tell(true), session.statusMs);
      }
      receiver.#throttle();
      return receiver;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw errorOfSlot(error, target, slot);
    }
  }

  /** Bytes that wait for the consumer, about. */
  get waitingBytes(): number {
    return this.#backlog.bytes;
  }

  /** Whether the stream is over, by the server or by an error; what has arrived may still be taken. */
  get ended(): boolean {
    return this.#over || this.#failure !== null;
  }

  /** Up to where the server is to know that it need not send again; 0n: nothing yet. */
  get confirmed(): bigint {
    return this.#progress.position;
  }

  /**
   * The next message; null after `close`, and behind everything that has arrived after `finish`. Throws,
   * behind everything that has arrived, when the server ended the stream or the connection is lost, and
   * a DecodeError when it sent what is no message. One call at a time.
   */
  async next(): Promise<Received | null> {
    for (;;) {
      const received = this.take();
      if (received !== null) return received;
      if (this.#closing !== null) return null;
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#finishing) return null;
      if (this.#arrival.awaited) throw new Error('two consumers read one receiver');
      await this.#arrival.sleep();
    }
  }

  /** The next message if one has arrived, or null; for many messages at once it is cheaper than `next`. */
  take(): Received | null {
    if (this.#closing !== null) return null;
    const waiting = this.#backlog.shift();
    if (waiting === undefined) return null;
    this.#unthrottle();
    return waiting.tag === 'position' ? waiting : this.#handOver(waiting.data, waiting.receivedAt);
  }

  /** Asks the server how far it has read the WAL: a position follows soon, behind what it sends before. */
  askPosition(): void {
    this.#tell(true);
  }

  /** Reads no more of the stream: `next` gives what has arrived already, and then null. */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    this.#copy?.pause();
    this.#arrival.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Received, void> {
    for (let next = await this.next(); next !== null; next = await this.next()) yield next;
  }

  /**
   * The consumer is done with the transaction that ends at `endLsn`, and all before: the server will
   * not send them again once it knows, at the next status or at `close`. What arrived outside of a
   * transaction is acknowledged with its own LSN.
   */
  acknowledge(endLsn: bigint): void {
    this.#progress.acknowledge(endLsn);
  }

  /** Tells the server what was acknowledged last, and ends the stream and the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#backlog.clear();
    const over = new Promise<void>((resolve) => {
      this.#onOver = resolve;
    });
    this.#tell(false);
    this.#copy?.finish();
    // The server's end comes behind all that it has sent.
    this.#copy?.resume();
    this.#arrival.wake();
    if (!this.#over) await within(over, END_MS);
    if (!this.#over) cut(this.#client);
    await this.#client.end().catch(() => undefined);
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== null) return;
    try {
      const message = parseCopyData(chunk);
      if (message.tag === 'wal') this.#receiveData(message, machineMicros());
      else this.#receiveKeepalive(message);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#throttle();
    this.#arrival.wake();
  }

  #receiveData(received: XLogData, receivedAt: number): void {
    if (this.#closing !== null) return;
    const { data } = received;
    switch (data[0]) {
      case BEGIN:
        this.#progress.begin();
        break;
      case COMMIT:
      case MESSAGE: {
        const message = decode(data);
        if (message.tag === 'commit') this.#progress.commit(message.endLsn);
        if (message.tag === 'message' && !message.transactional) this.#progress.single(message.lsn);
      }
    }
    this.#backlog.push({ tag: 'wal', data: received, receivedAt }, data.length);
  }

  #receiveKeepalive({ walEnd, replyAsked }: Keepalive): void {
    if (this.#closing !== null) return;
    this.#progress.keepalive(walEnd);
    if (!this.#progress.inTransaction) {
      const position: Waiting = { tag: 'position', lsn: walEnd };
      if (this.#backlog.last?.tag === 'position') this.#backlog.replaceLast(position);
      else this.#backlog.push(position, 0);
    }
    if (replyAsked) this.#tell(false);
  }

  #handOver({ lsn, sentAt, data }: XLogData, receivedAt: number): Received {
    let message: PgOutputMessage;
    try {
      message = decode(data);
    } catch (error) {
      this.#backlog.clear();
      this.#fail(error);
      throw error;
    }
    if (message.tag === 'commit') this.#progress.handOver(message.endLsn);
    if (message.tag === 'message' && !message.transactional) this.#progress.handOver(message.lsn);
    return { tag: 'change', lsn, sentAt, receivedAt, message };
  }

  /** `askReply`: so that the server says where it is, which it otherwise does when it thinks fit. */
  #tell(askReply: boolean): void {
    this.#copy?.send(standbyStatus(this.#progress.position, Date.now(), askReply));
  }

  #throttle(): void {
    if (this.#paused || this.#closing !== null || this.#backlog.bytes <= this.#queueBytes) return;
    this.#paused = true;
    this.#copy?.pause();
  }

  #unthrottle(): void {
    if (!this.#paused || this.#finishing) return;
    if (this.#backlog.bytes > this.#queueBytes * RESUME_SHARE) return;
    this.#paused = false;
    this.#copy?.resume();
  }

  /** The stream is over, for the server or for the connection. */
  #end(error: unknown): void {
    this.#over = true;
    if (this.#closing === null) {
      this.#fail(error ?? streamEnded(this.#target, this.#slot));
    }
    this.#onOver();
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { error: errorOfSlot(error, this.#target, this.#slot) };
    clearInterval(this.#timer);
    cut(this.#client);
    this.#arrival.wake();
  }
}
