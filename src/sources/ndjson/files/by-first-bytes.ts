import { type ByteInput, END, IDLE, Prefixed } from './byte-input.js';

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
