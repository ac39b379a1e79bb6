import type { Admin, Consumer } from '@platformatic/kafka';
import { EXIT, OperatorError, SourceAbsent } from '../errors.js';
import { machineMicros, monotonicMs, within } from '../threads/clock.js';
import type { ReconnectPolicy } from '../threads/protocol.js';
import { BackOff } from './back-off.js';
import { DebeziumIntake, type IntakeOptions } from './debezium/intake.js';
import type { Sink, Source } from './event.js';
import { clientOptions, finalError, loadClient, unreachable } from './kafka/client.js';
import { type Answer, type FetchAnswer, grouped, Partition } from './kafka/partition.js';
import type { Scope } from './scope.js';

/** How long a broker holds a question when it has nothing: so soon a `stop` is heard. */
const HOLD_MS = 250;
const ANSWER_BYTES = 8 << 20;
/** Of one partition in an answer; a batch that is bigger comes nevertheless. */
const PARTITION_BYTES = 1 << 20;
const READ_COMMITTED = 1;
const EARLIEST = -2n;
/** As the brokers have it. */
const NO_LEADER = -1;
/** How often it is looked whether there are other topics than at the start. */
const LOOK_MS = 2_000;
/** How long a `stop` waits for a broker that does not answer. */
const STOP_MS = 2_000;

export interface KafkaSourceOptions extends IntakeOptions {
  /** HOST:PORT */
  readonly brokers: readonly string[];
  /** What the names of the topics begin with. */
  readonly prefix: string;
  /** How a lost broker is sought again. */
  readonly reconnect: ReconnectPolicy;
  /** Told before each attempt to connect again: `error`, why. */
  readonly onReconnect?: (error: unknown, waitMs: number) => void;
}

interface Clients {
  readonly admin: Admin;
  readonly consumer: Consumer;
}

/** The partitions that one broker leads are read together, until something fails at any of them. */
interface Round {
  readonly ids: ReadonlyMap<string, string>;
  over: boolean;
}

/**
 * Debezium's events from Kafka: all topics that begin with a prefix, every partition (each a stream) from
 * its first record, without what was written in transactions that were aborted. It is a member of no
 * consumer group, and commits nothing: nobody else notices it.
 */
