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

const HEAD_BYTES = 1 << 16;

/** Makes, of an input that still has its first bytes, the one to be read in its place. */
export type Wrap = (whole: ByteInput) => ByteInput;

/**
 * What the first bytes of an input decide: a wrap, or 'more' where they do not tell yet; `whole`: no more will come,
 * and 'more' then stands for the input as it is.
 */
export type Decide = (head: Buffer, whole: boolean) => Wrap | 'more';

/** Leaves an input as it is. */
export const AS_IS: Wrap = (whole) => whole;

/** Reads an input in the way that its first bytes ask for. */
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
      const wrap = this.#decide(head, whole);
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
