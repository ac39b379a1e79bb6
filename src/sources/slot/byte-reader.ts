import { constants, isUtf8 } from 'node:buffer';

/** Thrown for bytes that are not a message. `offset`: of the byte in the message. */
export class DecodeError extends Error {
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`${problem} (at byte ${offset} of the message)`);
    this.name = 'DecodeError';
    this.offset = offset;
  }
}

const LENGTH_BYTES = 4;
/** The character that Node puts for bytes that are not UTF-8; a value may have it, too. */
const REPLACEMENT = '\ufffd';

/** Reads the fields of a message in order; each takes its name for errors. Throws a DecodeError at the message's end. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #begin: number;
  readonly #end: number;
  #at: number;

  /** The message is the bytes from `begin` to before `end`. */
  constructor(bytes: Buffer, begin: number, end: number) {
    this.#bytes = bytes;
    this.#begin = begin;
    this.#end = end;
    this.#at = begin;
  }

  /** Bytes of the message that were read. */
  get offset(): number {
    return this.#at - this.#begin;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  uint8(field: string): number {
    return this.#bytes.readUInt8(this.#take(1, field));
  }

  uint16(field: string): number {
    return this.#bytes.readUInt16BE(this.#take(2, field));
  }

  int32(field: string): number {
    return this.#bytes.readInt32BE(this.#take(4, field));
  }

  uint32(field: string): number {
    return this.#bytes.readUInt32BE(this.#take(4, field));
  }

  int64(field: string): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8, field));
  }

  uint64(field: string): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8, field));
  }

  /** The length of the bytes that follow: never more than are left. */
  length(field: string): number {
    const at = this.offset;
    // The name of the field only where it is needed: every value has a length.
    if (this.left < LENGTH_BYTES) this.#take(LENGTH_BYTES, `the length of ${field}`);
    const length = this.int32(field);
    if (length < 0) throw new DecodeError(`${field} has the length ${length}`, at);
    if (length > this.left) {
      throw new DecodeError(`${field} has ${length} bytes, and ${this.left} are left`, at);
    }
    return length;
  }

  /** `length` bytes as text. */
  text(length: number, field: string): string {
    const at = this.#take(length, field);
    if (length > constants.MAX_STRING_LENGTH) {
      throw new DecodeError(`${field} has ${length} bytes, too many for a text`, at - this.#begin);
    }
    const text = this.#bytes.toString('utf8', at, at + length);
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(at, at + length))) {
      throw new DecodeError(`${field} is not UTF-8`, at - this.#begin);
    }
    return text;
  }

  /** Text up to a byte 0, which is skipped. */
  cString(field: string): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1 || end >= this.#end) throw new DecodeError(`${field} does not end`, this.offset);
    const text = this.text(end - this.#at, field);
    this.#at++;
    return text;
  }

  /** A copy of `length` bytes: those of the message may be overwritten. */
  copy(length: number, field: string): Buffer {
    const at = this.#take(length, field);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  /** Throws unless the last field was read. */
  end(): void {
    if (this.left > 0) throw new DecodeError(`${this.left} bytes too many`, this.offset);
  }

  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.left) {
      throw new DecodeError(`the message ends within ${field}`, this.offset);
    }
    this.#at += length;
    return at;
  }
}
