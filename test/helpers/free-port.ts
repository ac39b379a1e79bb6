import { createServer, type Server, type Socket } from 'node:net';

/** A port of this machine that nobody listens on just now. */
export async function freePort(): Promise<number> {
  return withBusyPort(async (port) => port);
}

/** Lends `body` a port that somebody listens on: silent, as a server that hangs. `connections`: so many so far. */
export async function withBusyPort<T>(
  body: (port: number, connections: () => number) => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  try {
    return await body(address.port, () => sockets.size);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
