import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { BackOff, type ReconnectPolicy } from '../../lib/back-off.js';
import { machineMicros, monotonicMs } from '../../lib/clock.js';
import { Wakeable } from '../../lib/wakeable.js';
import { Intake, type IntakeOptions } from '../intake.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { KafkaClient } from './client.js';
import { ANSWER, finalError, KafkaError, type Place, requireOk, unreachable } from './failures.js';
import { grouped, Partition } from './records.js';
import { earliestOffsets, type FetchLimits, fetchRecords, type TopicInfo } from './requests.js';
import { type KafkaSecurity, PLAINTEXT } from './security.js';

/** Limits of an answer, and of the broker's wait for new records. */
const LIMITS: FetchLimits = { holdMs: 250, answerBytes: 8 << 20, partitionBytes: 1 << 20 };
/** The brokers' number for it. */
const NO_LEADER = -1;
/** Between two checks that there are no other topics than at the start. */
const CHECK_MS = 2_000;
/** Retries for a new topic, which has no leader for a moment. */
const START_RETRIES = 4;
const START_RETRY_MS = 250;

export interface KafkaSourceOptions extends IntakeOptions {
  /** HOST:PORT */
  readonly brokers: readonly string[];
  /** The beginning of the topics' names. */
  readonly prefix: string;
  /** TLS and SASL; left out: neither. */
  readonly security?: KafkaSecurity;
  /** Retries after a lost connection. */
  readonly reconnect: ReconnectPolicy;
  /** Called before each attempt to connect again, with the error that made it necessary. */
  readonly onReconnect?: (error: unknown, waitMs: number) => void;
}

/** One round of reading: it ends for all brokers when the reader of one fails. */
interface Round {
  over: boolean;
}

/**
 * Events from Kafka: every partition of the topics that begin with a prefix, from its first record, without records of
 * aborted transactions. It joins no consumer group and commits no offsets, so it does not disturb other consumers.
 */
