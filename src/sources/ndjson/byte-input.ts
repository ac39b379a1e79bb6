/** No more for now; the next read waits until there is. */
export const IDLE = 0;
/** No more will come. */
export const END = -1;

/** Bytes that are read from front to back. */
export interface ByteInput {
  /**
   * Reads some bytes into `buffer` from `at` on and returns their count; or IDLE, once before each wait; or END. Rejects
   * with an OperatorError.
   */
  read(buffer: Buffer, at: number): Promise<number>;
  /** Ends a `read` that waits, and every later one, with END. */
  stop(): void;
  /** Frees the file or stream. Called once, at the end. */
  close(): Promise<void>;
}

/** Puts bytes before those of another input. */
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

/** First bytes that may decide, at most. */
const HEAD_BYTES = 1 << 16;

/** Wraps an input, which still has its first bytes, in the one to read in its place. */
export type Wrap = (whole: ByteInput) => ByteInput;

/** Chooses a wrap by the first bytes of an input. 'more': too few to decide; AS_IS if there are no more. */
export type Decide = (head: Buffer) => Wrap | 'more';

/** Leaves an input as it is. */
export const AS_IS: Wrap = (whole) => whole;

/** Reads an input through the wrap that its first bytes decide. */
export class ByFirstBytes implements ByteInput {
  readonly #input: ByteInput;
  readonly #decide: Decide;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #known = 0;
  #decided: ByteInput | null = null;

  constructor(input: ByteInput, decide: Decide) {
    this.#input = input;
    this.#decide = decide;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (this.#decided === null) {
      const count = await this.#input.read(this.#head, this.#known);
      if (count === IDLE) return IDLE;
      if (count > 0) this.#known += count;
      const head = this.#head.subarray(0, this.#known);
      const whole = count === END || head.length === HEAD_BYTES;
      const wrap = this.#decide(head);
      if (wrap === 'more' && !whole) continue;
      const input = new Prefixed(head, this.#input);
      this.#decided = wrap === 'more' ? input : wrap(input);
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

/** Bytes of one read to transform. */
const INPUT_BYTES = 1 << 16;

/** Changes the bytes of an input on the way. */
export class TransformedInput implements ByteInput {
  readonly #input: ByteInput;
  readonly #transform: (bytes: Buffer) => Buffer;
  readonly #read = Buffer.alloc(INPUT_BYTES);
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: ByteInput, transform: (bytes: Buffer) => Buffer) {
    this.#input = input;
    this.#transform = transform;
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    while (this.#rest.length === 0) {
      const count = await this.#input.read(this.#read, 0);
      if (count === IDLE || count === END) return count;
      this.#rest = this.#transform(this.#read.subarray(0, count));
    }
    const count = this.#rest.copy(buffer, at);
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  stop(): void {
    this.#input.stop();
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}
