import type { ConnectionOptions } from 'node:tls';
import { monotonicMs } from '../../lib/clock.js';
import { Connection, type Endpoint } from './connection.js';
import { KafkaError, type KafkaReason, lost, requireOk } from './failures.js';
import { logIn, offeredMechanisms } from './login.js';
import { apiVersions, type KafkaRequest, type Metadata, metadata, NEEDED } from './requests.js';
import { type KafkaSecurity, tlsOptions } from './security.js';

/** The share of a login's lifetime after which its connection is replaced, before the broker ends it. */
const LIFETIME_SHARE = 0.8;

interface Open {
  readonly connection: Connection;
  /** By `monotonicMs`. */
  readonly until: number;
}

/**
 * A client of Kafka for a reader of topics: metadata, first offsets and fetches, with or without TLS and SASL.
 *
 * Our own, because no client on npm fits Node.js 20.19, the oldest one that we run on:
 * - @platformatic/kafka from 1.27 on depends on packages that ask for Node.js 22.19 (its own `engines` does not say
 *   so): on 20 the installer gets EBADENGINE warnings, and no `overrides` helps, for all versions of these
 *   packages ask for it.
 * - @platformatic/kafka 1.11 to 1.22 installs without a warning on 20.19.4, but reads a value that is null (a
 *   tombstone) as an empty one, and waits for ever for a broker that does not answer.
 * - kafkajs has had no release since 2023, and reads as a member of a consumer group only.
 * - node-rdkafka and @confluentinc/kafka-javascript are native: they need a compiler where no build is at hand.
 *
 * Six requests of a protocol that is stable since Kafka 2.1 are less to keep than any of these, and there is nothing
 * to install. Not supported: zstd before Node.js 22.15, GSSAPI and OAUTHBEARER.
 */
export class KafkaClient {
  readonly #bootstrap: readonly Endpoint[];
  readonly #security: KafkaSecurity;
  readonly #tls: ConnectionOptions | null;
  /** Every connection that was begun, for `close`. */
  readonly #connections = new Set<Connection>();
  /** By node; null: the connection for metadata. */
  readonly #open = new Map<number | null, Promise<Open>>();
  #endpoints: ReadonlyMap<number, Endpoint> = new Map();
  #closed = false;

  /** Does not connect yet. Throws an OperatorError where a file of the settings cannot be read. */
  constructor(brokers: readonly string[], security: KafkaSecurity) {
    this.#bootstrap = brokers.map(endpointOf);
    this.#security = security;
    this.#tls = security.tls === null ? null : tlsOptions(security.tls);
  }

  /** The brokers, and topics with their leaders; `topics` null: every topic that the user may see. */
  async metadata(topics: readonly string[] | null): Promise<Metadata> {
    const answer = await this.#ask(null, metadata(topics));
    this.#endpoints = new Map(answer.brokers.map(({ node, host, port }) => [node, { host, port }]));
    return answer;
  }

  /** Sends a request to a broker by its number in `metadata`. */
  request<A>(node: number, request: KafkaRequest<A>): Promise<A> {
    return this.#ask(node, request);
  }

  /** Ends every connection at once; pending requests fail. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.destroy();
    this.#connections.clear();
  }

  async #ask<A>(node: number | null, request: KafkaRequest<A>): Promise<A> {
    const { connection } = await this.#opened(node);
    try {
      return await connection.request(request);
    } catch (error) {
      this.#drop(connection);
      throw await this.#explainLoss(error, connection);
    }
  }

  async #opened(node: number | null): Promise<Open> {
    const current = this.#open.get(node);
    if (current !== undefined) {
      const open = await current;
      if (!open.connection.isOver && monotonicMs() < open.until) return open;
      this.#drop(open.connection);
      // Another caller may have begun the next one.
      if (this.#open.get(node) !== current) return this.#opened(node);
    }
    const opening = node === null ? this.#openAny() : this.#openNode(node);
    this.#open.set(node, opening);
    try {
      return await opening;
    } catch (error) {
      this.#open.delete(node);
      throw error;
    }
  }

  /** Opens a connection to the first broker of the operator's list that takes one. */
  async #openAny(): Promise<Open> {
    const errors: KafkaError[] = [];
    for (const endpoint of this.#bootstrap) {
      try {
        return await this.#connect(endpoint);
      } catch (error) {
        if (!(error instanceof KafkaError) || this.#closed) throw error;
        errors.push(error);
      }
    }
    // First an error that does not pass by itself: a broker that is down may come back.
    throw errors.find((error) => !error.passes) ?? errors[0] ?? lost('no broker was named');
  }

