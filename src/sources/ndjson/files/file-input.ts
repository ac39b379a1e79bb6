import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { EXIT, OperatorError, SourceAbsent } from '../../../errors.js';
import { type ByteInput, END, IDLE } from './byte-input.js';
import { Poll } from './poll.js';

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
