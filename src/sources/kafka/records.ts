import zlib from 'node:zlib';
import { KafkaError } from './error.js';
import { unpackLz4 } from './lz4.js';
import { unpackSnappy } from './snappy.js';
import { Decoder } from './wire.js';

/** Takes a record; null as Kafka has it. */
export type Give = (key: Buffer | null, value: Buffer | null, offset: number) => void;

/** A batch of records, as producers write them (magic 2, Kafka 0.11 and newer). */
export interface Batch {
  readonly firstOffset: number;
  /** Offset of the last record as it was written; compaction may have removed that one. */
  readonly lastOffset: number;
  readonly isTransactional: boolean;
  /** It ends a transaction, and holds no records of a producer. */
  readonly isControl: boolean;
  readonly producerId: number;
  readonly count: number;
  /** The records, unpacked when they are asked for. */
  readonly data: () => Buffer;
}

const MAGIC = 2;
/** The offset and the length that stand before a batch. */
const LENGTH_AT = 8;
const HEAD_BYTES = 12;
/** In the attributes of a batch. */
const COMPRESSION = 0b111;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

/** Present from Node.js 22.15 on, which the typings of the oldest one do not have. */
const { zstdDecompressSync } = zlib as typeof zlib & {
  zstdDecompressSync?: (packed: Buffer) => Buffer;
};

/** The batches of an answer. The broker cuts the last one off where its limit is: that one is left out. */
export function* batchesOf(records: Buffer): Generator<Batch> {
  for (let at = 0; at + HEAD_BYTES <= records.length; ) {
    const end = at + HEAD_BYTES + records.readInt32BE(at + LENGTH_AT);
    if (end > records.length) return;
    yield readBatch(records.subarray(at, end));
    at = end;
  }
}

function readBatch(bytes: Buffer): Batch {
  const d = new Decoder(bytes);
  const firstOffset = d.int64();
  d.int32(); // length
  d.int32(); // partition_leader_epoch
  const magic = d.int8();
  if (magic !== MAGIC)
    throw unreadable(`the records are in the format of Kafka before 0.11 (${magic})`);
  d.int32(); // crc
  const attributes = d.int16();
  const lastOffset = firstOffset + d.int32();
  d.int64(); // first_timestamp
  d.int64(); // max_timestamp
  const producerId = d.int64();
  d.int16(); // producer_epoch
  d.int32(); // first_sequence
  const count = d.int32();
  const packed = d.take(d.left);
  return {
    firstOffset,
    lastOffset,
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
    producerId,
    count,
    data: () => unpack(packed, attributes & COMPRESSION),
  };
}

/** Gives out the records of a batch, in their order. Throws a KafkaError where it cannot be read. */
export function readRecords(batch: Batch, give: Give): void {
  const d = new Decoder(readable(batch.data));
  for (let i = 0; i < batch.count; i++) {
    const { key, value, delta } = readable(() => readRecord(d));
    give(key, value, batch.firstOffset + delta);
  }
}

function readRecord(d: Decoder) {
  const record = new Decoder(d.take(d.varint()));
  record.int8(); // attributes
  record.varint(); // timestamp
  const delta = record.varint();
  // The headers behind key and value are of no use here.
  return { delta, key: record.varintBytes(), value: record.varintBytes() };
}

/** Runs `read`; its failure is one of the records, not of this program. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof KafkaError) throw cause;
    throw unreadable(`a batch of records is broken: ${(cause as Error).message}`, cause);
  }
}

function unpack(packed: Buffer, compression: number): Buffer {
  switch (compression) {
    case 0:
      return packed;
    case 1:
      return zlib.gunzipSync(packed);
    case 2:
      return unpackSnappy(packed);
    case 3:
      return unpackLz4(packed);
    case 4:
      if (zstdDecompressSync !== undefined) return zstdDecompressSync(packed);
      throw unreadable(
        `the records are compressed by zstd, which Node.js unpacks from 22.15 on; this is ${process.version}`,
      );
    default:
      throw unreadable(`the records are compressed by an unknown method (${compression})`);
  }
}

function unreadable(message: string, cause?: unknown): KafkaError {
  return new KafkaError({ kind: 'unreadable' }, message, { cause });
}
