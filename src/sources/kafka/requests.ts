import { KafkaDecoder, KafkaEncoder } from './wire.js';

/**
 * A request of Kafka's protocol, and the reader of its answer. Each has one version for all brokers, which Kafka has had
 * since 2.1 and still has in 4.
 */
export interface KafkaRequest<A> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  readonly body: (encoder: KafkaEncoder) => void;
  readonly answer: (decoder: KafkaDecoder) => A;
}

/** Keys and versions of the protocol; names are for the message about a broker that lacks one. */
const API = {
  fetch: { name: 'Fetch', key: 1, version: 10 },
  listOffsets: { name: 'ListOffsets', key: 2, version: 2 },
  metadata: { name: 'Metadata', key: 3, version: 4 },
  saslHandshake: { name: 'SaslHandshake', key: 17, version: 1 },
  apiVersions: { name: 'ApiVersions', key: 18, version: 0 },
  saslAuthenticate: { name: 'SaslAuthenticate', key: 36, version: 1 },
} as const;

/** Requests that a broker must have. */
export const NEEDED = [API.fetch, API.listOffsets, API.metadata] as const;

/** The replica id of a client. */
const NO_REPLICA = -1;
const READ_COMMITTED = 1;
const EARLIEST = -2;
/** No fetch session: every request lists all partitions. */
const NO_SESSION = 0;
const SESSIONLESS = -1;
const UNKNOWN_EPOCH = -1;
const NO_LOG_START = -1;

export interface ApiRange {
  readonly key: number;
  readonly min: number;
  readonly max: number;
}

/** The requests and versions of a broker. Answered before any login. */
export const apiVersions: KafkaRequest<{ error: number; ranges: ApiRange[] }> = {
  ...API.apiVersions,
  body: () => undefined,
  answer: (d) => ({
    error: d.int16(),
    ranges: d.array(() => ({ key: d.int16(), min: d.int16(), max: d.int16() })),
  }),
};

/** Begins a login; the answer lists the mechanisms that the broker offers. */
export function saslHandshake(
  mechanism: string,
): KafkaRequest<{ error: number; offered: string[] }> {
  return {
    ...API.saslHandshake,
    body: (e) => e.string(mechanism),
    answer: (d) => ({ error: d.int16(), offered: d.array(() => d.string()) }),
  };
}

/** A step of a login. */
export function saslAuthenticate(
  message: Buffer,
): KafkaRequest<{ error: number; detail: string; message: Buffer; lifetimeMs: number }> {
  return {
    ...API.saslAuthenticate,
    body: (e) => e.bytes(message),
    answer: (d) => ({
      error: d.int16(),
      detail: d.string(),
      message: d.bytes() ?? Buffer.alloc(0),
      lifetimeMs: d.int64(),
    }),
  };
}

interface PartitionInfo {
  readonly index: number;
  readonly leader: number;
}

export interface TopicInfo {
  readonly error: number;
  readonly name: string;
  readonly partitions: readonly PartitionInfo[];
}

export interface Metadata {
  readonly brokers: readonly { node: number; host: string; port: number }[];
  readonly topics: readonly TopicInfo[];
}

/** The brokers, and topics with their leaders; null: every topic that the user may see. Creates no topic. */
export function metadata(topics: readonly string[] | null): KafkaRequest<Metadata> {
  return {
    ...API.metadata,
    body: (e) => e.array(topics, (topic) => e.string(topic)).int8(0),
    answer: (d) => {
      d.int32(); // throttle_time_ms
      const brokers = d.array(() => {
        const broker = { node: d.int32(), host: d.string(), port: d.int32() };
        d.nullableString(); // rack
        return broker;
      });
      d.nullableString(); // cluster_id
      d.int32(); // controller_id
      const topics = d.array(() => {
        const head = { error: d.int16(), name: d.string() };
        d.int8(); // is_internal
        const partitions = d.array(() => {
          d.int16(); // error_code: without a leader the partition says enough
          const partition = { index: d.int32(), leader: d.int32() };
          d.array(() => d.int32()); // replicas
          d.array(() => d.int32()); // in-sync replicas
          return partition;
        });
        return { ...head, partitions };
      });
      return { brokers, topics };
    },
  };
}

