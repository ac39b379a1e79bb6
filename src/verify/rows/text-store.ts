const FIRST_UNITS = 1 << 14;
/** Units before a text: its table's code, and its length in two halves. */
const HEAD = 3;
const HALF_BITS = 16;
const HALF = 2 ** HALF_BITS;
/** Bytes of a UTF-16 code unit. */
const UNIT_BYTES = 2;
/** Offsets are signed words of 32 bits. */
const MOST_UNITS = 2 ** 31 - 1;

/** Texts of keys, each with the code of its table, one after the other in flat memory. */
export class TextStore {
  readonly #most: number;
  #units = new Uint16Array(FIRST_UNITS);
  #end = 0;

  /** @param bytes of memory, about */
  constructor(bytes: number) {
    // While it grows, the old units, half as many, are in memory, too.
    const most = Math.floor(bytes / UNIT_BYTES / 1.5);
    this.#most = Math.min(Math.max(most, FIRST_UNITS), MOST_UNITS);
  }

  /** Whether there is room for a text. */
  fits(text: string): boolean {
    return this.#end + HEAD + text.length <= this.#most;
  }

  /** Adds a text that fits. Returns its offset. */
  add(code: number, text: string): number {
    const begin = this.#end;
    const { length } = text;
    this.#end += HEAD + length;
    if (this.#end > this.#units.length) this.#grow();
    const units = this.#units;
    units[begin] = code;
    units[begin + 1] = length;
    units[begin + 2] = length / HALF;
    for (let i = 0; i < length; i++) units[begin + HEAD + i] = text.charCodeAt(i);
    return begin;
  }

  /** Whether the text at an offset is this one. */
  is(offset: number, code: number, text: string): boolean {
    const units = this.#units;
    const { length } = text;
    if (units[offset] !== code || this.#lengthAt(offset) !== length) return false;
    for (let i = 0; i < length; i++) {
      if (units[offset + HEAD + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  codeAt(offset: number): number {
    return this.#units[offset]!;
  }

  textAt(offset: number): string {
    const begin = offset + HEAD;
    const { buffer } = this.#units;
    return Buffer.from(buffer, begin * UNIT_BYTES, this.#lengthAt(offset) * UNIT_BYTES).toString(
      'utf16le',
    );
  }

  /** Forgets all texts. */
  clear(): void {
    this.#end = 0;
  }

  #lengthAt(offset: number): number {
    return this.#units[offset + 1]! + this.#units[offset + 2]! * HALF;
  }

  #grow(): void {
    const units = new Uint16Array(
      Math.min(Math.max(this.#units.length * 2, this.#end), MOST_UNITS),
    );
    units.set(this.#units);
    this.#units = units;
  }
}
