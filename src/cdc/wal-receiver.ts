import { EXIT, OperatorError } from '../errors.js';
import { connectReplication, cut, operatorErrorOf } from '../postgres/connect.js';
import { type Client, DatabaseError, escapeLiteral } from '../postgres/driver.js';
import { describeFailure, placeOf } from '../postgres/failures.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { within } from '../threads/clock.js';
import { Backlog } from './backlog.js';
import { CopyBoth } from './copy-both.js';
import { parseLsn } from './lsn.js';
import type { PgOutputMessage } from './messages.js';
import { DecodeError, decode } from './pgoutput.js';
import { Progress } from './progress.js';
import {
  type Keepalive,
  parseCopyData,
  standbyStatus,
  startReplication,
  type XLogData,
} from './replication-wire.js';

/** Between two statuses at most: the server gives a consumer up after 60 s of silence by default. */
const STATUS_MS = 10_000;
/** Statuses within the silence that the server allows: one or two may be late. */
const STATUSES_PER_TIMEOUT = 4;
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
  /** Whether what `pg_logical_emit_message` writes is sent, too. */
  readonly messages?: boolean;
  /** Bytes that may wait for the consumer; what one read of the socket brings comes on top. */
  readonly queueBytes?: number;
}

/** What a consumer gets, in the order in which the server sent it. */
export type Received =
  | {
      readonly tag: 'change';
      /** Where in the WAL it comes from; 0 for descriptions of tables and types. */
      readonly lsn: bigint;
      /** When it was sent, by the server's clock: microseconds since 1970. */
      readonly sentAt: bigint;
      readonly message: PgOutputMessage;
    }
  /** Between transactions: everything that was committed before `lsn` has been given out. */
  | { readonly tag: 'position'; readonly lsn: bigint };

type Waiting = XLogData | Extract<Received, { tag: 'position' }>;

/**
 * Reads a logical replication slot, through an own connection. It acknowledges what its consumer has
 * acknowledged and nothing else, unless nothing is in flight. Memory is bounded: a consumer that is slow
 * slows the server down. To be closed by whoever opened it.
 */
export class WalReceiver implements AsyncIterable<Received> {
  readonly #client: Client;
  readonly #target: ConnectionTarget;
  readonly #slot: string;
  readonly #progress: Progress;
  readonly #queueBytes: number;
  readonly #backlog = new Backlog<Waiting>();
  #copy: CopyBoth | null = null;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  /** What ended the stream before it was closed. */
  #failure: { readonly error: unknown } | null = null;
  #closing: Promise<void> | null = null;
  #over = false;
  /** Lets `close` go on when the server has ended the stream. */
  #onOver: () => void = () => undefined;
  /** Lets the consumer go on that waits for something to come. */
  #wake: (() => void) | null = null;

  private constructor(
    client: Client,
    target: ConnectionTarget,
    options: ReceiverOptions,
    position: bigint,
  ) {
    this.#client = client;
    this.#target = target;
    this.#slot = options.slot;
    this.#queueBytes = options.queueBytes ?? QUEUE_BYTES;
    this.#progress = new Progress(position);
  }

  /**
   * Starts where the slot's last consumer confirmed. Throws an `OperatorError` when there is no such
   * slot or publication, or somebody else reads it, or no connection.
   */
  static async open(target: ConnectionTarget, options: ReceiverOptions): Promise<WalReceiver> {
    const client = await connectReplication(target);
    try {
      await requirePublications(client, target, options.publications);
      const { position, statusMs } = await prepare(client, options.slot);
      const receiver = new WalReceiver(client, target, options, position);
      const { slot, publications, messages = false } = options;
      receiver.#copy = await CopyBoth.start(
        client,
        startReplication(slot, publications, messages),
        {
          onData: (chunk) => receiver.#receive(chunk),
          onEnd: (error) => receiver.#end(error),
        },
      );
      if (!receiver.#over) receiver.#timer = setInterval(() => receiver.#tell(true), statusMs);
      receiver.#throttle();
      return receiver;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw errorOf(error, target, options.slot);
    }
  }

