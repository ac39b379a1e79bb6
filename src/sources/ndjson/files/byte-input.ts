/** Nothing more is there at the moment; asked again, it waits until there is. */
export const IDLE = 0;
/** Nothing more will come. */
export const END = -1;

/** Bytes that are read one after the other. */
export interface ByteInput {
  /**
   * Reads some bytes into `buffer` from `at` on, and returns how many; or IDLE, once before each wait; or END.
   * Rejects with an OperatorError.
   */
  read(buffer: Buffer, at: number): Promise<number>;
  /** Has a `read` that waits, and each one after it, come to its END. */
  stop(): void;
  /** To be called once it is of no more use. */
  close(): Promise<void>;
}

/** Gives some bytes out before those of another input. */
export class Prefixed implements ByteInput {
  #prefix: Buffer;
  readonly #input: ByteInput;

  constructor(prefix: Buffer, input: ByteInput) {
    this.#prefix = prefix;
    this.#input = input;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    if (this.#prefix.length === 0) return this.#input.read(buffer, at);
    const count = this.#prefix.copy(buffer, at);
    this.#prefix = this.#prefix.subarray(count);
    return count;
  }

  stop(): void {
    this.#input.stop();
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}
