import { connect, createServer, type Socket } from 'node:net';

/** Name of the statement COMMIT, or its text, as it goes over the wire. */
const COMMIT = Buffer.from('COMMIT\0');
const DELAY_MS = 300;

/**
 * Faults of a connection. Three cut it at its next COMMIT: `before` that reaches the server, `amid` its bytes, or
 * `after` the server answered, so that the answer is lost. Two wait for its next message: `delay` holds everything up
 * for DELAY_MS, `half` closes one direction.
 */
export const PROXY_FAULTS = ['before', 'amid', 'after', 'delay', 'half'] as const;
export type ProxyFault = (typeof PROXY_FAULTS)[number];

/** Stands between the program and its server, and disturbs one connection when asked to. */
export class FaultyProxy {
  readonly #to: number;
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();
  #armed: { fault: ProxyFault; done: () => void } | null = null;

  constructor(to: number) {
    this.#to = to;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return address.port;
  }

  /** Resolves when the fault has come about. */
  strike(fault: ProxyFault): Promise<void> {
    return new Promise((resolve) => {
      this.#armed = { fault, done: resolve };
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#to, host: '127.0.0.1', allowHalfOpen: true });
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('end', () => other.end());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    let answerIsLost = false;
    client.on('data', (chunk) => {
      const fault = this.#take(chunk);
      if (fault === 'before') return end();
      if (fault === 'after') answerIsLost = true;
      if (fault === 'delay') {
        client.pause();
        server.pause();
        setTimeout(() => {
          client.resume();
          server.resume();
        }, DELAY_MS);
      }
      server.write(chunk, () => {
        if (fault === 'amid') end();
        if (fault === 'half') server.end();
      });
    });
    server.on('data', (chunk) => {
      if (answerIsLost) end();
      else client.write(chunk);
    });
  }

  /** The fault for this message, if any. */
  #take(chunk: Buffer): ProxyFault | null {
    const armed = this.#armed;
    if (armed === null) return null;
    const anyMessage = armed.fault === 'delay' || armed.fault === 'half';
    if (!anyMessage && !chunk.includes(COMMIT)) return null;
    this.#armed = null;
    armed.done();
    return armed.fault;
  }
}
