import { createGunzip } from 'node:zlib';
import { EXIT, OperatorError } from '../../errors.js';
import { type ByteInput, END, IDLE, Prefixed } from './byte-input.js';

const MAGIC = Buffer.from([0x1f, 0x8b]);
const INPUT_BYTES = 1 << 16;
/** Comes out at once at most, however much it is that was packed. */
const OUTPUT_BYTES = 1 << 18;

/** Unpacks an input if it is gzip, by its first bytes; otherwise gives it out as it is. */
export class MaybeGzipInput implements ByteInput {
  readonly #input: ByteInput;
  readonly #name: string;
  readonly #head = Buffer.alloc(INPUT_BYTES);
  #known = 0;
  #decided: ByteInput | null = null;

  constructor(input: ByteInput, name: string) {
    this.#input = input;
    this.#name = name;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (this.#decided === null) {
      const count = await this.#input.read(this.#head, this.#known);
      if (count === IDLE) return IDLE;
      if (count > 0) this.#known += count;
      if (count !== END && this.#known < MAGIC.length) continue;
      const head = this.#head.subarray(0, this.#known);
      const whole = new Prefixed(head, this.#input);
      const packed = head.subarray(0, MAGIC.length).equals(MAGIC);
      this.#decided = packed ? new GzipInput(whole, this.#name) : whole;
    }
    return this.#decided.read(buffer, at);
  }

  stop(): void {
    (this.#decided ?? this.#input).stop();
  }

  close(): Promise<void> {
    return (this.#decided ?? this.#input).close();
  }
}

/** Unpacks gzip, of one member or more, as far as it has come. */
class GzipInput implements ByteInput {
  readonly #input: ByteInput;
  readonly #name: string;
  readonly #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  readonly #packed = Buffer.alloc(INPUT_BYTES);
  #rest: Buffer = Buffer.alloc(0);
  #writing = false;
  #ended = false;
  #stopped = false;
  #error: NodeJS.ErrnoException | null = null;
  #happened = false;
  #wake: () => void = () => {};

  constructor(input: ByteInput, name: string) {
    this.#input = input;
    this.#name = name;
    this.#gunzip.on('readable', () => this.#tell());
    this.#gunzip.on('end', () => {
      this.#ended = true;
      this.#tell();
    });
    this.#gunzip.on('error', (error) => {
      this.#error = error;
      this.#tell();
    });
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
      const count = await this.#input.read(this.#packed, 0);
      if (count === IDLE) return IDLE;
      // What is still being packed has no end; nobody waits for it any more.
      if (count === END && this.#stopped) return END;
      this.#writing = true;
      const written = () => {
        this.#writing = false;
        this.#tell();
      };
      if (count === END) this.#gunzip.end();
      else this.#gunzip.write(this.#packed.subarray(0, count), written);
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
