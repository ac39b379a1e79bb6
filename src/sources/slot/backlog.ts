/** Bytes that an entry takes besides its data: so many small ones are no small thing. */
const ENTRY_BYTES = 128;
/** Entries at the front that were taken, after which they are cut off: seldom enough to cost nothing. */
const CUT_AT = 1024;

/** Entries in the order in which they came, and how much memory they take. */
export class Backlog<T> {
  #entries: ({ readonly value: T; readonly bytes: number } | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  /** About what the entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entry that came last and has not been taken. */
  get last(): T | undefined {
    return this.#entries.at(-1)?.value;
  }

  push(value: T, dataBytes: number): void {
    const bytes = dataBytes + ENTRY_BYTES;
    this.#entries.push({ value, bytes });
    this.#bytes += bytes;
  }

  /** Puts an entry without data in the last one's place, which had none either. */
  replaceLast(value: T): void {
    this.#entries[this.#entries.length - 1] = { value, bytes: ENTRY_BYTES };
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#entries[this.#first] = undefined;
    this.#first++;
    this.#bytes -= entry.bytes;
    if (this.#first === this.#entries.length) this.clear();
    else if (this.#first >= CUT_AT) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry.value;
  }

  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}
