import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { type ByteInput, END, IDLE, Prefixed } from './byte-input.js';
import { pipeStream, StreamInput, standardInput } from './stream-input.js';

/** How often a file that has no more, or is not there, is looked at. */
const POLL_MS = 50;

/** The pause between two looks at a file. */
export class Poll {
  #wake: () => void = () => {};

  /** Resolves after the pause, or as soon as `wake` is called. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends a pause that is under way. */
  wake(): void {
    this.#wake();
  }
}

/** Files of a process that is open already, as Linux and macOS name them. */
const DESCRIPTOR = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d+)$/;
const STDIN = 0;
/** Bytes of the first read of a named pipe, by which it is seen that somebody writes to it. */
const FIRST_BYTES = 1 << 12;

/**
 * The input that a path names: a file, a named pipe, or a descriptor that is open already (`/dev/stdin`, the
 * `/dev/fd/63` of a shell's `<(…)`).
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

/** A file or a named pipe: which one is seen when it is there. */
class NamedInput implements ByteInput {
  readonly #path: string;
  readonly #follow: boolean;
  #decided: ByteInput | null = null;
  /** A named pipe that nobody has written to yet. */
  #pipe: number | null = null;
  #idle = false;
  #stopped = false;
  readonly #poll = new Poll();

  /** `follow`: it may also not be there yet. */
  constructor(path: string, follow: boolean) {
    this.#path = path;
    this.#follow = follow;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (this.#decided === null) {
      if (this.#stopped) return END;
      this.#decided = await this.#decide();
      // It may have been stopped meanwhile.
      if (this.#stopped) this.#decided?.stop();
      if (this.#decided !== null) break;
      if (!this.#idle) {
        this.#idle = true;
        return IDLE;
      }
      await this.#poll.pause();
    }
    return this.#decided.read(buffer, at);
  }

  stop(): void {
    this.#stopped = true;
    this.#decided?.stop();
    this.#poll.wake();
  }

  async close(): Promise<void> {
    await this.#decided?.close();
    if (this.#pipe !== null) closeSync(this.#pipe);
    this.#pipe = null;
  }

  /** Null: it is not there yet, or nobody writes to it yet. */
  async #decide(): Promise<ByteInput | null> {
    const path = this.#path;
    try {
      if (this.#pipe === null) {
        if (!(await stat(path)).isFIFO()) return new FileInput(path, this.#follow);
        // Without O_NONBLOCK opening it waits for a writer, in a thread that nothing wakes.
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
      // Its end, before anything came: there is no writer.
      if (count === 0) return null;
    } catch (error) {
      // There is one, and nothing to be read.
      if (codeOf(error) !== 'EAGAIN') throw unreadable(path, error);
    }
    // Whoever reads it closes it.
    this.#pipe = null;
    return new Prefixed(first.subarray(0, count), new StreamInput(pipeStream(pipe), path));
  }
}

/** Bytes before the place that was read to, by which it is seen that a file was written anew. */
const TAIL_BYTES = 256;

/** Throws an OperatorError where there is no such file, or it cannot be read. Opens nothing: it may be a pipe. */
export async function requireReadable(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) throw unreadable(path, { code: 'EISDIR' });
    await access(path, constants.R_OK);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw unreadable(path, error);
  }
}

/** Reads a file, and what is added to it if it is to be followed. */
export class FileInput implements ByteInput {
  readonly #path: string;
  readonly #follow: boolean;
  #file: FileHandle | null = null;
  /** Null: it is no file that has positions, but a device, say. */
  #position: number | null = 0;
  /** The last bytes that were read. */
  #tail = Buffer.alloc(0);
  #idle = false;
  #stopped = false;
  readonly #poll = new Poll();

  /** `follow`: it may also not be there yet. */
  constructor(path: string, follow: boolean) {
    this.#path = path;
    this.#follow = follow;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (!this.#stopped) {
      const count = await this.#some(buffer, at);
      if (count === 0 && (!this.#follow || this.#position === null)) return END;
      // Whoever waited for more, or came to the end, looks whether it is still the same that was read.
      if (this.#idle || count === 0) await this.#sameFile();
      if (count > 0) {
        this.#idle = false;
        this.#advance(buffer.subarray(at, at + count));
        return count;
      }
      if (!this.#idle) {
        this.#idle = true;
        return IDLE;
      }
      await this.#poll.pause();
    }
    return END;
  }

  stop(): void {
    this.#stopped = true;
    this.#poll.wake();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** 0: there is no more, or no file. */
  async #some(buffer: Buffer, at: number): Promise<number> {
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

  /** What is added to another file than the one that is open would be waited for in vain. */
  async #sameFile(): Promise<void> {
    if (this.#file === null || this.#position === null) return;
    const path = this.#path;
    const mine = await this.#file.stat();
    if (mine.size < this.#position || !(await this.#hasTail(this.#file, this.#position))) {
      throw new OperatorError(EXIT.state, (m) => m.intake.truncated({ path }));
    }
    const there = await stat(path).catch(() => null);
    if (there === null || there.ino !== mine.ino || there.dev !== mine.dev) {
      throw new OperatorError(EXIT.state, (m) => m.intake.replaced({ path }));
    }
  }

  /** Compares the bytes before `position` with those that were read: a file written anew may be as long again. */
  async #hasTail(file: FileHandle, position: number): Promise<boolean> {
    const { length } = this.#tail;
    const there = Buffer.alloc(length);
    const { bytesRead } = await file.read(there, 0, length, position - length);
    return bytesRead === length && there.equals(this.#tail);
  }
}

/** The error for a file of events that cannot be opened or read. */
export function unreadable(path: string, error: unknown): OperatorError {
  const code = codeOf(error);
  const isMissing = code === 'ENOENT';
  const Refusal = isMissing ? SourceAbsent : OperatorError;
  return new Refusal(
    EXIT.usage,
    (m) => (isMissing ? m.intake.missing({ path }) : m.intake.unreadable({ path, code })),
    { cause: error },
  );
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