  /** Bytes that wait for the consumer, about. */
  get waitingBytes(): number {
    return this.#backlog.bytes;
  }

  /**
   * The next message; null after `close`. Throws, behind everything that has arrived, when the server
   * ended the stream or the connection is lost, and a DecodeError when it sent what is no message.
   * One call at a time.
   */
  async next(): Promise<Received | null> {
    for (;;) {
      if (this.#closing !== null) return null;
      const waiting = this.#backlog.shift();
      if (waiting !== undefined) {
        this.#unthrottle();
        return waiting.tag === 'position' ? waiting : this.#handOver(waiting);
      }
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#wake !== null) throw new Error('two consumers read one receiver');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
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
    this.#wakeUp();
    if (!this.#over) await within(over, END_MS);
    if (!this.#over) cut(this.#client);
    await this.#client.end().catch(() => undefined);
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== null) return;
    try {
      const message = parseCopyData(chunk);
      if (message.tag === 'wal') this.#receiveData(message);
      else this.#receiveKeepalive(message);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#throttle();
    this.#wakeUp();
  }

  #receiveData(received: XLogData): void {
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
    this.#backlog.push(received, data.length);
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

  #handOver({ lsn, sentAt, data }: XLogData): Received {
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
    return { tag: 'change', lsn, sentAt, message };
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
    if (!this.#paused || this.#backlog.bytes > this.#queueBytes * RESUME_SHARE) return;
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
    this.#failure = { error: errorOf(error, this.#target, this.#slot) };
    clearInterval(this.#timer);
    cut(this.#client);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

/**
 * Makes the session write values in one way only, whatever the server's settings, and finds out what the
 * slot was confirmed up to and how often the server wants to hear of us.
 */
async function prepare(
  client: Client,
  slot: string,
): Promise<{ position: bigint; statusMs: number }> {
  await client.query(
    `SELECT set_config('IntervalStyle', 'postgres', false),
            set_config('extra_float_digits', '3', false),
            set_config('bytea_output', 'hex', false)`,
  );
  const { rows } = await client.query<{ timeout: number; position: string | null }>(
    `SELECT setting::int AS timeout,
            (SELECT confirmed_flush_lsn::text FROM pg_replication_slots
              WHERE slot_name = ${escapeLiteral(slot)}) AS position
       FROM pg_settings WHERE name = 'wal_sender_timeout'`,
  );
  const { timeout = 0, position = null } = rows[0] ?? {};
  // 0: the server waits for ever.
  const statusMs =
    timeout === 0 ? STATUS_MS : Math.min(STATUS_MS, Math.ceil(timeout / STATUSES_PER_TIMEOUT));
  return { position: position === null ? 0n : (parseLsn(position) ?? 0n), statusMs };
}

/** A server from 18 on would go on without a publication that is not there, and send nothing of it. */
async function requirePublications(
  client: Client,
  { database }: ConnectionTarget,
  publications: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT pubname AS name FROM pg_publication',
  );
  const names = new Set(rows.map(({ name }) => name));
  const publication = publications.find((name) => !names.has(name));
  if (publication === undefined) return;
  throw new OperatorError(EXIT.state, (m) => m.db.publicationMissing({ publication, database }));
}

function streamEnded(target: ConnectionTarget, slot: string): OperatorError {
  return new OperatorError(EXIT.unreachable, (m) =>
    m.db.streamEnded({ slot, where: placeOf(target) }),
  );
}

/** What the server has against the slot or the publications is not what it has against rows. */
function errorOf(error: unknown, target: ConnectionTarget, slot: string): unknown {
  if (error instanceof DecodeError) return error;
  if (error instanceof DatabaseError && describeFailure(error).class !== 'critical') {
    const { message } = error;
    return new OperatorError(
      EXIT.state,
      (m) => m.db.slotRefused({ slot, where: placeOf(target), message }),
      { cause: error },
    );
  }
  return operatorErrorOf(error, target);
}
