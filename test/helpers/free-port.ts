import { createServer, type Server, type Socket } from 'node:net';

/** A free port of this machine. */
export async function freePort(): Promise<number> {
  return withBusyPort(async (port) => port);
}

/** Lends `body` a port that accepts and stays silent, as a server that hangs. `connections`: how many there were. */
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