export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions;
  readonly #where: string;
  readonly #backOff: BackOff;
  readonly #stopped: Promise<void>;
  #stop: () => void = () => undefined;
  #stopping = false;
  #starting: Promise<void> | null = null;
  #clients: Clients | null = null;
  #partitions: readonly Partition[] = [];
  #lookedAt = 0;
  /** Records came, or nothing was said yet, since the sink was told that there are no more. */
  #busy = true;

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    this.#where = options.brokers.join(',');
    this.#backOff = new BackOff(options.reconnect);
    this.#stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  /** The partitions; known after `start`. */
  get streams(): number {
    if (this.#partitions.length === 0) throw new Error('the partitions are not known before start');
    return this.#partitions.length;
  }

  get topics(): readonly string[] {
    return this.#partitions.map(({ topic }) => topic);
  }

  /**
   * Connects, and finds the partitions and where they begin. Throws an OperatorError when that cannot be done,
   * or there is no such topic. To be followed by `run` or `close`, also when it failed.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async run(sink: Sink, scope: Scope): Promise<void> {
    await this.start();
    const reading = this.#readOn(sink, scope);
    try {
      await Promise.race([reading, this.#stopped]);
      await within(reading, STOP_MS);
    } finally {
      // Ends the questions that are still open.
      await this.close();
    }
    // What has come is given out to its end.
    await reading;
  }

  stop(): void {
    this.#stopping = true;
    this.#stop();
  }

  /** Ends it, also when `run` was not called. */
  async close(): Promise<void> {
    this.stop();
    const clients = this.#clients;
    this.#clients = null;
    await Promise.allSettled([clients?.consumer.close(true), clients?.admin.close()]);
  }

  async #start(): Promise<void> {
    const { Admin, Consumer } = await loadClient();
    const options = clientOptions(this.#options.brokers);
    const admin = new Admin(options);
    // The client wants a name for the group; none is made before somebody joins it.
    const consumer = new Consumer({ ...options, groupId: `oltp-simulator-${process.pid}` });
    this.#clients = { admin, consumer };
    try {
      const topics = await this.#topics(admin);
      if (topics.length === 0) {
        const { prefix } = this.#options;
        const tell: OperatorError['tell'] = (m) =>
          m.source.kafkaNoTopic({ where: this.#where, prefix });
        throw new SourceAbsent(EXIT.state, tell);
      }
      const firsts = await consumer.listOffsets({ topics: [...topics], timestamp: EARLIEST });
      const places = topics.flatMap((topic) =>
        (firsts.get(topic) ?? []).map((first, index) => ({ topic, index, first })),
      );
      this.#partitions = places.map((place, stream) => new Partition({ ...place, stream }));
      this.#lookedAt = monotonicMs();
    } catch (error) {
      throw finalError(error, this.#where) ?? unreachable(error, this.#where);
    }
  }

  async #topics(admin: Admin): Promise<string[]> {
    const topics = await admin.listTopics();
    return topics.filter((topic) => topic.startsWith(this.#options.prefix)).sort();
  }

  async #readOn(sink: Sink, scope: Scope): Promise<void> {
    const intake = new DebeziumIntake(sink, scope, this.#options);
    while (!this.#stopping) {
      try {
        await this.#round(sink, intake);
      } catch (error) {
        if (this.#stopping) return;
        const final = finalError(error, this.#where);
        if (final !== null) throw final;
        const waitMs = this.#backOff.next();
        if (waitMs === null) throw unreachable(error, this.#where);
        this.#options.onReconnect?.(error, waitMs);
        await within(this.#stopped, waitMs);
      }
    }
  }

  /** Asks who leads what, and reads from all of them. */
  async #round(sink: Sink, intake: DebeziumIntake): Promise<void> {
    const { consumer } = this.#open();
    const topics = [...new Set(this.#partitions.map(({ topic }) => topic))];
    const metadata = await consumer.metadata({ topics, forceUpdate: true });
    const ids = new Map([...metadata.topics].map(([name, { id }]) => [name, id]));
    const leaders = grouped(
      this.#partitions,
      ({ topic, index }) => metadata.topics.get(topic)?.partitions[index]?.leader ?? NO_LEADER,
    );
    const round: Round = { ids, over: false };
    const readers = [...leaders].map(async ([node, led]) => {
      try {
        while (!this.#stopping && !round.over) {
          await this.#fetch(node, led, round, sink, intake);
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
    { ids }: Round,
    sink: Sink,
    intake: DebeziumIntake,
  ): Promise<void> {
    const byTopic = grouped(led, ({ topic }) => ids.get(topic) ?? '');
    const answer = await this.#open().consumer.fetch({
      node,
      maxWaitTime: HOLD_MS,
      minBytes: 1,
      maxBytes: ANSWER_BYTES,
      isolationLevel: READ_COMMITTED,
      topics: [...byTopic].map(([topicId, partitions]) => ({
        topicId,
        partitions: partitions.map(({ index, next }) => ({
          partition: index,
          currentLeaderEpoch: -1,
          fetchOffset: next,
          lastFetchedEpoch: -1,
          partitionMaxBytes: PARTITION_BYTES,
        })),
      })),
    });
    const receivedAt = machineMicros();
    this.#backOff.proved();
    for (const [partition, part] of parts(answer, byTopic)) {
      partition.take(part, (key, value, offset) => {
        this.#busy = true;
        intake.record(key, value, partition.stream, offset + 1, receivedAt);
      });
      await sink.ready();
    }
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
    const { admin } = this.#open();
    const topics = await this.#topics(admin);
    const metadata = await admin.metadata({ topics: [...topics], forceUpdate: true });
    const known = grouped(this.#partitions, ({ topic }) => topic);
    const topic =
      topics.find(
        (name) => metadata.topics.get(name)?.partitionsCount !== known.get(name)?.length,
      ) ?? [...known.keys()].find((name) => !topics.includes(name));
    if (topic === undefined) return;
    const tell: OperatorError['tell'] = (m) =>
      m.source.kafkaOtherTopics({ where: this.#where, topic });
    throw new OperatorError(EXIT.state, tell);
  }

  #open(): Clients {
    if (this.#clients === null) throw new Error('the source was closed');
    return this.#clients;
  }
}

/** The parts of an answer, each with the partition that it is of. */
function* parts(
  answer: FetchAnswer,
  byTopic: ReadonlyMap<string, readonly Partition[]>,
): Generator<[Partition, Answer]> {
  for (const { topicId, partitions } of answer.responses) {
    for (const part of partitions) {
      const partition = byTopic.get(topicId)?.find(({ index }) => index === part.partitionIndex);
      if (partition !== undefined) yield [partition, part];
    }
  }
}
