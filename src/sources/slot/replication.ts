import type { Client, Connection, Submittable } from 'pg';
import { escapeIdentifier } from '../../postgres/driver.js';
import { COPY_DATA, readInPlaceOfPg } from '../../postgres/message-cutter.js';
import { ByteReader, DecodeError } from './byte-reader.js';
import { EPOCH_MICROS } from './pgoutput.js';

/** A message of the output plugin, in the bytes of many. */
export interface XLogData {
  /** Position in the WAL, exact below 2^53; 0 for messages that are not in it, as descriptions of tables. */
  readonly lsn: number;
  /** Time of sending by the server's clock, in microseconds since 1970. */
  readonly sentAt: number;
  readonly bytes: Buffer;
  readonly begin: number;
  readonly end: number;
}

/** The server's sign of life. */
export interface Keepalive {
  /** The server has read and sent all WAL before it. */
  readonly walEnd: bigint;
  readonly sentAt: bigint;
  readonly replyAsked: boolean;
}

export const XLOG_DATA = 0x77;
/** Bytes of XLogData before the plugin's message: type, LSN, end of the WAL, time. */
export const WAL_HEAD_BYTES = 25;
const LSN_AT = 1;
const TIME_AT = 17;
const KEEPALIVE = 0x6b;
const STATUS = 0x72;
const STATUS_BYTES = 34;
const MICROS_PER_MS = 1000n;
const HIGH_HALF = 2 ** 32;
const UNIX_MICROS = Number(EPOCH_MICROS);

/** Parses XLogData, in the bytes from `begin` to before `end`. Throws a DecodeError where it is cut short. */
export function parseXLogData(bytes: Buffer, begin: number, end: number): XLogData {
  const data = begin + WAL_HEAD_BYTES;
  if (data > end) throw new DecodeError('the message ends within its head', end - begin);
  const lsn = wide(bytes.readUInt32BE(begin + LSN_AT), bytes, begin + LSN_AT);
  const sentAt = wide(bytes.readInt32BE(begin + TIME_AT), bytes, begin + TIME_AT) + UNIX_MICROS;
  return { lsn, sentAt, bytes, begin: data, end };
}

/** Parses a keepalive, in the bytes from `begin` to before `end`. Throws a DecodeError on anything else. */
export function parseKeepalive(bytes: Buffer, begin: number, end: number): Keepalive {
  const reader = new ByteReader(bytes, begin, end);
  const type = reader.uint8('its type');
  if (type !== KEEPALIVE) throw new DecodeError(`no replication message has the type ${type}`, 0);
  const walEnd = reader.uint64('the end of the WAL');
  const sentAt = reader.int64('the time') + EPOCH_MICROS;
  return { walEnd, sentAt, replyAsked: reader.uint8('the reply flag') !== 0 };
}

/** An integer of 64 bits, exact below 2^53, without a BigInt: every change has two. `high`: its upper half. */
function wide(high: number, bytes: Buffer, at: number): number {
  return high * HIGH_HALF + bytes.readUInt32BE(at + 4);
}

/**
 * The message that acknowledges everything before `lsn`: the server need not send it again.
 *
 * @param now in milliseconds since 1970
 * @param askReply has the server answer with a keepalive at once
 */
export function standbyStatus(lsn: bigint, now: number, askReply: boolean): Buffer {
  const bytes = Buffer.alloc(STATUS_BYTES);
  bytes.writeUInt8(STATUS, 0);
  // Written, flushed and applied: acknowledged by the consumer means all three.
  for (const at of [1, 9, 17]) bytes.writeBigUInt64BE(lsn, at);
  bytes.writeBigInt64BE(BigInt(Math.trunc(now)) * MICROS_PER_MS - EPOCH_MICROS, 25);
  bytes.writeUInt8(askReply ? 1 : 0, 33);
  return bytes;
}

export interface StreamOptions {
  /** Messages of `pg_logical_emit_message` are sent, too. */
  readonly messages: boolean;
  /** Parts of large transactions are sent before their end. */
  readonly streaming: boolean;
  /** Transactions are sent when they are prepared. A slot without it would get it, and for good. */
  readonly twoPhase: boolean;
}

/** The command that streams from the slot's confirmed position on, in the lowest version of the protocol that can. */
export function startReplication(
  slot: string,
  publications: readonly string[],
  { messages, streaming, twoPhase }: StreamOptions,
): string {
  const names = publications.map(escapeIdentifier).join(',');
  const version = twoPhase ? 3 : streaming ? 2 : 1;
  const options = [`proto_version '${version}'`, `publication_names ${quoteText(names)}`];
  if (messages) options.push(`messages 'true'`);
  if (streaming) options.push(`streaming 'on'`);
  if (twoPhase) options.push(`two_phase 'on'`);
  return `START_REPLICATION SLOT ${escapeIdentifier(slot)} LOGICAL 0/0 (${options.join(', ')})`;
}

/**
 * The command that makes a slot which ends with its connection, in the grammar of before PostgreSQL 15, which all
 * versions take. Without a snapshot: no tables are copied.
 */
export function createTemporarySlot(slot: string): string {
  const name = escapeIdentifier(slot);
  return `CREATE_REPLICATION_SLOT ${name} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`;
}

/** Quotes a text for replication commands, whose grammar has no backslashes and no `E'…'`. */
function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Events of a stream. None follows `onEnd`. */
export interface CopyBothEvents {
  /** Whole CopyData messages, each after its head (`HEAD_BYTES`). Their bytes do not change afterwards. */
  readonly onData: (messages: Buffer) => void;
  /** The stream is over: by an error, or (null) because either side ended it. */
  readonly onEnd: (error: unknown) => void;
}

/** A connection's methods for COPY, which the typings lack. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A COPY stream in both directions, as a query of `pg`. */
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

  /** Sends the command and waits until the server streams. Throws the server's error. */
  static async start(client: Client, command: string, events: CopyBothEvents): Promise<CopyBoth> {
    const copy = new CopyBoth(command, events);
    await new Promise<void>((resolve, reject) => {
      copy.#started = { resolve, reject };
      client.query(copy);
    });
    return copy;
  }

  /** Reads no more until `resume`: the kernel's buffers fill, then the server waits. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  send(chunk: Buffer): void {
    if (!this.#ended) this.#connection?.sendCopyFromChunk(chunk);
  }

  /** Ends our side; the server then ends its own. */
  finish(): void {
    if (!this.#ended) this.#connection?.endCopyFrom();
  }

  submit(connection: Connection): void {
    this.#connection = connection as CopyConnection;
    readInPlaceOfPg(connection, [COPY_DATA], (messages) => {
      if (!this.#ended) this.#events.onData(messages);
      return true;
    });
    connection.once('replicationStart', () => {
      this.#started?.resolve();
      this.#started = null;
    });
    connection.query(this.#command);
  }

  handleCommandComplete(): void {
    // Not the end: ReadyForQuery follows, or, from a server that is shut down, the connection's close.
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
