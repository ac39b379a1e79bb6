import { connect, createServer, type Socket } from 'node:net';

export interface DeafLine {
  readonly port: number;
  /** Ends the connections for the client; the server does not notice. */
  cut(): void;
  /** Ends them for the server, too. */
  hangUp(): void;
  close(): void;
}

/** A proxy to the server on port `to`, like a network that fails on one side. */
export async function startDeafLine(to: number): Promise<DeafLine> {
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  let deaf: Socket[] = [];
  const line = createServer((client) => {
    const server = connect(to, '127.0.0.1');
    clients.add(client);
    servers.add(server);
    client.on('error', () => undefined);
    server.on('error', () => undefined);
    client.on('data', (chunk) => server.write(chunk));
    server.on('data', (chunk) => client.write(chunk));
    client.on('close', () => {
      clients.delete(client);
      if (!deaf.includes(server)) server.destroy();
    });
    server.on('close', () => {
      servers.delete(server);
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
  const address = line.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  const hangUp = () => {
    for (const server of deaf) server.destroy();
    deaf = [];
  };
  return {
    port: address.port,
    cut: () => {
      deaf = [...servers];
      for (const client of clients) client.destroy();
    },
    hangUp,
    close: () => {
      hangUp();
      for (const client of clients) client.destroy();
      line.close();
    },
  };
}