  async #openNode(node: number): Promise<Open> {
    const endpoint = this.#endpoints.get(node);
    if (endpoint === undefined) throw lost(`no broker ${node} is known`);
    return this.#connect(endpoint);
  }

  /** Connects, checks that the broker has the requests in our versions, and logs in. */
  async #connect(endpoint: Endpoint): Promise<Open> {
    const connection = this.#begin(endpoint, this.#tls);
    try {
      await connection.ready();
      const { error, ranges } = await connection.request(apiVersions);
      requireOk(error);
      requireApis(ranges);
      const { sasl } = this.#security;
      const lifetimeMs = sasl === null ? 0 : await logIn(connection, sasl);
      const until = lifetimeMs === 0 ? Infinity : monotonicMs() + LIFETIME_SHARE * lifetimeMs;
      return { connection, until };
    } catch (error) {
      this.#drop(connection);
      throw await this.#explainFailure(error, endpoint, connection);
    }
  }

  #begin(endpoint: Endpoint, tls: ConnectionOptions | null): Connection {
    if (this.#closed) throw lost('the client was closed');
    const connection = new Connection(endpoint, tls);
    this.#connections.add(connection);
    return connection;
  }

  #drop(connection: Connection): void {
    connection.destroy();
    this.#connections.delete(connection);
  }

  /**
   * Finds out why a connection failed. A TLS port closes a plaintext connection without a word, and a plaintext port
   * a TLS one: a second connection, without a login, tries the other way.
   */
  async #explainFailure(
    error: unknown,
    endpoint: Endpoint,
    connection: Connection,
  ): Promise<unknown> {
    if (!(error instanceof KafkaError) || this.#closed || connection.hasAnswered) return error;
    const { kind } = error.reason;
    if (this.#tls === null) {
      const isSuspect = kind === 'unreadable' || (kind === 'lost' && connection.wasHungUp);
      return isSuspect && (await this.#speaksTls(endpoint))
        ? as(error, { kind: 'wantsTls' })
        : error;
    }
    if (kind !== 'noTls' && !(kind === 'lost' && connection.wasHungUp)) return error;
    if (await this.#speaksPlaintext(endpoint)) return as(error, { kind: 'noTls' });
    return kind === 'noTls' ? as(error, { kind: 'handshake' }) : error;
  }

  /** Finds out why an open connection was closed: a broker that requires a login closes it at the first request. */
  async #explainLoss(error: unknown, connection: Connection): Promise<unknown> {
    if (!(error instanceof KafkaError) || error.reason.kind !== 'lost') return error;
    if (this.#closed || this.#security.sasl !== null || !connection.wasHungUp) return error;
    const { endpoint } = connection;
    const offered = await this.#tried(endpoint, this.#tls, offeredMechanisms);
    return offered == null ? error : as(error, { kind: 'wantsLogin', offered });
  }

  /** Whether the port answers a TLS handshake. Any certificate will do, since nothing is sent. */
  async #speaksTls(endpoint: Endpoint): Promise<boolean> {
    const connection = this.#begin(endpoint, { rejectUnauthorized: false });
    try {
      await connection.ready();
      return true;
    } catch (error) {
      const kind = error instanceof KafkaError ? error.reason.kind : 'lost';
      return kind === 'clientCertificate' || kind === 'handshake' || kind === 'certificate';
    } finally {
      this.#drop(connection);
    }
  }

  async #speaksPlaintext(endpoint: Endpoint): Promise<boolean> {
    const answer = await this.#tried(endpoint, null, (connection) =>
      connection.request(apiVersions),
    );
    return answer !== undefined;
  }

  /** Asks on a new connection; undefined if that fails. */
  async #tried<T>(
    endpoint: Endpoint,
    tls: ConnectionOptions | null,
    ask: (connection: Connection) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.#closed) return undefined;
    const connection = this.#begin(endpoint, tls);
    try {
      await connection.ready();
      return await ask(connection);
    } catch (error) {
      if (error instanceof KafkaError) return undefined;
      throw error;
    } finally {
      this.#drop(connection);
    }
  }
}

function as(error: KafkaError, reason: KafkaReason): KafkaError {
  return new KafkaError(reason, error.message, { cause: error });
}

/** Throws where a broker lacks one of the needed requests in our version. */
function requireApis(ranges: readonly { key: number; min: number; max: number }[]): void {
  for (const { name, key, version } of NEEDED) {
    const range = ranges.find((each) => each.key === key);
    if (range !== undefined && range.min <= version && version <= range.max) continue;
    const has = range === undefined ? 'none' : `${range.min} to ${range.max}`;
    const message = `the broker has no version ${version} of ${name} (it has ${has})`;
    throw new KafkaError({ kind: 'unreadable' }, message);
  }
}

/** `HOST:PORT`, the host perhaps in brackets. */
function endpointOf(broker: string): Endpoint {
  const at = broker.lastIndexOf(':');
  const host = broker.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(broker.slice(at + 1)) };
}
