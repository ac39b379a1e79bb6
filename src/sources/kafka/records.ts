import zlib from 'node:zlib';
import { unpackLz4, unpackSnappy } from './compression.js';
import { KafkaError } from './failures.js';
import type { FetchedPartition } from './requests.js';
import { KafkaDecoder } from './wire.js';

/** Receives a record. */
export type OnRecord = (key: Buffer | null, value: Buffer | null, offset: number) => void;

/** A batch of records, as producers write them (magic 2, Kafka 0.11 and newer). */
export interface Batch {
  readonly firstOffset: number;
  /** Offset of the last record as it was written; compaction may have removed that one. */
  readonly lastOffset: number;
  readonly isTransactional: boolean;
  /** Ends a transaction, and has no records of a producer. */
  readonly isControl: boolean;
  readonly producerId: number;
  readonly count: number;
  /** Unpacks the records. */
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

/** Since Node.js 22.15; the typings are of the oldest supported version. */
const { zstdDecompressSync } = zlib as typeof zlib & {
  zstdDecompressSync?: (packed: Buffer) => Buffer;
};

/** The batches of an answer, without the last one where the broker's size limit cut it off. */
function* batchesOf(records: Buffer): Generator<Batch> {
  for (let at = 0; at + HEAD_BYTES <= records.length; ) {
    const end = at + HEAD_BYTES + records.readInt32BE(at + LENGTH_AT);
    if (end > records.length) return;
    yield readBatch(records.subarray(at, end));
    at = end;
  }
}

function readBatch(bytes: Buffer): Batch {
  const d = new KafkaDecoder(bytes);
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

/** Gives the records of a batch to `onRecord` in order. Throws a KafkaError where the batch cannot be read. */
function readRecords(batch: Batch, onRecord: OnRecord): void {
  const d = new KafkaDecoder(readable(batch.data));
  for (let i = 0; i < batch.count; i++) {
    const { key, value, delta } = readable(() => readRecord(d));
    onRecord(key, value, batch.firstOffset + delta);
  }
}

function readRecord(d: KafkaDecoder) {
  const record = new KafkaDecoder(d.take(d.varint()));
  record.int8(); // attributes
  record.varint(); // timestamp
  const delta = record.varint();
  // The headers after key and value are not used.
  return { delta, key: record.varintBytes(), value: record.varintBytes() };
}

/** Runs `read`, whose failures are those of the records, not of this program. */
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

/** The type of a control record that aborts; the type follows the version in its key. */
const ABORT = 0;
const TYPE_AT = 2;

/** A partition and the position of its reader. */
export class Partition {
  readonly topic: string;
  readonly index: number;
  /** Its number among all partitions of the source, from 0. */
  readonly ordinal: number;
  /** The offset to read next. */
  #next: number;
  /** The end of the readable records, as of the last answer. */
  #end: number | null = null;

  constructor(of: { topic: string; index: number; stream: number; first: number }) {
    this.topic = of.topic;
    this.index = of.index;
    this.ordinal = of.stream;
    this.#next = of.first;
  }

  get next(): number {
    return this.#next;
  }

  /** Everything up to the end as of the last answer has been read. */
  get atEnd(): boolean {
    return this.#end !== null && this.#next >= this.#end;
  }

  /**
   * Gives the records of an answer to a fetch from `next` to `onRecord`, without those of aborted transactions, which
   * the broker sends and lists.
   */
  take(answer: FetchedPartition, onRecord: OnRecord): void {
    const { lastStableOffset, highWatermark } = answer;
    this.#end = lastStableOffset >= 0 ? lastStableOffset : highWatermark;
    const aborted = answer.aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
    const aborting = new Set<number>();
    for (const batch of batchesOf(answer.records ?? NOTHING)) {
      while (aborted[0] !== undefined && aborted[0].firstOffset <= batch.lastOffset) {
        aborting.add(aborted.shift()!.producerId);
      }
      if (batch.isControl) {
        if (isAbort(batch)) aborting.delete(batch.producerId);
      } else if (!batch.isTransactional || !aborting.has(batch.producerId)) {
        this.#give(batch, onRecord);
      }
      // By the batch's own end: compaction may have removed its last record.
      if (batch.lastOffset >= this.#next) this.#next = batch.lastOffset + 1;
    }
  }

  #give(batch: Batch, onRecord: OnRecord): void {
    readRecords(batch, (key, value, offset) => {
      // The broker sends the whole batch that contains `next`.
      if (offset >= this.#next) onRecord(key, value, offset);
    });
  }
}

const NOTHING = Buffer.alloc(0);

function isAbort(batch: Batch): boolean {
  let type: number | undefined;
  readRecords(batch, (key) => {
    type ??= key?.readInt16BE(TYPE_AT);
  });
  return type === ABORT;
}

/** Groups items by a key, in their order. */
export function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? [];
    groups.set(keyOf(item), group);
    group.push(item);
  }
  return groups;
}
