import { fstatSync, readSync } from 'node:fs';
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { EXIT, OperatorError } from '../../errors.js';
import { Wakeable } from '../../lib/wakeable.js';
import { type ByteInput, END, IDLE } from './byte-input.js';

/** The part of a `Readable` that is used. A chunk is valid until the next `read`. */
export interface ByteStream {
  read(): Buffer | null;
  on(event: 'readable' | 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  destroy(): unknown;
}

const STDIN = 0;
/** More than a pipe of Linux holds by default (64 KiB). */
const PIPE_BYTES = 1 << 18;

/** A read of this many bytes found a pipe full: its writer is ahead. */
const FULL_BYTES = 1 << 16;
/** Reads without a turn of the event loop: some milliseconds of work, which signals and timers wait for. */
const MOST_AT_ONCE = 16;

/** The process's standard input. */
export function standardInput(): ByteStream {
  const stat = fstatSync(STDIN);
  return stat.isFIFO() || stat.isSocket() ? pipeStream(STDIN) : process.stdin;
}

/**
 * A pipe that is read into one buffer. Node's streams allocate for each 64 KiB, which makes the garbage collector run
 * often. While the writer is ahead, reads do without the event loop: a turn of it costs several times the read.
 */
export function pipeStream(fd: number): ByteStream {
  const buffer = Buffer.alloc(PIPE_BYTES);
  let filled = 0;
  /** Bytes of the last chunk. */
  let last = 0;
  /** Chunks since the last turn of the event loop. */
  let atOnce = 0;
  const onread = {
    buffer,
    callback: (count: number) => {
      filled = count;
      socket.emit('readable');
      // Pauses until `read` has taken it.
      return false;
    },
  };
  const readAtOnce = () => {
    if (filled > 0 || last < FULL_BYTES || atOnce === MOST_AT_ONCE) return;
    atOnce++;
    try {
      filled = readSync(fd, buffer);
    } catch {
      // Nothing is there yet, or the socket reports the error.
    }
  };
  // Node takes `onread` here, too; its types have it for `connect` only.
  const options: SocketConstructorOpts & ConnectOpts = {
    fd,
    readable: true,
    writable: false,
    onread,
  };
  const socket = new Socket(options);
  return {
    read: () => {
      readAtOnce();
      const chunk = filled === 0 ? null : buffer.subarray(0, filled);
      last = filled;
      filled = 0;
      if (chunk !== null) return chunk;
      atOnce = 0;
      socket.resume();
      return null;
    },
    on: socket.on.bind(socket) as ByteStream['on'],
    destroy: () => socket.destroy(),
  };
}

/** Silence after which a stream counts as idle. */
const QUIET_MS = 50;

/** Reads a pipe or standard input. */
export class StreamInput implements ByteInput {
  readonly #stream: ByteStream;
  readonly #name: string;
  #rest: Buffer = Buffer.alloc(0);
  #idle = false;
  #ended = false;
  #stopped = false;
  #error: unknown = null;
  /** Woken by every event of the stream, and by `stop`. */
  readonly #change = new Wakeable();

  /** @param name of the stream in errors */
  constructor(stream: ByteStream, name: string) {
    this.#stream = stream;
    this.#name = name;
    stream.on('readable', () => this.#change.wake());
    const end = () => {
      this.#ended = true;
      this.#change.wake();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', (error) => {
      this.#error = error;
      this.#change.wake();
    });
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    for (;;) {
      // A chunk that was read before `stop` is still given out.
      if (this.#rest.length === 0 && this.#stopped) return END;
      if (this.#rest.length === 0) this.#rest = this.#stream.read() ?? this.#rest;
      if (this.#rest.length > 0) {
        const count = this.#rest.copy(buffer, at);
        this.#rest = this.#rest.subarray(count);
        this.#idle = false;
        return count;
      }
      if (this.#error !== null) throw this.#failure(this.#error);
      if (this.#ended) return END;
      if (!(await this.#becomesIdle())) continue;
      this.#idle = true;
      return IDLE;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#change.wake();
  }

  /** Destroys it: a process does not end while its standard input is read. */
  async close(): Promise<void> {
    this.#stream.destroy();
  }

  /** Waits for an event of the stream. True: it became idle, which is returned once per wait. */
  async #becomesIdle(): Promise<boolean> {
    return !(await this.#change.sleep(this.#idle ? undefined : QUIET_MS));
  }

  #failure(error: unknown): OperatorError {
    const path = this.#name;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return new OperatorError(EXIT.usage, (m) => m.sources.file.unreadable({ path, code }), {
      cause: error,
    });
  }
}
