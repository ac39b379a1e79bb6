import { DAY_MS, dayOf, parseTimestamp, SECOND_MS } from '../lib/calendar.js';
import { DIGITS, writeDigits } from '../lib/numbers.js';
import { MOST_BYTES_PER_UNIT, writeUtf8 } from '../lib/utf8.js';
import type { Composed, Row } from '../schema/value.js';

/** The types that the elements of an array parameter may have. */
export type WireType = 'bigint' | 'varchar' | 'date' | 'timestamp';

/** A prepared statement whose parameters are one array a column, so that its text fits any number of rows, or one row. */
export interface Statement {
  /** The text's name on a connection, which prepares it once. */
  readonly name: string;
  readonly text: string;
  /** Types of the columns, whose arrays or values are `$1`, `$2`, … */
  readonly types: readonly WireType[];
  readonly rows: readonly Row[];
  /** Left out or false: the parameters are arrays. True: they are the values of the one row. */
  readonly isOneRow?: boolean;
}

/** pg_type.oid of the elements of an array parameter; those of built-in types never change. */
const OID: Readonly<Record<WireType, number>> = {
  bigint: 20,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
};

/** PostgreSQL counts its days and microseconds from 2000-01-01. */
export const EPOCH_MS = Date.UTC(2000, 0, 1);
const EPOCH_SECONDS = EPOCH_MS / SECOND_MS;
const EPOCH_DAYS = EPOCH_MS / DAY_MS;
const SECONDS_PER_DAY = DAY_MS / SECOND_MS;
const MICROS_PER_SECOND = 1_000_000;

/** Characters of nearly all dates and timestamps: years of four digits, whole seconds. */
const PLAIN_DATE = '2026-01-31'.length;
const PLAIN_TIMESTAMP = '2026-01-31 08:15:00'.length;

const TWO_TO_32 = 0x1_0000_0000;
/** Bytes of the first buffer: a batch of 50 rows takes 5 to 10 thousand. */
const FIRST_BYTES = 1 << 16;
/** Bytes of an array's header, or of the fixed parts of a Bind message, with room to spare. */
const HEADER_BYTES = 64;

/** Message types of the extended query protocol, as the documentation names them. */
const PARSE = 0x50;
const BIND = 0x42;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const SYNC = 0x53;
const OF_STATEMENT = 0x53;

/** Parameters are sent in the binary format: the server reads them with no text to parse. */
const BINARY = 1;
const NULL_LENGTH = -1;
const ALL_ROWS = 0;

