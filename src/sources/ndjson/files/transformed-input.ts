import { type ByteInput, END, IDLE } from './byte-input.js';

const INPUT_BYTES = 1 << 16;

/** Makes other bytes of what an input gives. `last`: nothing follows. May throw an OperatorError. */
export type Transform = (bytes: Buffer, last: boolean) => Buffer;

/** An input whose bytes are changed on the way. What an input that was stopped left half is not made a fault. */
export class TransformedInput implements ByteInput {
  readonly #input: ByteInput;
  readonly #transform: Transform;
  readonly #taken = Buffer.alloc(INPUT_BYTES);
  #rest: Buffer = Buffer.alloc(0);
  #stopped = false;
  #ended = false;

  constructor(input: ByteInput, transform: Transform) {
    this.#input = input;
    this.#transform = transform;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (this.#rest.length === 0) {
      if (this.#ended) return END;
      const count = await this.#input.read(this.#taken, 0);
      if (count === IDLE) return IDLE;
      if (count !== END) this.#rest = this.#transform(this.#taken.subarray(0, count), false);
      else {
        this.#ended = true;
        if (!this.#stopped) this.#rest = this.#transform(Buffer.alloc(0), true);
      }
    }
    const count = this.#rest.copy(buffer, at);
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  stop(): void {
    this.#stopped = true;
    this.#input.stop();
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}
