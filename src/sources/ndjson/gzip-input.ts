import { createGunzip } from 'node:zlib';
import { EXIT, OperatorError } from '../../errors.js';
import { Wakeable } from '../../lib/wakeable.js';
import { AS_IS, type ByteInput, type Decide, END, IDLE } from './byte-input.js';

const MAGIC = Buffer.from([0x1f, 0x8b]);
const INPUT_BYTES = 1 << 16;
/** Limit of one unpacked chunk. */
const OUTPUT_BYTES = 1 << 18;

/** Unpacks an input if it is gzip. `name`: of the input in errors. */
export function unpackGzip(name: string): Decide {
  return (head) => {
    if (head.length < MAGIC.length) return 'more';
    const packed = head.subarray(0, MAGIC.length).equals(MAGIC);
    return packed ? (whole) => new GzipInput(whole, name) : AS_IS;
  };
}

/**
 * Unpacks gzip, of one member or more, as far as it has come. Zeros after a member are padding (tapes and block devices
 * write it); Node's unpacker ends at them, so a new one is made for the members after them.
 */
class GzipInput implements ByteInput {
  readonly #input: ByteInput;
  readonly #name: string;
  #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  readonly #packed = Buffer.alloc(INPUT_BYTES);
  /** Bytes that were read and not unpacked: those after padding. */
  #unread: Buffer = Buffer.alloc(0);
  #rest: Buffer = Buffer.alloc(0);
  /** The bytes that the unpacker has, and the count of those that it had before. */
  #written: Buffer = Buffer.alloc(0);
  #writtenBefore = 0;
  #writing = false;
  /** The input has ended. Before that, the unpacker ends only at padding. */
  #last = false;
  #ended = false;
  /** Only padding came since the last member. */
  #padding = false;
  #stopped = false;
  #error: NodeJS.ErrnoException | null = null;
  #changed = false;
  /** Woken by every event of the unpacker. */
  readonly #change = new Wakeable();

  constructor(input: ByteInput, name: string) {
    this.#input = input;
    this.#name = name;
    this.#listen();
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    for (;;) {
      this.#changed = false;
      if (this.#rest.length === 0) this.#rest = this.#gunzip.read() ?? this.#rest;
      if (this.#rest.length > 0) {
        const count = this.#rest.copy(buffer, at);
        this.#rest = this.#rest.subarray(count);
        return count;
      }
      if (this.#error !== null) throw this.#failure(this.#error);
      if (this.#ended) return END;
      if (this.#writing) {
        await this.#nextChange();
        continue;
      }
      const untaken = this.#untaken();
      if (untaken.length > 0) this.#restart(untaken);
      if (this.#unread.length === 0) {
        const count = await this.#input.read(this.#packed, 0);
        if (count === IDLE) return IDLE;
        // A file that is still being packed ends amid a member, which is not an error after `stop`.
        if (count === END && (this.#stopped || this.#padding)) return END;
        if (count === END) {
          this.#writing = true;
          this.#last = true;
          this.#gunzip.end();
          continue;
        }
        this.#unread = this.#packed.subarray(0, count);
      }
      if (this.#padding) {
        this.#unread = this.#unread.subarray(firstNonZero(this.#unread));
        if (this.#unread.length === 0) continue;
        this.#padding = false;
      }
      this.#write(this.#unread);
      this.#unread = Buffer.alloc(0);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#input.stop();
  }

  async close(): Promise<void> {
    this.#gunzip.destroy();
    await this.#input.close();
  }

  #write(bytes: Buffer): void {
    this.#writtenBefore += this.#written.length;
    this.#written = bytes;
    this.#writing = true;
    this.#gunzip.write(bytes, () => {
      this.#writing = false;
      this.#notify();
    });
  }

  /** Bytes that the unpacker did not take: padding, and perhaps members after it. */
  #untaken(): Buffer {
    return this.#written.subarray(this.#gunzip.bytesWritten - this.#writtenBefore);
  }

  #restart(unread: Buffer): void {
    this.#unread = unread;
    this.#padding = true;
    this.#written = Buffer.alloc(0);
    this.#writtenBefore = 0;
    this.#gunzip.destroy();
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
    this.#listen();
  }

  #listen(): void {
    const gunzip = this.#gunzip;
    const onEvent = (change: () => void) => {
      if (this.#gunzip !== gunzip) return;
      change();
      this.#notify();
    };
    gunzip.on('readable', () => onEvent(() => {}));
    gunzip.on('end', () =>
      onEvent(() => {
        this.#ended = this.#last;
      }),
    );
    gunzip.on('error', (error) =>
      onEvent(() => {
        this.#error = error;
      }),
    );
  }

  #notify(): void {
    this.#changed = true;
    this.#change.wake();
  }

  async #nextChange(): Promise<void> {
    if (!this.#changed) await this.#change.sleep();
  }

  #failure(error: NodeJS.ErrnoException): OperatorError {
    const path = this.#name;
    const cutOff = error.code === 'Z_BUF_ERROR';
    return new OperatorError(
      EXIT.state,
      (m) => (cutOff ? m.sources.file.gzipCutOff({ path }) : m.sources.file.gzipBroken({ path })),
      { cause: error },
    );
  }
}

function firstNonZero(bytes: Buffer): number {
  const at = bytes.findIndex((byte) => byte !== 0);
  return at === -1 ? bytes.length : at;
}
