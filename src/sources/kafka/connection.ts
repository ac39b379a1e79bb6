import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { addressOf } from '../../postgres/target.js';
import { KafkaError, type KafkaReason, lost } from './failures.js';
import { decodeAnswer, encodeRequest, type KafkaRequest } from './requests.js';
import { serverNameOf } from './security.js';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The client's name in the brokers' logs. */
const CLIENT_ID = 'oltp-simulator';
/** Limit for connecting with the handshake, and for an answer or its next part. */
const TIMEOUT_MS = 5_000;
const LENGTH_BYTES = 4;
const CORRELATION_BYTES = 4;
/** Limit of an answer, in bytes. Other protocols' first bytes read as more: a TLS alert as 336 MB. */
const MAX_ANSWER = 256 << 20;

interface Pending {
  readonly correlation: number;
  readonly resolve: (body: Buffer) => void;
}

/** A connection to one broker. Its first failure ends it, and fails everything that waits for it. */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #ready: Promise<void>;
  readonly #failed: Promise<never>;
  #fail: (error: KafkaError) => void = () => undefined;
  #failure: KafkaError | null = null;
  readonly #pending: Pending[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #correlation = 0;
  #chunks: Buffer[] = [];
  #received = 0;
  #answers = 0;
  #wasConnected = false;
  #wasHungUp = false;

  /** Begins to connect. `tls` null: plaintext. */
  constructor(endpoint: Endpoint, tls: ConnectionOptions | null) {
    const { host, port } = endpoint;
    this.endpoint = endpoint;
    this.#failed = new Promise((_, reject) => {
      this.#fail = (error) => {
        this.#failure ??= error;
        reject(this.#failure);
      };
    });
    this.#failed.catch(() => undefined);
    const socket =
      tls === null
        ? connectTcp({ host, port })
        : connectTls({ ...tls, host, port, ...serverNameOf(host) });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.once('connect', () => {
      this.#wasConnected = true;
    });
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#hangUp(socketError(error)));
    socket.on('close', () => this.#hangUp(lost(`${addressOf(endpoint)} closed the connection`)));
    const connected = new Promise<void>((resolve) => {
      socket.once(tls === null ? 'connect' : 'secureConnect', resolve);
    });
    this.#ready = this.#inTime(connected);
    this.#ready.catch(() => undefined);
  }

  /** The broker has answered at least one request. */
  get hasAnswered(): boolean {
    return this.#answers > 0;
  }

  /** The broker accepted the connection, and then ended it. */
  get wasHungUp(): boolean {
    return this.#wasHungUp;
  }

  get isOver(): boolean {
    return this.#failure !== null;
  }

  /** Resolves when it is connected, after the handshake of TLS. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** Sends a request and waits for its answer. Throws a KafkaError. */
  async request<A>(request: KafkaRequest<A>): Promise<A> {
    await this.#ready;
    if (this.#failure !== null) throw this.#failure;
    const correlation = ++this.#correlation;
    const answered = new Promise<Buffer>((resolve) => {
      this.#pending.push({ correlation, resolve });
    });
    this.#socket.write(encodeRequest(request, correlation, CLIENT_ID));
    const body = await this.#inTime(answered);
    try {
      return decodeAnswer(request, body);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const message = `the answer to ${request.name} cannot be read`;
      throw new KafkaError({ kind: 'unreadable' }, message, { cause });
    }
  }

  /** Ends it at once; pending requests fail. */
  destroy(): void {
    this.#end(lost('the connection was given up'));
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const silent = () =>
      this.#end(lost(`${addressOf(this.endpoint)} was silent for ${TIMEOUT_MS / 1000} s`));
    const timer = setTimeout(silent, TIMEOUT_MS);
    this.#timers.add(timer);
    try {
      return await Promise.race([work, this.#failed]);
    } finally {
      clearTimeout(timer);
      this.#timers.delete(timer);
    }
  }

  /** Ends it after the socket failed or closed. */
  #hangUp(error: KafkaError): void {
    this.#wasHungUp ||= this.#wasConnected && this.#failure === null;
    this.#end(error);
  }

  #end(error: KafkaError): void {
    this.#fail(error);
    this.#socket.destroy();
  }

  /** Collects bytes and resolves every answer that is whole. */
  #take(chunk: Buffer): void {
    // A large answer on a slow line may take longer than the timeout in all.
    for (const timer of this.#timers) timer.refresh();
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    while (this.#received >= LENGTH_BYTES) {
      if (this.#chunks[0]!.length < LENGTH_BYTES) this.#join();
      const length = this.#chunks[0]!.readInt32BE(0);
      if (length < CORRELATION_BYTES || length > MAX_ANSWER) {
        this.#end(new KafkaError({ kind: 'unreadable' }, 'the answer is not of Kafka'));
        return;
      }
      const end = LENGTH_BYTES + length;
      if (this.#received < end) return;
      if (this.#chunks[0]!.length < end) this.#join();
      const [bytes] = this.#chunks as [Buffer];
      this.#chunks = bytes.length === end ? [] : [bytes.subarray(end)];
      this.#received -= end;
      this.#answer(bytes.subarray(LENGTH_BYTES, end));
    }
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks)];
  }

  /** Resolves the next request: a broker answers in their order. */
  #answer(message: Buffer): void {
    const next = this.#pending.shift();
    if (next === undefined || message.readInt32BE(0) !== next.correlation) {
      this.#end(new KafkaError({ kind: 'unreadable' }, 'an answer to nothing that was asked'));
      return;
    }
    this.#answers++;
    next.resolve(message.subarray(CORRELATION_BYTES));
  }
}

/** Alerts about our certificate; in TLS 1.3 they come after the handshake. */
const CERTIFICATE_ALERT =
  /ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/;
/** OpenSSL's codes for an answer that is not TLS. */
const NOT_TLS = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$|^EPROTO$/;
/** Node's codes for a certificate that fails the check: DEPTH_ZERO_SELF_SIGNED_CERT, CERT_HAS_EXPIRED… */
const CERTIFICATE = /CERT|CRL|ISSUER|VERIFY_LEAF|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH/;

/** The reason of a socket error, by Node's code. */
export function reasonOf(code: string): KafkaReason {
  if (NOT_TLS.test(code)) return { kind: 'noTls' };
  if (CERTIFICATE_ALERT.test(code)) return { kind: 'clientCertificate' };
  if (code.startsWith('ERR_SSL_')) return { kind: 'handshake' };
  if (CERTIFICATE.test(code)) return { kind: 'certificate' };
  return { kind: 'lost' };
}

/** @param error whose `reason` is OpenSSL's message without the locations of its source */
function socketError(error: NodeJS.ErrnoException & { reason?: string }): KafkaError {
  const { code = '', reason } = error;
  // Node tries every address of a host, and throws the errors of all.
  const inner: Error[] = error instanceof AggregateError ? error.errors : [];
  const words = code.startsWith('ERR_SSL_') ? reason : undefined;
  const message = words ?? (inner.map((each) => each.message).join('; ') || error.message);
  return new KafkaError(reasonOf(code), message.trim(), { cause: error });
}