/** A topic's partitions in a request. */
export interface Asked<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

export interface Earliest {
  readonly topic: string;
  readonly index: number;
  readonly error: number;
  readonly offset: number;
}

/** First offsets of partitions, from their leader. */
export function earliestOffsets(topics: readonly Asked<number>[]): KafkaRequest<Earliest[]> {
  return {
    ...API.listOffsets,
    body: (e) =>
      e
        .int32(NO_REPLICA)
        .int8(READ_COMMITTED)
        .array(topics, ({ topic, partitions }) =>
          e.string(topic).array(partitions, (index) => e.int32(index).int64(EARLIEST)),
        ),
    answer: (d) => {
      d.int32(); // throttle_time_ms
      const found = d.array(() => {
        const topic = d.string();
        return d.array(() => {
          const head = { topic, index: d.int32(), error: d.int16() };
          d.int64(); // timestamp
          return { ...head, offset: d.int64() };
        });
      });
      return found.flat();
    },
  };
}

export interface FetchLimits {
  /** How long the broker holds the request without new records, in milliseconds. */
  readonly holdMs: number;
  readonly answerBytes: number;
  /** Bytes of one partition; a larger batch is sent nevertheless. */
  readonly partitionBytes: number;
}

/** One partition's part of the answer to a fetch. */
export interface FetchedPartition {
  readonly topic: string;
  readonly index: number;
  readonly error: number;
  readonly highWatermark: number;
  /** The end of the records without an open transaction before them. */
  readonly lastStableOffset: number;
  readonly aborted: readonly { producerId: number; firstOffset: number }[];
  /** Batches of records, the last one perhaps cut off. */
  readonly records: Buffer | null;
}

/** Records of partitions from an offset on, from their leader. */
export function fetchRecords(
  topics: readonly Asked<{ readonly index: number; readonly next: number }>[],
  { holdMs, answerBytes, partitionBytes }: FetchLimits,
): KafkaRequest<{ error: number; partitions: FetchedPartition[] }> {
  return {
    ...API.fetch,
    body: (e) =>
      e
        .int32(NO_REPLICA)
        .int32(holdMs)
        .int32(1) // min_bytes
        .int32(answerBytes)
        .int8(READ_COMMITTED)
        .int32(NO_SESSION)
        .int32(SESSIONLESS)
        .array(topics, ({ topic, partitions }) =>
          e
            .string(topic)
            .array(partitions, ({ index, next }) =>
              e
                .int32(index)
                .int32(UNKNOWN_EPOCH)
                .int64(next)
                .int64(NO_LOG_START)
                .int32(partitionBytes),
            ),
        )
        .array([], () => undefined), // forgotten_topics_data
    answer: (d) => {
      d.int32(); // throttle_time_ms
      const error = d.int16();
      d.int32(); // session_id
      const partitions = d.array(() => {
        const topic = d.string();
        return d.array(() => {
          const head = { topic, index: d.int32(), error: d.int16() };
          const highWatermark = d.int64();
          const lastStableOffset = d.int64();
          d.int64(); // log_start_offset
          const aborted = d.array(() => ({ producerId: d.int64(), firstOffset: d.int64() }));
          return { ...head, highWatermark, lastStableOffset, aborted, records: d.bytes() };
        });
      });
      return { error, partitions: partitions.flat() };
    },
  };
}

/** The bytes of a request: length, head and body. */
export function encodeRequest<A>(
  { key, version, body }: KafkaRequest<A>,
  correlation: number,
  clientId: string,
): Buffer {
  const encoder = new KafkaEncoder().int32(0).int16(key).int16(version).int32(correlation);
  body(encoder.string(clientId));
  const message = encoder.done();
  message.writeInt32BE(message.length - 4);
  return message;
}

/** Reads the body of an answer. Throws a RangeError where it is cut off. */
export function decodeAnswer<A>({ answer }: KafkaRequest<A>, body: Buffer): A {
  return answer(new KafkaDecoder(body));
}
