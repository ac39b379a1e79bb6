import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { KafkaDecoder, KafkaEncoder } from '../../src/sources/kafka/wire.js';

/** Kafka's keys of requests. */
export const API = {
  fetch: 1,
  listOffsets: 2,
  metadata: 3,
  saslHandshake: 17,
  apiVersions: 18,
  saslAuthenticate: 36,
} as const;

/** The answer to a request, without its head; null: never answers; `hangUp`: closes the connection. */
export type Respond = (body: KafkaDecoder, answer: KafkaEncoder) => KafkaEncoder | null | 'hangUp';

/** Answers for one topic with one partition, of a broker on this port, which never answers a fetch. */
export function silentReads(topic: string, port: () => number): Readonly<Record<number, Respond>> {
  return {
    [API.apiVersions]: (_, answer) =>
      answer
        .int16(0)
        .array([API.fetch, API.listOffsets, API.metadata], (key) =>
          answer.int16(key).int16(0).int16(99),
        ),
    [API.metadata]: (_, answer) =>
      answer
        .int32(0)
        .array([1], (node) => answer.int32(node).string('127.0.0.1').int32(port()).string(null))
        .string(null)
        .int32(1)
        .array([topic], (name) =>
          answer
            .int16(0)
            .string(name)
            .int8(0)
            .array([0], (index) =>
              answer
                .int16(0)
                .int32(index)
                .int32(1)
                .array([], () => undefined)
                .array([], () => undefined),
            ),
        ),
    [API.listOffsets]: (_, answer) =>
      answer
        .int32(0)
        .array([topic], (name) =>
          answer
            .string(name)
            .array([0], (index) => answer.int32(index).int16(0).int64(-1).int64(0)),
        ),
    [API.fetch]: () => null,
  };
}

/** A port that answers the given requests as a broker of Kafka; on others it hangs up. */
export class FakeBroker {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The keys of the requests that came. */
  readonly asked: number[] = [];

  /** The count of connections so far. */
  connections = 0;

  /** @param tls `deaf`: accepts connections, and reads nothing */
  constructor(
    responses: Readonly<Record<number, Respond>>,
    tls: TlsOptions | 'deaf' | null = null,
  ) {
    const serve = (socket: Socket) => this.#serve(socket, responses);
    if (tls === 'deaf') this.#server = createServer({ pauseOnConnect: true });
    else this.#server = tls === null ? createServer(serve) : createTlsServer(tls, serve);
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it is not listening');
    return address.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #serve(socket: Socket, responses: Readonly<Record<number, Respond>>): void {
    socket.on('error', () => undefined);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4) {
        const end = 4 + received.readInt32BE(0);
        // As Kafka does for an absurd length, such as the first bytes of TLS.
        if (end < 4 || end > 1 << 20) return void socket.destroy();
        if (received.length < end) return;
        const request = new KafkaDecoder(received.subarray(4, end));
        received = received.subarray(end);
        const key = request.int16();
        request.int16(); // version
        const correlation = request.int32();
        request.nullableString(); // client_id
        this.asked.push(key);
        const answer = responses[key]?.(request, new KafkaEncoder().int32(correlation)) ?? null;
        if (answer === 'hangUp' || responses[key] === undefined) return void socket.destroy();
        if (answer !== null) socket.write(new KafkaEncoder().bytes(answer.done()).done());
      }
    });
  }
}
