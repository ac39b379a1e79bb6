import type { Client, Connection, Submittable } from 'pg';
import { escapeIdentifier } from '../../postgres/driver.js';
import { ByteReader } from './byte-reader.js';
import { DecodeError, EPOCH_MICROS } from './pgoutput.js';

/** A message of the output plugin. */
export interface XLogData {
  readonly tag: 'wal';
  /** Where in the WAL it comes from; 0 where it comes from nowhere, as descriptions of tables do. */
  readonly lsn: bigint;
  /** When it was sent, by the server's clock: microseconds since 1970. */
  readonly sentAt: bigint;
  readonly data: Buffer;
}

/** Sign of life of the server. */
export interface Keepalive {
  readonly tag: 'keepalive';
  /** All of the WAL before it has been read and sent. */
  readonly walEnd: bigint;
  readonly sentAt: bigint;
  readonly replyAsked: boolean;
}

const XLOG_DATA = 0x77;
const KEEPALIVE = 0x6b;
const STATUS = 0x72;
const STATUS_BYTES = 34;
const MICROS_PER_MS = 1000n;

/** What the server sends while it streams. Its data is a copy: `pg` uses its buffers again. */
export function parseCopyData(chunk: Buffer): XLogData | Keepalive {
  const reader = new ByteReader(chunk);
  const type = reader.uint8('its type');
  if (type === XLOG_DATA) {
    const lsn = reader.uint64('the LSN');
    reader.uint64('the end of the WAL');
    const sentAt = reader.int64('the time') + EPOCH_MICROS;
    return { tag: 'wal', lsn, sentAt, data: reader.copy(reader.left, 'the data') };
  }
  if (type === KEEPALIVE) {
    const walEnd = reader.uint64('the end of the WAL');
    const sentAt = reader.int64('the time') + EPOCH_MICROS;
    return { tag: 'keepalive', walEnd, sentAt, replyAsked: reader.uint8('the reply flag') !== 0 };
  }
  throw new DecodeError(`no replication message has the type ${type}`, 0);
}

/**
 * Tells the server how far the consumer has got: what is before `lsn` it need not send again. `now`: in
 * milliseconds since 1970.
 */
export function standbyStatus(lsn: bigint, now: number, askReply: boolean): Buffer {
  const bytes = Buffer.alloc(STATUS_BYTES);
  bytes.writeUInt8(STATUS, 0);
  // Written, flushed and applied: a consumer that has confirmed something has done all three.
  for (const at of [1, 9, 17]) bytes.writeBigUInt64BE(lsn, at);
  bytes.writeBigInt64BE(BigInt(Math.trunc(now)) * MICROS_PER_MS - EPOCH_MICROS, 25);
  bytes.writeUInt8(askReply ? 1 : 0, 33);
  return bytes;
}

/** The command that starts streaming from where the slot's last consumer confirmed. */
export function startReplication(
  slot: string,
  publications: readonly string[],
  messages: boolean,
): string {
  const names = publications.map(escapeIdentifier).join(',');
  const options = [`proto_version '1'`, `publication_names ${quoteText(names)}`];
  if (messages) options.push(`messages 'true'`);
  return `START_REPLICATION SLOT ${escapeIdentifier(slot)} LOGICAL 0/0 (${options.join(', ')})`;
}

/**
 * The command that makes a slot which goes with its connection. In the words of before PostgreSQL 15,
 * which all versions take. No snapshot: nobody copies the tables.
 */
export function createTemporarySlot(slot: string): string {
  const name = escapeIdentifier(slot);
  return `CREATE_REPLICATION_SLOT ${name} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`;
}

/** The grammar of replication commands knows no backslashes in texts, and so no `E'…'`. */
function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What a stream tells its owner. After `ended` nothing more comes. */
export interface CopyBothEvents {
  /** A message; its bytes are valid during the call. */
  readonly onData: (chunk: Buffer) => void;
  /** The stream is over: by an error, or (null) because the server or we ended it. */
  readonly onEnd: (error: unknown) => void;
}

/** Not in the typings: what a connection has for COPY. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A stream of COPY in both directions, as `pg` sees it: a query that answers with it. */
export class CopyBoth implements Submittable {
  readonly #command: string;
  readonly #events: CopyBothEvents;
  #connection: CopyConnection | null = null;
  #ended = false;
  #started: { resolve: () => void; reject: (error: unknown) => void } | null = null;

  private constructor(command: string, events: CopyBothEvents) {
    this.#command = command;
    this.#events = events;
  }

  /** Sends the command and waits until the server streams. Throws what the server says instead. */
  static async start(client: Client, command: string, events: CopyBothEvents): Promise<CopyBoth> {
    const copy = new CopyBoth(command, events);
    await new Promise<void>((resolve, reject) => {
      copy.#started = { resolve, reject };
      client.query(copy);
    });
    return copy;
  }

  /** Reads no more until `resume`: what the server sends then waits with the kernel, and later the server. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  send(chunk: Buffer): void {
    if (!this.#ended) this.#connection?.sendCopyFromChunk(chunk);
  }

  /** Sends nothing more; the server answers by its own end. */
  finish(): void {
    if (!this.#ended) this.#connection?.endCopyFrom();
  }

  submit(connection: Connection): void {
    this.#connection = connection as CopyConnection;
    connection.once('replicationStart', () => {
      this.#started?.resolve();
      this.#started = null;
    });
    connection.query(this.#command);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    if (!this.#ended) this.#events.onData(chunk);
  }

  handleCommandComplete(): void {
    // A server that is shut down says so, and closes the connection without being ready again.
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  handleError(error: unknown): void {
    this.#end(error);
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#started === null) this.#events.onEnd(error);
    else this.#started.reject(error ?? new Error('the server did not start to stream'));
    this.#started = null;
  }
}