/**
 * Writes messages of the extended query protocol one after the other into a buffer that is reused. `pg`
 * would make a text of each parameter and an object of each message, and ask for a description of every
 * result.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #at = 0;

  /** Starts over: overwrites the bytes that were taken before. */
  reset(): void {
    this.#at = 0;
  }

  /** The bytes written since `reset`. Valid until the next message is written. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  /** Prepares a statement, and closes the one that the connection may have under this name. */
  prepare({ name, text }: Statement): void {
    this.#reserve(
      2 * name.length * MOST_BYTES_PER_UNIT + text.length * MOST_BYTES_PER_UNIT + HEADER_BYTES,
    );
    const closed = this.#begin(CLOSE);
    this.#byte(OF_STATEMENT);
    this.#cString(name);
    this.#end(closed);
    const parsed = this.#begin(PARSE);
    this.#cString(name);
    this.#cString(text);
    // No types given: each parameter has its cast in the text.
    this.#int16(0);
    this.#end(parsed);
  }

  /** Runs a prepared statement. Its result is not described: the sender knows its columns. */
  execute({ name, types, rows, isOneRow = false }: Statement): void {
    this.#reserve(name.length * MOST_BYTES_PER_UNIT + types.length * HEADER_BYTES + HEADER_BYTES);
    const bound = this.#begin(BIND);
    this.#cString(''); // the unnamed portal
    this.#cString(name);
    this.#int16(1);
    this.#int16(BINARY);
    this.#int16(types.length);
    for (let column = 0; column < types.length; column++) {
      if (isOneRow) this.#value(types[column]!, rows[0]![column]!);
      else this.#array(types[column]!, rows, column);
    }
    this.#reserve(HEADER_BYTES);
    this.#int16(0); // results as text
    this.#end(bound);
    const executed = this.#begin(EXECUTE);
    this.#cString('');
    this.#int32(ALL_ROWS);
    this.#end(executed);
  }

  /** Ends a packet: after a failure the server skips the messages up to here. */
  sync(): void {
    this.#reserve(HEADER_BYTES);
    this.#end(this.#begin(SYNC));
  }

  /** One column of the rows, as a one-dimensional array. */
  #array(type: WireType, rows: readonly Row[], column: number): void {
    this.#reserve(HEADER_BYTES);
    const lengthAt = this.#at;
    this.#at += 4;
    this.#int32(1); // dimensions
    const hasNullsAt = this.#at;
    this.#int32(0);
    this.#int32(OID[type]);
    this.#int32(rows.length);
    this.#int32(1); // the first index
    for (let i = 0; i < rows.length; i++) {
      if (this.#value(type, rows[i]![column]!)) continue;
      this.#view.setInt32(hasNullsAt, 1);
    }
    this.#view.setInt32(lengthAt, this.#at - lengthAt - 4);
  }

  /** A value with its length; false where it is a null. */
  #value(type: WireType, value: Row[number]): boolean {
    if (value === null) {
      this.#reserve(4);
      this.#int32(NULL_LENGTH);
      return false;
    }
    if (type === 'varchar') this.#text(value);
    else if (typeof value === 'number') this.#number(type, value);
    else this.#rare(type, String(value));
    return true;
  }

  #number(type: WireType, value: number): void {
    if (type === 'bigint') this.#long(value);
    else if (type === 'date') this.#int(value / SECONDS_PER_DAY - EPOCH_DAYS);
    else this.#long((value - EPOCH_SECONDS) * MICROS_PER_SECOND);
  }

  /** A value that is text in a column of numbers. */
  #rare(type: WireType, text: string): void {
    if (type === 'bigint') this.#bigLong(BigInt(text));
    else if (text.length === (type === 'date' ? PLAIN_DATE : PLAIN_TIMESTAMP)) {
      this.#number(type, parseTimestamp(text) / SECOND_MS);
    } else if (type === 'date') this.#int(rareDate(text));
    else this.#bigLong(rareTimestamp(text));
  }

  #text(value: string | number | Composed): void {
    if (typeof value === 'string') {
      const start = this.#at + 4;
      this.#reserve(4 + value.length * MOST_BYTES_PER_UNIT);
      this.#at = writeUtf8(this.#buffer, start, value);
      this.#view.setInt32(start - 4, this.#at - start);
    } else if (typeof value === 'number') this.#text(String(value));
    else this.#composed(value);
  }

  #composed({ parts }: Composed): void {
    const start = this.#at + 4;
    this.#reserve(4);
    this.#at = start;
    for (let k = 0; k < parts.length; k++) {
      const part = parts[k]!;
      const length = typeof part === 'number' ? DIGITS : part.length * MOST_BYTES_PER_UNIT;
      this.#reserve(length);
      this.#at =
        typeof part === 'number'
          ? writeDigits(this.#buffer, this.#at, part)
          : writeUtf8(this.#buffer, this.#at, part);
    }
    this.#view.setInt32(start - 4, this.#at - start);
  }

  #begin(type: number): number {
    this.#byte(type);
    const lengthAt = this.#at;
    this.#at += 4;
    return lengthAt;
  }

  #end(lengthAt: number): void {
    this.#view.setInt32(lengthAt, this.#at - lengthAt);
  }

  #cString(text: string): void {
    this.#at = writeUtf8(this.#buffer, this.#at, text);
    this.#byte(0);
  }

  #byte(value: number): void {
    this.#buffer[this.#at++] = value;
  }

  #int16(value: number): void {
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
  }

  #int32(value: number): void {
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  #int(value: number): void {
    this.#reserve(8);
    this.#int32(4);
    this.#int32(value);
  }

  /** Whole numbers up to 2^53, in eight bytes. */
  #long(value: number): void {
    this.#reserve(12);
    this.#int32(8);
    const high = Math.floor(value / TWO_TO_32);
    this.#int32(high);
    this.#int32(value - high * TWO_TO_32);
  }

  #bigLong(value: bigint): void {
    this.#reserve(12);
    this.#int32(8);
    this.#view.setBigInt64(this.#at, value);
    this.#at += 8;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
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
export function rareDate(text: string): number {
  return INFINITE_DATE.get(text) ?? partsOf(text).day;
}

/** Microseconds from 2000-01-01 to a moment of any year. Throws a RangeError where the text is no moment. */
export function rareTimestamp(text: string): bigint {
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
    day: dayOf(astronomical, Number(month), Number(day)) - EPOCH_MS / DAY_MS,
    seconds: (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds),
    micros: Number(fraction.padEnd(6, '0')),
  };
}