export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions;
  readonly #place: Place;
  readonly #backOff: BackOff;
  /** Ended by `stop`, and with it the waits for a broker. */
  readonly #stop = new Wakeable();
  #starting: Promise<boolean> | null = null;
  #client: KafkaClient | null = null;
  #partitions: readonly Partition[] = [];
  #checkedAt = 0;
  /** Records came since the last `idle`, or there was none yet. */
  #busy = true;

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    const { brokers, security = PLAINTEXT } = options;
    this.#place = { where: brokers.join(','), security };
    this.#backOff = new BackOff(options.reconnect);
  }

  /** The partitions; known after `start`. */
  get partitions(): number {
    if (this.#partitions.length === 0) throw new Error('the partitions are not known before start');
    return this.#partitions.length;
  }

  get topics(): readonly string[] {
    return this.#partitions.map(({ topic }) => topic);
  }

  /**
   * Connects, and finds the partitions and their first offsets. False: `stop` was called meanwhile. Throws an
   * OperatorError when that fails, or there is no such topic. Must be followed by `run` or `close`, also when it failed.
   */
  start(): Promise<boolean> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async run(sink: Sink, scope: Scope): Promise<void> {
    try {
      if (await this.start()) await this.#readOn(sink, scope);
    } finally {
      await this.close();
    }
  }

  /** Ends waits for a broker; records that have arrived are still delivered. */
  stop(): void {
    this.#stop.end();
    this.#client?.close();
  }

  /** Closes it where `run` was not called. */
  async close(): Promise<void> {
    this.stop();
  }

  async #start(): Promise<boolean> {
    try {
      for (let retries = 0; !this.#stop.ended; retries++) {
        try {
          this.#partitions = await this.#findPartitions();
          this.#checkedAt = monotonicMs();
          return true;
        } catch (error) {
          if (!isAnswer(error) || !error.passes || retries === START_RETRIES) throw error;
          await this.#stop.sleep(START_RETRY_MS);
        }
      }
      return false;
    } catch (error) {
      if (this.#stop.ended) return false;
      throw finalError(error, this.#place) ?? unreachable(error, this.#place);
    }
  }

  async #findPartitions(): Promise<Partition[]> {
    const { brokers, prefix } = this.#options;
    const { where, security } = this.#place;
    this.#client ??= new KafkaClient(brokers, security);
    const topics = await this.#topics();
    if (topics.length === 0) {
      const user = security.sasl?.username ?? null;
      const sentence: OperatorError['sentence'] = (m) =>
        m.sources.kafkaNoTopic({ where, prefix, user });
      throw new SourceAbsent(EXIT.state, sentence);
    }
    for (const { name, error, partitions } of topics) {
      requireOk(error, name);
      if (partitions.some(({ leader }) => leader === NO_LEADER)) {
        requireOk(ANSWER.leaderNotAvailable, name);
      }
    }
    const places = topics.flatMap(({ name: topic, partitions }) =>
      partitions.toSorted((a, b) => a.index - b.index).map((each) => ({ ...each, topic })),
    );
    const firsts = new Map<string, number>();
    for (const [node, led] of grouped(places, ({ leader }) => leader)) {
      const asked = byTopic(led).map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ index }) => index),
      }));
      for (const first of await this.#client.request(node, earliestOffsets(asked))) {
        requireOk(first.error, first.topic);
        firsts.set(keyOf(first), first.offset);
      }
    }
    return places.map(({ topic, index }, stream) => {
      const first = firsts.get(keyOf({ topic, index }));
      if (first === undefined) throw new Error(`no first offset of ${topic}`);
      return new Partition({ topic, index, stream, first });
    });
  }

  /** The topics that begin with the prefix, by name. */
  async #topics(): Promise<TopicInfo[]> {
    const { topics } = await this.#opened().metadata(null);
    return topics
      .filter(({ name }) => name.startsWith(this.#options.prefix))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #readOn(sink: Sink, scope: Scope): Promise<void> {
    const intake = new Intake(sink, scope, this.#options);
    while (!this.#stop.ended) {
      try {
        await this.#round(sink, intake);
      } catch (error) {
        if (this.#stop.ended) return;
        const final = finalError(error, this.#place);
        if (final !== null) throw final;
        const waitMs = this.#backOff.next();
        if (waitMs === null) throw unreachable(error, this.#place);
        this.#options.onReconnect?.(error, waitMs);
        await this.#stop.sleep(waitMs);
      }
    }
  }

  /** Finds the leader of each partition, and reads from all of them at the same time. */
  async #round(sink: Sink, intake: Intake): Promise<void> {
    const topics = [...new Set(this.#partitions.map(({ topic }) => topic))];
    const metadata = await this.#opened().metadata(topics);
    for (const { error, name } of metadata.topics) requireOk(error, name);
    const leaderOf = new Map(
      metadata.topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ index, leader }) => [keyOf({ topic, index }), leader]),
      ),
    );
    const leaders = grouped(this.#partitions, (each) => leaderOf.get(keyOf(each)) ?? NO_LEADER);
    const round: Round = { over: false };
    const readers = [...leaders].map(async ([node, led]) => {
      try {
        while (!this.#stop.ended && !round.over) {
          await this.#fetch(node, led, sink, intake);
          await this.#requireSameTopics();
        }
      } finally {
        round.over = true;
      }
    });
    const [failed] = (await Promise.allSettled(readers)).filter(
      (result) => result.status === 'rejected',
    );
    if (failed !== undefined) throw failed.reason;
  }

  async #fetch(node: number, led: readonly Partition[], sink: Sink, intake: Intake): Promise<void> {
    const answer = await this.#opened().request(node, fetchRecords(byTopic(led), LIMITS));
    const receivedAt = machineMicros();
    requireOk(answer.error);
    const partitions = new Map(led.map((each) => [keyOf(each), each]));
    for (const part of answer.partitions) {
      requireOk(part.error, part.topic);
      const partition = partitions.get(keyOf(part));
      if (partition === undefined) continue;
      partition.take(part, (key, value, offset) => {
        this.#busy = true;
        intake.value(key, value, partition.ordinal, offset + 1, receivedAt);
      });
      await sink.ready();
    }
    this.#backOff.proved();
    this.#idleIfAtEnd(sink);
  }

  #idleIfAtEnd(sink: Sink): void {
    if (!this.#busy || !this.#partitions.every(({ atEnd }) => atEnd)) return;
    this.#busy = false;
    sink.idle();
  }

  /**
   * Throws where topics or partitions were made or removed since the start, which fixed the number of partitions. Events
   * of a new one would seem missing: better no verdict than a wrong one. Checks every CHECK_MS.
   */
  async #requireSameTopics(): Promise<void> {
    const now = monotonicMs();
    if (now - this.#checkedAt < CHECK_MS) return;
    this.#checkedAt = now;
    const topics = new Map(
      (await this.#topics()).map(({ name, partitions }) => [name, partitions.length]),
    );
    const known = grouped(this.#partitions, ({ topic }) => topic);
    const topic =
      [...topics.keys()].find((name) => topics.get(name) !== known.get(name)?.length) ??
      [...known.keys()].find((name) => !topics.has(name));
    if (topic === undefined) return;
    const sentence: OperatorError['sentence'] = (m) =>
      m.sources.kafkaOtherTopics({ where: this.#place.where, topic });
    throw new OperatorError(EXIT.state, sentence);
  }

  #opened(): KafkaClient {
    if (this.#client === null) throw new Error('the source was not started');
    return this.#client;
  }
}

function isAnswer(error: unknown): error is KafkaError {
  return error instanceof KafkaError && error.reason.kind === 'answer';
}

function keyOf({ topic, index }: { topic: string; index: number }): string {
  return `${topic}/${index}`;
}

/** Groups partitions by topic, as requests list them. */
function byTopic<P extends { topic: string }>(partitions: readonly P[]) {
  return [...grouped(partitions, ({ topic }) => topic)].map(([topic, partitions]) => ({
    topic,
    partitions,
  }));
}
