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
