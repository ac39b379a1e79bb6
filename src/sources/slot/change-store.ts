import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, OperatorError } from '../../errors.js';
import { DecodeError } from './byte-reader.js';

/** A message that is kept, as the server sent it. */
export interface KeptMessage {
  /** Exact below 2^53. */
  readonly lsn: number;
  readonly data: Buffer;
}

/** Bytes before the data of a message in the file: their length, and the LSN. */
const HEAD_BYTES = 12;
/** Bytes of one read of the file: many messages each, and little memory. */
const READ_BYTES = 256 << 10;
/** Names the process, for an administrator and for tests. */
export const FILE_PREFIX = `oltp-simulator-transaction-${process.pid}-`;
/** Only this user may read it: it has rows of the run. */
const FILE_MODE = 0o600;

/**
 * Keeps messages in their order: in memory, and, once `spill` was called, those so far in a temporary file. The file has
 * no name while it is open, so that none is left behind however the process ends.
 */
export class ChangeStore {
  #inMemory: KeptMessage[] = [];
  #memoryBytes = 0;
  #file: number | null = null;
  #fileBytes = 0;

  /** Bytes in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  push(message: KeptMessage): void {
    this.#inMemory.push(message);
    this.#memoryBytes += HEAD_BYTES + message.data.length;
  }

  /** Writes the messages in memory to the file. Throws an OperatorError where that fails, as on a full disk. */
  spill(): void {
    try {
      this.#file ??= openUnlinked();
      this.#write(this.#file);
    } catch (error) {
      const folder = tmpdir();
      const { message: reason } = error as Error;
      // Without a cause: a failure of the server may pass, this one may not.
      throw new OperatorError(EXIT.state, (m) => m.sources.noTemporaryFile({ folder, reason }));
    }
    this.#inMemory = [];
    this.#memoryBytes = 0;
  }

  #write(file: number): void {
    const bytes = Buffer.allocUnsafe(this.#memoryBytes);
    let end = 0;
    for (const { lsn, data } of this.#inMemory) {
      bytes.writeUInt32BE(data.length, end);
      bytes.writeBigUInt64BE(BigInt(lsn), end + 4);
      end += HEAD_BYTES + data.copy(bytes, end + HEAD_BYTES);
    }
    for (let at = 0; at < end; ) {
      const written = writeSync(file, bytes, at, end - at, this.#fileBytes);
      at += written;
      this.#fileBytes += written;
    }
  }

  /** Every message, in the order of `push`; to be read once. */
  *messages(): Generator<KeptMessage, void> {
    if (this.#file !== null) yield* readFile(this.#file, this.#fileBytes);
    yield* this.#inMemory;
  }

  /** Forgets all messages. */
  clear(): void {
    this.#inMemory = [];
    this.#memoryBytes = 0;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

function openUnlinked(): number {
  const path = join(tmpdir(), `${FILE_PREFIX}${randomBytes(8).toString('hex')}`);
  const file = openSync(path, 'wx+', FILE_MODE);
  unlinkSync(path);
  return file;
}

function* readFile(file: number, size: number): Generator<KeptMessage, void> {
  let bytes = Buffer.alloc(0);
  let at = 0;
  for (let read = 0; ; ) {
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      yield {
        lsn: Number(bytes.readBigUInt64BE(at + 4)),
        data: bytes.subarray(at + HEAD_BYTES, end),
      };
      at = end;
    }
    if (read === size) return;
    const rest = bytes.subarray(at);
    const needed = rest.length >= HEAD_BYTES ? HEAD_BYTES + rest.readUInt32BE(0) : 0;
    const next = Buffer.allocUnsafe(Math.max(rest.length + READ_BYTES, needed));
    rest.copy(next);
    const got = readSync(file, next, rest.length, next.length - rest.length, read);
    if (got === 0) throw new DecodeError('the temporary file of a transaction is cut off', read);
    read += got;
    bytes = next.subarray(0, rest.length + got);
    at = 0;
  }
}
