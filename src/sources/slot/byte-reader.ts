import { constants, isUtf8 } from 'node:buffer';

/** Bytes that are no message. `offset`: of the byte, from the message's first, where that showed. */
export class DecodeError extends Error {
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} (at byte ${offset} of the message)`);
    this.name = 'DecodeError';
    this.offset = offset;
  }
}

/** What a decoder puts in for bytes that are no UTF-8, and what somebody may have written, too. */
const REPLACEMENT = '\ufffd';

/** Takes a message apart from its first byte on. Throws a DecodeError instead of reading past its end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(what: string): number {
    return this.#bytes.readUInt8(this.#take(1, what));
  }

  uint16(what: string): number {
    return this.#bytes.readUInt16BE(this.#take(2, what));
  }

  int32(what: string): number {
    return this.#bytes.readInt32BE(this.#take(4, what));
  }

  uint32(what: string): number {
    return this.#bytes.readUInt32BE(this.#take(4, what));
  }

  int64(what: string): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8, what));
  }

  uint64(what: string): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8, what));
  }

  /** A length of what follows, in bytes: never more than there is. */
  length(what: string): number {
    const at = this.#at;
    const length = this.int32(`the length of ${what}`);
    if (length < 0) throw new DecodeError(`${what} has the length ${length}`, at);
    if (length > this.left) {
      throw new DecodeError(`${what} has ${length} bytes, and ${this.left} are left`, at);
    }
    return length;
  }

  /** `length` bytes as text. */
  text(length: number, what: string): string {
    const at = this.#take(length, what);
    if (length > constants.MAX_STRING_LENGTH) {
      throw new DecodeError(`${what} has ${length} bytes, too many for a text`, at);
    }
    const text = this.#bytes.toString('utf8', at, at + length);
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(at, at + length))) {
      throw new DecodeError(`${what} is not UTF-8`, at);
    }
    return text;
  }

  /** Text up to a byte 0, which is passed over. */
  cString(what: string): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new DecodeError(`${what} does not end`, this.#at);
    const text = this.text(end - this.#at, what);
    this.#at++;
    return text;
  }

  /** A copy of `length` bytes: the message's own may be written over. */
  copy(length: number, what: string): Buffer {
    const at = this.#take(length, what);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  /** To be called behind the last field: a message ends where its fields do. */
  end(): void {
    if (this.left > 0) throw new DecodeError(`${this.left} bytes too many`, this.#at);
  }

  #take(length: number, what: string): number {
    const at = this.#at;
    if (length > this.left) throw new DecodeError(`the message ends within ${what}`, at);
    this.#at += length;
    return at;
  }
}
