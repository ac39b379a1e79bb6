import type { Socket } from 'node:net';
import type { Client } from 'pg';

/**
 * Runs `send`, which hands queries to a client in pipeline mode, so that they leave as one packet:
 * each of its own would wake the server's process, and cost a system call on both sides.
 */
export function together<T>(client: Client, send: () => T): T {
  // Not in the typings: the client's connection, with the socket that it writes to.
  const { stream } = (client as Client & { connection: { stream: Socket } }).connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}
