import { createGunzip } from 'node:zlib';
import { EXIT, OperatorError } from '../../errors.js';
import { AS_IS, type ByteInput, type Decide, END, IDLE } from './byte-input.js';

const MAGIC = Buffer.from([0x1f, 0x8b]);
const INPUT_BYTES = 1 << 16;
/** Comes out at once at most, however much it is that was packed. */
const OUTPUT_BYTES = 1 << 18;

/** Unpacks an input if it is gzip. `name`: what it is called when that fails. */
export function unpackGzip(name: string): Decide {
  return (head) => {
    if (head.length < MAGIC.length) return 'more';
    const packed = head.subarray(0, MAGIC.length).equals(MAGIC);
    return packed ? (whole) => new GzipInput(whole, name) : AS_IS;
  };
}

/**
 * Unpacks gzip, of one member or more, as far as it has come. Zeros after a member are padding (tapes and block
 * devices have it); Node stops at them, and would leave out what follows.
 */
class GzipInput implements ByteInput {
  readonly #input: ByteInput;
  readonly #name: string;
  #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  readonly #packed = Buffer.alloc(INPUT_BYTES);
  /** Bytes that were read and not unpacked: they follow padding. */
  #unread: Buffer = Buffer.alloc(0);
  #rest: Buffer = Buffer.alloc(0);
  /** The bytes that are being unpacked, and how many came before them in this row of members. */
  #given: Buffer = Buffer.alloc(0);
  #givenBefore = 0;
  #writing = false;
  /** Nothing will be given to the unpacker any more; before that, an end of its own is one at padding. */
  #last = false;
  #ended = false;
  /** Between members: only padding came since the last one. */
  #padding = false;
  #stopped = false;
  #error: NodeJS.ErrnoException | null = null;
  #happened = false;
  #wake: () => void = () => {};

  constructor(input: ByteInput, name: string) {
    this.#input = input;
    this.#name = name;
    this.#listen();
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    for (;;) {
      this.#happened = false;
      if (this.#rest.length === 0) this.#rest = this.#gunzip.read() ?? this.#rest;
      if (this.#rest.length > 0) {
        const count = this.#rest.copy(buffer, at);
        this.#rest = this.#rest.subarray(count);
        return count;
      }
      if (this.#error !== null) throw this.#failure(this.#error);
      if (this.#ended) return END;
      if (this.#writing) {
        await this.#something();
        continue;
      }
      const refused = this.#refused();
      if (refused.length > 0) this.#startAnew(refused);
      if (this.#unread.length === 0) {
        const count = await this.#input.read(this.#packed, 0);
        if (count === IDLE) return IDLE;
        // A file that is still being packed has no end.
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
      this.#give(this.#unread);
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

  #give(bytes: Buffer): void {
    this.#givenBefore += this.#given.length;
    this.#given = bytes;
    this.#writing = true;
    this.#gunzip.write(bytes, () => {
      this.#writing = false;
      this.#tell();
    });
  }

  /** Bytes that the unpacker did not take: padding, and perhaps members after it. */
  #refused(): Buffer {
    return this.#given.subarray(this.#gunzip.bytesWritten - this.#givenBefore);
  }

  #startAnew(unread: Buffer): void {
    this.#unread = unread;
    this.#padding = true;
    this.#given = Buffer.alloc(0);
    this.#givenBefore = 0;
    this.#gunzip.destroy();
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
    this.#listen();
  }

  #listen(): void {
    const gunzip = this.#gunzip;
    const happens = (what: () => void) => {
      if (this.#gunzip !== gunzip) return;
      what();
      this.#tell();
    };
    gunzip.on('readable', () => happens(() => {}));
    gunzip.on('end', () =>
      happens(() => {
        this.#ended = this.#last;
      }),
    );
    gunzip.on('error', (error) =>
      happens(() => {
        this.#error = error;
      }),
    );
  }

  #tell(): void {
    this.#happened = true;
    this.#wake();
  }

  async #something(): Promise<void> {
    if (this.#happened) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #failure(error: NodeJS.ErrnoException): OperatorError {
    const path = this.#name;
    const cutOff = error.code === 'Z_BUF_ERROR';
    return new OperatorError(
      EXIT.state,
      (m) => (cutOff ? m.intake.gzipCutOff({ path }) : m.intake.gzipBroken({ path })),
      { cause: error },
    );
  }
}

function firstNonZero(bytes: Buffer): number {
  const at = bytes.findIndex((byte) => byte !== 0);
  return at === -1 ? bytes.length : at;
}
