import { machineMicros, within } from '../../lib/clock.js';
import { Wakeable } from '../../lib/wakeable.js';
import { connectReplication, cut } from '../../postgres/connect.js';
import type { Client } from '../../postgres/driver.js';
import { endOfMessage, HEAD_BYTES } from '../../postgres/message-cutter.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { decode, type PgOutputMessage } from './pgoutput.js';
import { Progress } from './progress.js';
import {
  CopyBoth,
  type Keepalive,
  parseKeepalive,
  parseXLogData,
  standbyStatus,
  startReplication,
  WAL_HEAD_BYTES,
  XLOG_DATA,
  type XLogData,
} from './replication.js';
import { Rests } from './rests.js';
import {
  errorOfSlot,
  makeTemporarySlot,
  prepareSession,
  requirePublications,
  type SlotSession,
  streamEnded,
} from './slot-session.js';
import { type Finished, UnfinishedTransactions } from './unfinished.js';

/** Bytes of an entry besides its data: many small ones add up. */
const ENTRY_BYTES = 128;
/** Taken entries at the front before they are cut off: seldom enough to cost nothing. */
const CUT_AT = 1024;

/** A queue that knows about how much memory it takes. */
export class Backlog<T> {
  #entries: ({ readonly value: T; readonly bytes: number } | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  /** Memory of the entries, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The last entry. */
  get last(): T | undefined {
    return this.#entries.at(-1)?.value;
  }

  push(value: T, dataBytes: number): void {
    const bytes = dataBytes + ENTRY_BYTES;
    this.#entries.push({ value, bytes });
    this.#bytes += bytes;
  }

