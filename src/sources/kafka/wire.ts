/** Kafka's primitive types: big-endian numbers, and texts, bytes and arrays after their length. */

/** The length of a text, of bytes or of an array that is null. */
const NULL = -1;
const START_BYTES = 256;

/** Writes values one after the other. */
export class KafkaEncoder {
  #buffer = Buffer.allocUnsafe(START_BYTES);
  #length = 0;

  int8(value: number): this {
    this.#length = this.#room(1).writeInt8(value, this.#length);
    return this;
  }

  int16(value: number): this {
    this.#length = this.#room(2).writeInt16BE(value, this.#length);
    return this;
  }

  int32(value: number): this {
    this.#length = this.#room(4).writeInt32BE(value, this.#length);
    return this;
  }

  int64(value: number): this {
    this.#length = this.#room(8).writeBigInt64BE(BigInt(value), this.#length);
    return this;
  }

  string(value: string | null): this {
    if (value === null) return this.int16(NULL);
    const bytes = Buffer.from(value);
    return this.int16(bytes.length).raw(bytes);
  }

  bytes(value: Buffer): this {
    return this.int32(value.length).raw(value);
  }

  /** An array of `items`; null for Kafka's null array. */
  array<T>(items: readonly T[] | null, write: (item: T) => void): this {
    this.int32(items === null ? NULL : items.length);
    items?.forEach(write);
    return this;
  }

  /** Bytes without a length. */
  raw(bytes: Buffer): this {
    bytes.copy(this.#room(bytes.length), this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** The written bytes, valid until the next write. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): Buffer {
    const needed = this.#length + bytes;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

/** Reads values one after the other. Throws a RangeError where the bytes end too early. */
export class KafkaDecoder {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** The count of bytes left. */
  get left(): number {
    return this.#buffer.length - this.#at;
  }

  int8(): number {
    return this.#buffer.readInt8(this.#step(1));
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#step(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#step(4));
  }

  /** A 64-bit number; offsets and producers' ids stay far below 2^53. */
  int64(): number {
    return Number(this.#buffer.readBigInt64BE(this.#step(8)));
  }

  string(): string {
    return this.nullableString() ?? '';
  }

  nullableString(): string | null {
    const length = this.int16();
    return length === NULL ? null : this.take(length).toString();
  }

  /** Bytes after a length of 32 bits, or Kafka's null. */
  bytes(): Buffer | null {
    const length = this.int32();
    return length === NULL ? null : this.take(length);
  }

  /** An array; one that is null counts as empty. */
  array<T>(read: () => T): T[] {
    const length = this.int32();
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read());
    return items;
  }

  /** A signed number of variable length (zigzag). */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#buffer[this.#step(1)]!;
      // Not by shifts, which wrap around beyond 32 bits, as timestamps may be.
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 0x80;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Bytes after a varint length, or Kafka's null. */
  varintBytes(): Buffer | null {
    const length = this.varint();
    return length === NULL ? null : this.take(length);
  }

  /** The next `length` bytes, without a copy. */
  take(length: number): Buffer {
    const from = this.#step(length);
    return this.#buffer.subarray(from, from + length);
  }

  /** Moves on by `length`, and returns the offset before. */
  #step(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#buffer.length) {
      throw new RangeError(`${length} bytes were to be read of ${this.left}`);
    }
    this.#at += length;
    return at;
  }
}
