import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import type { ReconnectPolicy } from '../../lib/back-off.js';
import { BackOff } from '../../lib/back-off.js';
import { machineMicros, monotonicMs } from '../../lib/clock.js';
import { Wakeable } from '../../lib/wakeable.js';
import { DebeziumIntake, type IntakeOptions } from '../debezium/intake.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { KafkaClient } from './client.js';
import { ANSWER, KafkaError, requireOk } from './error.js';
import { finalError, type Place, unreachable } from './failures.js';
import { grouped, Partition } from './partition.js';
import { earliestOffsets, type FetchLimits, fetchRecords, type TopicInfo } from './requests.js';
import { type KafkaSecurity, PLAINTEXT } from './security.js';

/** How much comes in an answer, and how long a broker waits when it has nothing. */
const LIMITS: FetchLimits = { holdMs: 250, answerBytes: 8 << 20, partitionBytes: 1 << 20 };
/** As the brokers have it. */
const NO_LEADER = -1;
/** How often it is looked whether there are other topics than at the start. */
const LOOK_MS = 2_000;
/** A topic that was just made has no leader for a moment. */
const START_RETRIES = 4;
const START_RETRY_MS = 250;

export interface KafkaSourceOptions extends IntakeOptions {
  /** HOST:PORT */
  readonly brokers: readonly string[];
  /** What the names of the topics begin with. */
  readonly prefix: string;
  /** TLS and SASL; left out: neither. */
  readonly security?: KafkaSecurity;
  /** How a lost broker is sought again. */
  readonly reconnect: ReconnectPolicy;
  /** Told before each attempt to connect again: `error`, why. */
  readonly onReconnect?: (error: unknown, waitMs: number) => void;
}

/** The partitions that one broker leads are read together, until something fails at any of them. */
interface Round {
  over: boolean;
}

/**
 * Debezium's events from Kafka: all topics that begin with a prefix, every partition (each a stream) from
 * its first record, without what was written in transactions that were aborted. It is a member of no
 * consumer group, and commits nothing: nobody else notices it.
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
  #lookedAt = 0;
  /** Records came, or nothing was said yet, since the sink was told that there are no more. */
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
   * Connects, and finds the partitions and where they begin. False: it was stopped meanwhile. Throws an OperatorError
   * when that cannot be done, or there is no such topic. To be followed by `run` or `close`, also when it failed.
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

  /** Ends waits for a broker; records that have arrived are given out to their end. */
  stop(): void {
    this.#stop.end();
    this.#client?.close();
  }

  /** Ends it, also when `run` was not called. */
  async close(): Promise<void> {
    this.stop();
  }

  async #start(): Promise<boolean> {
    try {
      for (let retries = 0; !this.#stop.ended; retries++) {
        try {
          this.#partitions = await this.#findPartitions();
          this.#lookedAt = monotonicMs();
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
      const tell: OperatorError['tell'] = (m) => m.source.kafkaNoTopic({ where, prefix, user });
      throw new SourceAbsent(EXIT.state, tell);
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
    const { topics } = await this.#open().metadata(null);
    return topics
      .filter(({ name }) => name.startsWith(this.#options.prefix))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #readOn(sink: Sink, scope: Scope): Promise<void> {
    const intake = new DebeziumIntake(sink, scope, this.#options);
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

  /** Asks who leads what, and reads from all of them. */
  async #round(sink: Sink, intake: DebeziumIntake): Promise<void> {
    const topics = [...new Set(this.#partitions.map(({ topic }) => topic))];
    const metadata = await this.#open().metadata(topics);
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
          await this.#look();
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

  async #fetch(
    node: number,
    led: readonly Partition[],
    sink: Sink,
    intake: DebeziumIntake,
  ): Promise<void> {
    const answer = await this.#open().request(node, fetchRecords(byTopic(led), LIMITS));
    const receivedAt = machineMicros();
    requireOk(answer.error);
    const partitions = new Map(led.map((each) => [keyOf(each), each]));
    for (const part of answer.partitions) {
      requireOk(part.error, part.topic);
      const partition = partitions.get(keyOf(part));
      if (partition === undefined) continue;
      partition.take(part, (key, value, offset) => {
        this.#busy = true;
        intake.record(key, value, partition.stream, offset + 1, receivedAt);
      });
      await sink.ready();
    }
    this.#backOff.proved();
    this.#tellIdle(sink);
  }

  #tellIdle(sink: Sink): void {
    if (!this.#busy || !this.#partitions.every(({ atEnd }) => atEnd)) return;
    this.#busy = false;
    sink.idle();
  }

  /**
   * The number of streams is told at the start. What comes in another topic or partition would be missed and
   * taken for lost: better no verdict than a wrong one.
   */
  async #look(): Promise<void> {
    const now = monotonicMs();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const topics = new Map(
      (await this.#topics()).map(({ name, partitions }) => [name, partitions.length]),
    );
    const known = grouped(this.#partitions, ({ topic }) => topic);
    const topic =
      [...topics.keys()].find((name) => topics.get(name) !== known.get(name)?.length) ??
      [...known.keys()].find((name) => !topics.has(name));
    if (topic === undefined) return;
    const tell: OperatorError['tell'] = (m) =>
      m.source.kafkaOtherTopics({ where: this.#place.where, topic });
    throw new OperatorError(EXIT.state, tell);
  }

  #open(): KafkaClient {
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

/** As requests have them. */
function byTopic<P extends { topic: string }>(partitions: readonly P[]) {
  return [...grouped(partitions, ({ topic }) => topic)].map(([topic, partitions]) => ({
    topic,
    partitions,
  }));
}
