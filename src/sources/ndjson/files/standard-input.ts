import { fstatSync } from 'node:fs';
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** What of a `Readable` is needed to read bytes; a chunk is of use until the next one is asked for. */
export interface ByteStream {
  read(): Buffer | null;
  on(event: 'readable' | 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  destroy(): unknown;
}

const STDIN = 0;
/** More than a pipe of Linux holds unless it is told otherwise, which is 64 KiB. */
const PIPE_BYTES = 1 << 18;

/** The process's standard input. */
export function standardInput(): ByteStream {
  const stat = fstatSync(STDIN);
  return stat.isFIFO() || stat.isSocket() ? pipeStream(STDIN) : process.stdin;
}

/**
 * A pipe, read into the same memory again and again. A stream of Node's takes new memory for each 64 KiB, and
 * has the garbage collector go through everything whenever much of it has come together.
 */
export function pipeStream(fd: number): ByteStream {
  const buffer = Buffer.alloc(PIPE_BYTES);
  let filled = 0;
  const onread = {
    buffer,
    callback: (count: number) => {
      filled = count;
      socket.emit('readable');
      // Nothing more until this was taken.
      return false;
    },
  };
  // What Node takes here, its types have for `connect` only.
  const options: SocketConstructorOpts & ConnectOpts = {
    fd,
    readable: true,
    writable: false,
    onread,
  };
  const socket = new Socket(options);
  return {
    read: () => {
      const chunk = filled === 0 ? null : buffer.subarray(0, filled);
      filled = 0;
      if (chunk === null) socket.resume();
      return chunk;
    },
    on: socket.on.bind(socket) as ByteStream['on'],
    destroy: () => socket.destroy(),
  };
}
