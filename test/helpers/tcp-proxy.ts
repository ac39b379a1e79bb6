import { connect, createServer, type Socket } from 'node:net';

/** A simple query, as it goes over the wire. */
const COMMIT = Buffer.from('COMMIT\0');

/** When a connection is cut: before COMMIT arrives, while it is on its way, or before its answer arrives. */
export type Cut = 'before' | 'amid' | 'after';

export interface TcpProxy {
  readonly port: number;
  /** Connections that were cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

/**
 * Stands between the program and a server on `to`, and cuts the connection at every nth COMMIT, in one of
 * these ways after the other.
 */
export async function startProxy(
  to: number,
  ways: readonly [Cut, ...Cut[]],
  every: number,
): Promise<TcpProxy> {
  let commits = 0;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(to, '127.0.0.1');
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    let answerIsLost = false;
    client.on('data', (chunk) => {
      if (!chunk.includes(COMMIT) || ++commits % every !== 0) {
        server.write(chunk);
        return;
      }
      const cut = ways[cuts++ % ways.length];
      if (cut === 'before') return end();
      answerIsLost = true;
      server.write(chunk, () => {
        if (cut === 'amid') end();
      });
    });
    server.on('data', (chunk) => {
      if (answerIsLost) end();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    get cuts() {
      return cuts;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}