  /** Replaces the last entry by another one without data. */
  replaceLast(value: T): void {
    this.#entries[this.#entries.length - 1] = { value, bytes: ENTRY_BYTES };
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#entries[this.#first] = undefined;
    this.#first++;
    this.#bytes -= entry.bytes;
    if (this.#first === this.#entries.length) this.clear();
    else if (this.#first >= CUT_AT) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry.value;
  }

  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}

const NOTHING = Buffer.alloc(0);
/** Bytes in the queue at which the socket is paused: some thousand rows. */
const QUEUE_BYTES = 4 << 20;
/** The share of those at which the socket is resumed, so that it is not paused for each message. */
const RESUME_SHARE = 0.5;
/** How long the server may take to end the stream: it sends the rest of a transaction first. */
const END_MS = 5_000;

/** First bytes of the messages that move the position. */
const BEGIN = 0x42;
const COMMIT = 0x43;
const MESSAGE = 0x4d;
const STREAM_START = 0x53;
const STREAM_STOP = 0x45;
const STREAM_COMMIT = 0x63;
const STREAM_PREPARE = 0x70;
const BEGIN_PREPARE = 0x62;
const PREPARE = 0x50;
const COMMIT_PREPARED = 0x4b;
const ROLLBACK_PREPARED = 0x72;

export interface ReceiverOptions {
  readonly slot: string;
  readonly publications: readonly string[];
  /** Makes the slot first, as a temporary one of this connection; false: the slot exists. */
  readonly temporary?: boolean;
  /** Whether messages of `pg_logical_emit_message` are sent, too. */
  readonly messages?: boolean;
  /** Whether the server sends parts of large transactions before their end. */
  readonly streaming?: boolean;
  /** Bytes of transactions in memory that are kept until their commit; more go to files. */
  readonly unfinishedBytes?: number | undefined;
  /** Bytes in the queue at which the socket is paused; one read of the socket may come on top. */
  readonly queueBytes?: number;
  /** Ends an `open` that waits: a slot is made only when running transactions have ended. */
  readonly signal?: AbortSignal;
}

export interface ReceivedChange {
  readonly tag: 'change';
  /** Position in the WAL, exact below 2^53; 0 for descriptions of tables and types. */
  readonly lsn: number;
  /** Time of sending by the server's clock, in microseconds since 1970; of its commit, where it was sent before. */
  readonly sentAt: number;
  /** Time of arrival, by `machineMicros`; likewise. */
  readonly receivedAt: number;
  readonly message: PgOutputMessage;
}

/** A message for the consumer, in the order of the commits. */
export type Received =
  | ReceivedChange
  /** Between transactions: everything committed before `lsn` has been delivered. */
  | { readonly tag: 'position'; readonly lsn: bigint };

type Waiting =
  /** Messages of the output plugin that arrived together, each with its heads. */
  | { readonly tag: 'wal'; readonly messages: Buffer; readonly receivedAt: number }
  | Extract<Received, { tag: 'position' }>;

/**
 * Reads a logical replication slot through a connection of its own. Every transaction comes whole, in the order of the
 * commits, also where the server sends parts of it before. It acknowledges only transactions that its consumer
 * acknowledged, or, with nothing in flight, the server's position. Memory is bounded: a slow consumer slows the server
 * down. Its opener closes it.
 */
export class WalReceiver implements AsyncIterable<Received> {
  /** The slot's confirmed position: transactions committed before it do not come. */
  readonly from: bigint;
  /** The server's system identifier, made by initdb. */
  readonly system: string;
  readonly #client: Client;
  readonly #target: ConnectionTarget;
  readonly #slot: string;
  readonly #progress: Progress;
  readonly #queueBytes: number;
  readonly #backlog = new Backlog<Waiting>();
  readonly #unfinished: UnfinishedTransactions;
  /** The messages that are handed over, and where the next one begins. */
  #messages: Buffer = NOTHING;
  #next = 0;
  #receivedAt = 0;
  /** The rest of a transaction that was kept until its commit, which arrived with these times; null: none. */
  #kept:
    | (Pick<ReceivedChange, 'sentAt' | 'receivedAt'> & { rest: Iterator<Finished, void> })
    | null = null;
  #copy: CopyBoth | null = null;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  readonly #rests = new Rests();
  /** No more is read: the queue is the rest. */
  #finishing = false;
  /** The error that ended the stream before `close`. */
  #failure: { readonly error: unknown } | null = null;
  #closing: Promise<void> | null = null;
  #ended = false;
  /** Called when the server has ended the stream. */
  #onEnded: () => void = () => undefined;
  /** Wakes the consumer that waits for a message. */
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
    this.#unfinished = new UnfinishedTransactions(options.unfinishedBytes);
    this.#progress = new Progress(position);
  }

  /**
   * Streams from the slot's confirmed position, or from where it was made. Throws an OperatorError when there is no such
   * slot or publication, when the slot is in use, or without a connection.
   */
  static async open(target: ConnectionTarget, options: ReceiverOptions): Promise<WalReceiver> {
    const { slot, publications, temporary = false, signal } = options;
    const { messages = false, streaming = false } = options;
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
        startReplication(slot, publications, { messages, streaming, twoPhase: session.twoPhase }),
        {
          onData: (chunk) => receiver.#receive(chunk),
          onEnd: (error) => receiver.#end(error),
        },
      );
      if (!receiver.#ended) {
        receiver.#timer = setInterval(() => receiver.#sendStatus(true), session.statusMs);
      }
      receiver.#throttle();
      return receiver;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw errorOfSlot(error, target, slot);
    }
  }

  /** Bytes in the queue, about. */
  get waitingBytes(): number {
    return this.#backlog.bytes;
  }

  /** The count of Stream Starts: parts of transactions that were not finished. */
  get streamStarts(): number {
    return this.#unfinished.streamStarts;
  }

  /** Whether the stream is over, by the server or an error; the queue may still be taken. */
  get ended(): boolean {
    return this.#ended || this.#failure !== null;
  }

  /** The acknowledged position; 0n: none yet. */
  get confirmed(): bigint {
    return this.#progress.position;
  }

  /**
   * The next message; null after `close`, and at the end of the queue after `finish`. Throws at the end of the queue when
   * the server ended the stream or the connection is lost, and a DecodeError for bytes that are not a message. One call
   * at a time.
   */
  async next(): Promise<Received | null> {
    for (;;) {
      const received = this.take();
      if (received !== null) return received;
      if (this.#closing !== null) return null;
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#finishing) return null;
      if (this.#arrival.awaited) throw new Error('two consumers read one receiver');
      const restMs = this.#paused ? 0 : this.#rests.take();
      if (restMs > 0) await this.#rest(restMs);
      else await this.#arrival.sleep();
    }
  }

  /** Reads nothing for `ms`, unless it is woken. */
  async #rest(ms: number): Promise<void> {
    this.#copy?.pause();
    await this.#arrival.sleep(ms);
    if (!this.#finishing) this.#copy?.resume();
  }

  /** The next message if one has arrived, or null: cheaper than `next` for many at once. */
  take(): Received | null {
    if (this.#closing !== null) return null;
    try {
      for (;;) {
        const kept = this.#takeKept();
        if (kept !== null) return kept;
        if (this.#next < this.#messages.length) {
          const change = this.#takeNext();
          if (change !== null) return change;
          continue;
        }
        const waiting = this.#backlog.shift();
        if (waiting === undefined) return null;
        this.#unthrottle();
        if (waiting.tag === 'position') return waiting;
        this.#messages = waiting.messages;
        this.#next = 0;
        this.#receivedAt = waiting.receivedAt;
      }
    } catch (error) {
      this.#backlog.clear();
      this.#messages = NOTHING;
      this.#fail(error);
      throw error;
    }
  }

  /** The next message of those that arrived together; null: the consumer gets nothing for it, or `#kept`. */
  #takeNext(): Received | null {
    const { lsn, sentAt, bytes, begin, end } = this.#nextData();
    const receivedAt = this.#receivedAt;
    if (!this.#unfinished.isOwn(bytes[begin]!)) {
      const message = decode(bytes, false, begin, end);
      return this.#handOver({ tag: 'change', lsn, sentAt, receivedAt, message });
    }
    // Copied: it may be kept for long, and the bytes around it with it.
    const rest = this.#unfinished.take({ lsn, data: Buffer.from(bytes.subarray(begin, end)) });
    if (rest !== null) this.#kept = { rest, sentAt, receivedAt };
    return null;
  }

  #nextData(): XLogData {
    const messages = this.#messages;
    const begin = this.#next + HEAD_BYTES;
    this.#next = endOfMessage(messages, this.#next);
    return parseXLogData(messages, begin, this.#next);
  }

  /** The next message of the transaction that was kept until its commit. */
  #takeKept(): Received | null {
    if (this.#kept === null) return null;
    const { rest, sentAt, receivedAt } = this.#kept;
    const { value } = rest.next();
    if (value) return this.#handOver({ tag: 'change', ...value, sentAt, receivedAt });
    this.#kept = null;
    return null;
  }

  /** Asks the server for its position in the WAL, which then follows in the stream. */
  askPosition(): void {
    this.#sendStatus(true);
  }

  /** Reads no more of the stream: `next` returns the rest of the queue, then null. */
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
   * Acknowledges the transaction that ends at `endLsn`, and all before it. The server learns it with the next status, or
   * at `close`, and then does not send them again. A message outside of transactions is acknowledged with its own LSN.
   */
  acknowledge(endLsn: bigint): void {
    this.#progress.acknowledge(endLsn);
  }

  /** Sends the last acknowledgement, and ends the stream and the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#backlog.clear();
    this.#messages = NOTHING;
    this.#kept = null;
    this.#unfinished.close();
    const ended = new Promise<void>((resolve) => {
      this.#onEnded = resolve;
    });
    this.#sendStatus(false);
    this.#copy?.finish();
    // The server's end of the stream follows all that it has sent.
    this.#copy?.resume();
    this.#arrival.wake();
    if (!this.#ended) await within(ended, END_MS);
    if (!this.#ended) cut(this.#client);
    await this.#client.end().catch(() => undefined);
  }

  #receive(messages: Buffer): void {
    if (this.#failure !== null) return;
    try {
      const receivedAt = machineMicros();
      let sentAt: number | null = null;
      let begin = 0;
      let end = 0;
      for (let at = 0; at < messages.length; at = end) {
        end = endOfMessage(messages, at);
        if (messages[at + HEAD_BYTES] === XLOG_DATA) {
          this.#follow(messages, at + HEAD_BYTES + WAL_HEAD_BYTES, end);
          if (end === messages.length)
            sentAt = parseXLogData(messages, at + HEAD_BYTES, end).sentAt;
          continue;
        }
        this.#receiveData(messages, begin, at, receivedAt);
        this.#receiveKeepalive(parseKeepalive(messages, at + HEAD_BYTES, end));
        begin = end;
      }
      this.#receiveData(messages, begin, end, receivedAt);
      this.#rests.read(messages.length, sentAt);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#throttle();
    this.#arrival.wake();
  }

  #receiveData(messages: Buffer, begin: number, end: number, receivedAt: number): void {
    if (this.#closing !== null || begin === end) return;
    const own = messages.subarray(begin, end);
    this.#backlog.push({ tag: 'wal', messages: own, receivedAt }, own.length);
  }

  /** Follows the position with a message of the output plugin. */
  #follow(bytes: Buffer, begin: number, end: number): void {
    switch (bytes[begin]) {
      case BEGIN:
        this.#moveTo(decode(bytes, false, begin, end));
        break;
      case STREAM_START:
      case BEGIN_PREPARE:
        this.#progress.begin();
        this.#rests.begin(null);
        break;
      case STREAM_STOP:
        this.#progress.pause();
        break;
      case MESSAGE:
        // Within a transaction it is one of its changes.
        if (!this.#progress.inTransaction) this.#moveTo(decode(bytes, false, begin, end));
        break;
      case COMMIT:
      case STREAM_COMMIT:
      case PREPARE:
      case STREAM_PREPARE:
      case COMMIT_PREPARED:
      case ROLLBACK_PREPARED:
        this.#moveTo(decode(bytes, false, begin, end));
    }
  }

  #moveTo(message: PgOutputMessage): void {
    switch (message.tag) {
      case 'begin':
        this.#progress.begin();
        this.#rests.begin(Number(message.commitTime));
        return;
      case 'commit':
      case 'stream-commit':
        this.#progress.commit(message.endLsn);
        return;
      case 'prepare':
      case 'stream-prepare':
        this.#progress.prepare(message.xid, message.prepareLsn);
        return;
      case 'commit-prepared':
        this.#progress.commitPrepared(message.xid, message.endLsn);
        return;
      case 'rollback-prepared':
        this.#progress.rollBackPrepared(message.xid);
        return;
      case 'message':
        this.#progress.single(message.lsn);
    }
  }

  #receiveKeepalive({ walEnd, replyAsked }: Keepalive): void {
    if (this.#closing !== null) return;
    this.#progress.keepalive(walEnd);
    if (!this.#progress.inTransaction) {
      const position: Waiting = { tag: 'position', lsn: walEnd };
      if (this.#backlog.last?.tag === 'position') this.#backlog.replaceLast(position);
      else this.#backlog.push(position, 0);
    }
    if (replyAsked) this.#sendStatus(false);
  }

  #handOver(change: ReceivedChange): Received {
    const { message } = change;
    if (message.tag === 'commit') this.#progress.handOver(message.endLsn);
    if (message.tag === 'message' && !message.transactional) this.#progress.handOver(message.lsn);
    return change;
  }

  /** @param askReply has the server send its position now, and not when it sees fit */
  #sendStatus(askReply: boolean): void {
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

  /** The server or the connection has ended the stream. */
  #end(error: unknown): void {
    this.#ended = true;
    if (this.#closing === null) {
      this.#fail(error ?? streamEnded(this.#target, this.#slot));
    }
    this.#onEnded();
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { error: errorOfSlot(error, this.#target, this.#slot) };
    clearInterval(this.#timer);
    cut(this.#client);
    this.#arrival.wake();
  }
}
