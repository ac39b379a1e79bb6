import { DAY_MS, dayOf, parseTimestamp, SECOND_MS, SECONDS_PER_DAY } from '../lib/calendar.js';
import { DIGITS, writeDigits } from '../lib/numbers.js';
import { LONG_TEXT, MOST_BYTES_PER_UNIT, writeUtf8 } from '../lib/utf8.js';
import type { Composed, Value } from '../schema/value.js';

/** The types whose binary form rows need on both ways to the server: parameters and COPY. `text` is sent as `varchar` is. */
export type BinaryType = 'bigint' | 'date' | 'timestamp' | 'varchar';

/** PostgreSQL counts its days and microseconds from 2000-01-01. */
export const EPOCH_MS = Date.UTC(2000, 0, 1);
const EPOCH_SECONDS = EPOCH_MS / SECOND_MS;
const EPOCH_DAYS = EPOCH_MS / DAY_MS;
const MICROS_PER_SECOND = 1_000_000;

/** Characters of nearly all dates and timestamps: years of four digits, whole seconds. */
const PLAIN_DATE = '2026-01-31'.length;
const PLAIN_TIMESTAMP = '2026-01-31 08:15:00'.length;

const TWO_TO_32 = 0x1_0000_0000;
/** Bytes of a value's length. */
const LENGTH_BYTES = 4;
/** Stands for the length of NULL. */
const NULL_LENGTH = -1;

/** Writes values in PostgreSQL's binary format, each after its length, into a buffer that grows. */
export class BinaryValues {
  protected buffer!: Buffer;
  protected view!: DataView;
  /** The offset of the next byte. */
  protected at = 0;

  /** @param bytes of the first buffer */
  constructor(bytes: number) {
    this.use(Buffer.allocUnsafeSlow(bytes));
  }

  protected nullValue(): void {
    this.reserve(LENGTH_BYTES);
    this.int32(NULL_LENGTH);
  }

  /** A value of a row, or its text. Throws a RangeError where the text is no moment, a SyntaxError where it is no number. */
  protected value(type: BinaryType, value: NonNullable<Value>): void {
    if (typeof value === 'number') this.#number(type, value);
    else if (typeof value === 'string') this.#text(type, value);
    else if (type === 'varchar') this.#composed(value);
    else this.#text(type, value.toString());
  }

  #number(type: BinaryType, value: number): void {
    if (type === 'bigint') this.#long(value);
    else if (type === 'timestamp') this.#long((value - EPOCH_SECONDS) * MICROS_PER_SECOND);
    else if (type === 'date') this.integer(value / SECONDS_PER_DAY - EPOCH_DAYS);
    else this.#utf8(String(value));
  }

  #text(type: BinaryType, text: string): void {
    if (type === 'varchar') this.#utf8(text);
    else if (type === 'bigint') this.#bigLong(BigInt(text));
    else if (text.length === (type === 'date' ? PLAIN_DATE : PLAIN_TIMESTAMP)) {
      this.#number(type, parseTimestamp(text) / SECOND_MS);
    } else if (type === 'date') this.integer(rareDate(text));
    else this.#bigLong(rareTimestamp(text));
  }

  #utf8(text: string): void {
    const long = text.length >= LONG_TEXT;
    const bytes = long ? Buffer.byteLength(text) : text.length * MOST_BYTES_PER_UNIT;
    this.reserve(LENGTH_BYTES + bytes);
    const start = this.at + LENGTH_BYTES;
    const end = long ? start + this.buffer.write(text, start) : writeUtf8(this.buffer, start, text);
    this.int32(end - start);
    this.at = end;
  }

  #composed({ parts }: Composed): void {
    this.reserve(LENGTH_BYTES);
    const lengthAt = this.at;
    this.at += LENGTH_BYTES;
    for (let k = 0; k < parts.length; k++) {
      const part = parts[k]!;
      if (typeof part === 'number') {
        this.reserve(DIGITS);
        this.at = writeDigits(this.buffer, this.at, part);
      } else {
        this.reserve(part.length * MOST_BYTES_PER_UNIT);
        this.at = writeUtf8(this.buffer, this.at, part);
      }
    }
    this.endLength(lengthAt);
  }

  /** A whole number of 32 bits. */
  protected integer(value: number): void {
    this.reserve(LENGTH_BYTES + 4);
    this.int32(4);
    this.int32(value);
  }

  /** A whole number up to 2^53, in eight bytes. */
  #long(value: number): void {
    this.reserve(LENGTH_BYTES + 8);
    this.int32(8);
    const high = Math.floor(value / TWO_TO_32);
    this.int32(high);
    this.int32(value - high * TWO_TO_32);
  }

  #bigLong(value: bigint): void {
    this.reserve(LENGTH_BYTES + 8);
    this.int32(8);
    this.view.setBigInt64(this.at, value);
    this.at += 8;
  }

  /** Writes the length of a value whose length stands at this offset, and which ends here. */
  protected endLength(lengthAt: number): void {
    this.view.setInt32(lengthAt, this.at - lengthAt - LENGTH_BYTES);
  }

  protected byte(value: number): void {
    this.buffer[this.at++] = value;
  }

  protected int16(value: number): void {
    this.view.setInt16(this.at, value);
    this.at += 2;
  }

  protected int32(value: number): void {
    this.view.setInt32(this.at, value);
    this.at += 4;
  }

  /** Makes room for so many bytes. The methods of a value do it themselves; `byte`, `int16` and `int32` do not. */
  protected reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.use(larger);
  }

  protected use(buffer: Buffer): void {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer);
  }
}

/** A moment as PostgreSQL prints it: any year, with a fraction of a second, `infinity`. */
const MOMENT = /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?( BC)?$/;

/** The least and the greatest value stand for the infinities. */
const INFINITE_DATE: ReadonlyMap<string, number> = new Map([
  ['infinity', 0x7fff_ffff],
  ['-infinity', -0x8000_0000],
]);
const INFINITE_TIMESTAMP: ReadonlyMap<string, bigint> = new Map([
  ['infinity', 2n ** 63n - 1n],
  ['-infinity', -(2n ** 63n)],
]);

/** Days from 2000-01-01 to a date of any year. Throws a RangeError where the text is no date. */
function rareDate(text: string): number {
  return INFINITE_DATE.get(text) ?? partsOf(text).day;
}

/** Microseconds from 2000-01-01 to a moment of any year. Throws a RangeError where the text is no moment. */
function rareTimestamp(text: string): bigint {
  const infinite = INFINITE_TIMESTAMP.get(text);
  if (infinite !== undefined) return infinite;
  const { day, seconds, micros } = partsOf(text);
  return (BigInt(day) * 86_400n + BigInt(seconds)) * 1_000_000n + BigInt(micros);
}

function partsOf(text: string): { day: number; seconds: number; micros: number } {
  const [, year, month, day, hours = 0, minutes = 0, seconds = 0, fraction = '', era] =
    MOMENT.exec(text) ?? [];
  if (year === undefined) throw new RangeError(`not a date or timestamp: ${text}`);
  // 1 BC is the year 0.
  const astronomical = era === undefined ? Number(year) : 1 - Number(year);
  return {
    day: dayOf(astronomical, Number(month), Number(day)) - EPOCH_DAYS,
    seconds: (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds),
    micros: Number(fraction.padEnd(6, '0')),
  };
}
