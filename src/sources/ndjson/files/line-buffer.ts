const LF = 0x0a;

/** Collects bytes, and gives out whole lines. Holds one read and one line at most. */
export class LineBuffer {
  #bytes: Buffer;
  #used = 0;
  readonly #chunk: number;
  readonly #most: number;
  #dropping = false;

  /** `chunk`: bytes of a read; `most`: of a line. */
  constructor(chunk: number, most: number) {
    this.#chunk = chunk;
    this.#most = most;
    this.#bytes = Buffer.allocUnsafe(2 * chunk);
  }

  /** Where the next bytes go: from `used` on. There is room for some. */
  get bytes(): Buffer {
    if (this.#bytes.length - this.#used < this.#chunk) {
      const bytes = Buffer.allocUnsafe(2 * this.#bytes.length);
      this.#bytes.copy(bytes, 0, 0, this.#used);
      this.#bytes = bytes;
    }
    return this.#bytes;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Takes in the next `count` bytes and gives out the lines that are whole now, with their line feeds; they
   * stay until the next call. A line that gets too long is told at once, and left out with its line feed.
   */
  take(count: number, lines: (bytes: Buffer) => void, tooLong: () => void): void {
    const bytes = this.#bytes;
    const used = this.#used + count;
    let begin = 0;
    if (this.#dropping) {
      const feed = bytes.subarray(0, used).indexOf(LF);
      if (feed === -1) {
        this.#used = 0;
        return;
      }
      begin = feed + 1;
      this.#dropping = false;
    }
    const end = bytes.subarray(begin, used).lastIndexOf(LF) + 1 + begin;
    if (end > begin) lines(bytes.subarray(begin, end));
    bytes.copyWithin(0, end, used);
    this.#used = used - end;
    if (this.#used > this.#most) {
      tooLong();
      this.#dropping = true;
      this.#used = 0;
    }
  }

  /** What is there of a line without a line feed; none of one that was too long. */
  rest(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }
}
