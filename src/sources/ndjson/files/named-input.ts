import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type ByteInput, END, IDLE, Prefixed } from './byte-input.js';
import { codeOf, FileInput, unreadable } from './file-input.js';
import { Poll } from './poll.js';
import { pipeStream, standardInput } from './standard-input.js';
import { StreamInput } from './stream-input.js';

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
