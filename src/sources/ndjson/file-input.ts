import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { Wakeable } from '../../lib/wakeable.js';
import { type ByteInput, END, IDLE, Prefixed } from './byte-input.js';
import { pipeStream, StreamInput, standardInput } from './stream-input.js';

/** Between two looks at a file without more, or not there. */
const POLL_MS = 50;

/** Names of open descriptors on Linux and macOS. */
const DESCRIPTOR = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d+)$/;
const STDIN = 0;
/** Bytes of the first read of a named pipe, which finds out whether it has a writer. */
const FIRST_BYTES = 1 << 12;

/**
 * The input at a path: a file, a named pipe, or an open descriptor (`/dev/stdin`, the `/dev/fd/63` of a shell's
 * `<(…)`).
 *
 * @param follow goes on as the file grows; the file need not be there yet
 */
export function inputOf(path: string, follow: boolean): ByteInput {
  const number = path === '/dev/stdin' ? STDIN : Number(DESCRIPTOR.exec(path)?.[1] ?? Number.NaN);
  if (number === STDIN) return new StreamInput(standardInput(), path);
  if (isPipe(number)) return new StreamInput(pipeStream(number), path);
  return new NamedInput(path, follow);
}

function isPipe(descriptor: number): boolean {
  if (Number.isNaN(descriptor)) return false;
  try {
    const opened = fstatSync(descriptor);
    return opened.isFIFO() || opened.isSocket();
  } catch {
    return false;
  }
}

/** A file or a named pipe, which is known once it is there. */
class NamedInput implements ByteInput {
  readonly #path: string;
  readonly #follow: boolean;
  #decided: ByteInput | null = null;
  /** A named pipe without a writer yet. */
  #pipe: number | null = null;
  #idle = false;
  /** Ended by `stop`, and with it the pause between two looks. */
  readonly #stop = new Wakeable();

  constructor(path: string, follow: boolean) {
    this.#path = path;
    this.#follow = follow;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (this.#decided === null) {
      if (this.#stop.ended) return END;
      this.#decided = await this.#decide();
      // For a `stop` during the call.
      if (this.#stop.ended) this.#decided?.stop();
      if (this.#decided !== null) break;
      if (!this.#idle) {
        this.#idle = true;
        return IDLE;
      }
      await this.#stop.sleep(POLL_MS);
    }
    return this.#decided.read(buffer, at);
  }

  stop(): void {
    this.#stop.end();
    this.#decided?.stop();
  }

  async close(): Promise<void> {
    await this.#decided?.close();
    if (this.#pipe !== null) closeSync(this.#pipe);
    this.#pipe = null;
  }

  /** Null: it is not there yet, or has no writer yet. */
  async #decide(): Promise<ByteInput | null> {
    const path = this.#path;
    try {
      if (this.#pipe === null) {
        if (!(await stat(path)).isFIFO()) return new FileInput(path, this.#follow);
        // Without O_NONBLOCK the call waits for a writer, in a thread that cannot be woken.
        this.#pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && this.#follow) return null;
      throw unreadable(path, error);
    }
    const pipe = this.#pipe;
    const first = Buffer.alloc(FIRST_BYTES);
    let count = 0;
    try {
      count = readSync(pipe, first);
      // The end of the file at once: no writer.
      if (count === 0) return null;
    } catch (error) {
      // EAGAIN: a writer, and nothing written.
      if (codeOf(error) !== 'EAGAIN') throw unreadable(path, error);
    }
    // Its reader closes it.
    this.#pipe = null;
    return new Prefixed(first.subarray(0, count), new StreamInput(pipeStream(pipe), path));
  }
}

/** The last bytes that were read, by which a file that was written anew is found. */
const TAIL_BYTES = 256;

/** Throws an OperatorError unless the file is there and readable. Does not open it: it may be a pipe. */
export async function requireReadable(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) throw unreadable(path, { code: 'EISDIR' });
    await access(path, constants.R_OK);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw unreadable(path, error);
  }
}

/** Reads a file, with `follow` also as it grows. */
class FileInput implements ByteInput {
  readonly #path: string;
  readonly #follow: boolean;
  #file: FileHandle | null = null;
  /** Null: it has no positions, as a device. */
  #position: number | null = 0;
  /** The last TAIL_BYTES that were read. */
  #tail = Buffer.alloc(0);
  #idle = false;
  /** Ended by `stop`, and with it the pause between two looks. */
  readonly #stop = new Wakeable();

  constructor(path: string, follow: boolean) {
    this.#path = path;
    this.#follow = follow;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (!this.#stop.ended) {
      const count = await this.#readSome(buffer, at);
      if (count === 0 && (!this.#follow || this.#position === null)) return END;
      // At the end, and after a wait, the file may be another one.
      if (this.#idle || count === 0) await this.#requireSameFile();
      if (count > 0) {
        this.#idle = false;
        this.#advance(buffer.subarray(at, at + count));
        return count;
      }
      if (!this.#idle) {
        this.#idle = true;
        return IDLE;
      }
      await this.#stop.sleep(POLL_MS);
    }
    return END;
  }

  stop(): void {
    this.#stop.end();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** 0: no more, or no file. */
  async #readSome(buffer: Buffer, at: number): Promise<number> {
    try {
      if (this.#file === null) {
        this.#file = await open(this.#path, 'r');
        if (!(await this.#file.stat()).isFile()) this.#position = null;
      }
      const length = buffer.length - at;
      const { bytesRead } = await this.#file.read(buffer, at, length, this.#position);
      return bytesRead;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' && this.#follow) return 0;
      throw unreadable(this.#path, error);
    }
  }

  #advance(bytes: Buffer): void {
    if (this.#position === null) return;
    this.#position += bytes.length;
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
  }

  /** Throws where the path has another file now, or the file was cut or rewritten: its new lines would never come. */
  async #requireSameFile(): Promise<void> {
    if (this.#file === null || this.#position === null) return;
    const path = this.#path;
    const opened = await this.#file.stat();
    if (opened.size < this.#position || !(await this.#hasTail(this.#file, this.#position))) {
      throw new OperatorError(EXIT.state, (m) => m.sources.file.truncated({ path }));
    }
    const there = await stat(path).catch(() => null);
    if (there === null || there.ino !== opened.ino || there.dev !== opened.dev) {
      throw new OperatorError(EXIT.state, (m) => m.sources.file.replaced({ path }));
    }
  }

  /** Whether the bytes before `position` are those that were read: a rewritten file may be as long again. */
  async #hasTail(file: FileHandle, position: number): Promise<boolean> {
    const { length } = this.#tail;
    const there = Buffer.alloc(length);
    const { bytesRead } = await file.read(there, 0, length, position - length);
    return bytesRead === length && there.equals(this.#tail);
  }
}

/** The error for a file of events that cannot be opened or read. */
function unreadable(path: string, error: unknown): OperatorError {
  const code = codeOf(error);
  const isMissing = code === 'ENOENT';
  const Refusal = isMissing ? SourceAbsent : OperatorError;
  return new Refusal(
    EXIT.usage,
    (m) =>
      isMissing ? m.sources.file.missing({ path }) : m.sources.file.unreadable({ path, code }),
    { cause: error },
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
