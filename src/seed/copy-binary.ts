import { DAY_MS, parseTimestamp, SECOND_MS } from '../lib/calendar.js';
import { DIGITS, writeDigits } from '../lib/numbers.js';
import { MOST_BYTES_PER_UNIT, writeUtf8 } from '../lib/utf8.js';
import { EPOCH_MS, rareDate, rareTimestamp } from '../postgres/wire.js';
import type { Column } from '../schema/table.js';
import type { Composed, Row } from '../schema/value.js';
import type { RowWriter } from './copy.js';

/** Types whose binary form is simple, as `format_type` prints them without a length, and their forms. */
const FORMS = {
  bigint: 'long',
  boolean: 'boolean',
  bytea: 'hex',
  character: 'text',
  'character varying': 'text',
  date: 'date',
  integer: 'integer',
  jsonb: 'jsonb',
  text: 'text',
  'timestamp without time zone': 'timestamp',
} as const satisfies Readonly<Record<string, string>>;

type Form = (typeof FORMS)[keyof typeof FORMS];

/** The signature of the format, no flags, no extension of the header. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Stands for the number of columns after the last row. */
const END = -1;
const NULL_LENGTH = -1;
/** The only version of jsonb's binary form. */
const JSONB_VERSION = 1;

/** Characters of nearly all dates and timestamps: years of four digits, whole seconds. */
const PLAIN_DATE = '2026-01-31'.length;
const PLAIN_TIMESTAMP = '2026-01-31 08:15:00'.length;

/** PostgreSQL counts from 2000, rows from 1970. */
const EPOCH_SECONDS = EPOCH_MS / SECOND_MS;
const SECONDS_PER_DAY = DAY_MS / SECOND_MS;
const MICROS_PER_SECOND = 1_000_000;
const TWO_TO_32 = 0x1_0000_0000;
/** Bytes of the length and of a value of fixed size, at most. */
const FIXED_BYTES = 12;
/** From this length on, in UTF-16 code units, leaving JavaScript once costs less than a loop over the letters. */
const LONG_TEXT = 512;
/** The start of a `bytea` as text. */
const HEX_PREFIX = '\\x'.length;

/** Room for rows before the buffer grows: a piece, and one more row of usual length. */
const ROOM_BYTES = 68 * 1024;

/** Has every column a simple binary form? */
export function hasBinaryForm(columns: readonly Column[]): boolean {
  return columns.every((column) => formOf(column) !== null);
}

function formOf({ type }: Column): Form | null {
  const plain = type.replace(/\(\d+\)$/, '');
  return Object.hasOwn(FORMS, plain) ? FORMS[plain as keyof typeof FORMS] : null;
}

/**
 * Writes rows in the binary format of COPY. The server takes a third less time for one than as CSV: it reads moments
 * and numbers as they are, and looks for no quotes.
 */
export class BinaryWriter implements RowWriter {
  readonly #forms: readonly Form[];
  #buffer!: Buffer;
  #view!: DataView;
  #at = 0;

  /** Throws a RangeError where `hasBinaryForm` is false. */
  constructor(columns: readonly Column[]) {
    this.#forms = columns.map((column) => {
      const form = formOf(column);
      if (form === null) throw new RangeError(`no binary form: ${column.type}`);
      return form;
    });
    this.#use(Buffer.allocUnsafeSlow(ROOM_BYTES));
    this.#at = HEADER.copy(this.#buffer);
  }

  get length(): number {
    return this.#at;
  }

  take(): Buffer {
    const piece = this.#buffer.subarray(0, this.#at);
    this.#use(Buffer.allocUnsafeSlow(ROOM_BYTES));
    this.#at = 0;
    return piece;
  }

  end(): void {
    this.#reserve(2);
    this.#int16(END);
  }

  row(row: Row): void {
    const forms = this.#forms;
    this.#reserve(2);
    this.#int16(forms.length);
    for (let i = 0; i < forms.length; i++) {
      const value = row[i]!;
      this.#reserve(FIXED_BYTES);
      if (value === null) this.#int32(NULL_LENGTH);
      else if (typeof value === 'number') this.#number(forms[i]!, value);
      else if (typeof value === 'string') this.#text(forms[i]!, value);
      else if (forms[i] === 'text') this.#composed(value);
      else this.#text(forms[i]!, value.toString());
    }
  }

  #number(form: Form, value: number): void {
    if (form === 'long') {
      this.#int32(8);
      this.#int64(value);
    } else if (form === 'timestamp') {
      this.#int32(8);
      this.#int64((value - EPOCH_SECONDS) * MICROS_PER_SECOND);
    } else if (form === 'date') {
      this.#int32(4);
      this.#int32((value - EPOCH_SECONDS) / SECONDS_PER_DAY);
    } else if (form === 'integer') {
      this.#int32(4);
      this.#int32(value);
    } else this.#text(form, String(value));
  }

  #text(form: Form, text: string): void {
    if (form === 'text') this.#utf8(text);
    else if (form === 'timestamp') this.#timestamp(text);
    else if (form === 'date') this.#date(text);
    else if (form === 'jsonb') this.#jsonb(text);
    else if (form === 'hex') this.#hex(text);
    else if (form === 'boolean') {
      this.#int32(1);
      this.#buffer[this.#at++] = text === 't' ? 1 : 0;
    } else if (form === 'long') {
      this.#int32(8);
      this.#bigInt64(BigInt(text));
    } else this.#number(form, Number(text));
  }

  #timestamp(text: string): void {
    if (text.length === PLAIN_TIMESTAMP) {
      this.#number('timestamp', parseTimestamp(text) / SECOND_MS);
      return;
    }
    this.#int32(8);
    this.#bigInt64(rareTimestamp(text));
  }

  #date(text: string): void {
    if (text.length === PLAIN_DATE) {
      this.#number('date', parseTimestamp(text) / SECOND_MS);
      return;
    }
    this.#int32(4);
    this.#int32(rareDate(text));
  }

  #composed({ parts }: Composed): void {
    const lengthAt = this.#at;
    this.#at += 4;
    for (let k = 0; k < parts.length; k++) {
      const part = parts[k]!;
      if (typeof part === 'number') {
        this.#reserve(DIGITS);
        this.#at = writeDigits(this.#buffer, this.#at, part);
      } else {
        this.#reserve(part.length * MOST_BYTES_PER_UNIT);
        this.#at = writeUtf8(this.#buffer, this.#at, part);
      }
    }
    this.#view.setInt32(lengthAt, this.#at - lengthAt - 4);
  }

  #utf8(text: string): void {
    if (text.length >= LONG_TEXT) {
      const bytes = Buffer.byteLength(text);
      this.#reserve(4 + bytes);
      this.#int32(bytes);
      this.#at += this.#buffer.write(text, this.#at);
      return;
    }
    this.#reserve(4 + text.length * MOST_BYTES_PER_UNIT);
    const start = this.#at + 4;
    const end = writeUtf8(this.#buffer, start, text);
    this.#int32(end - start);
    this.#at = end;
  }

  #jsonb(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#reserve(5 + bytes);
    this.#int32(1 + bytes);
    this.#buffer[this.#at++] = JSONB_VERSION;
    this.#at += this.#buffer.write(text, this.#at);
  }

  #hex(text: string): void {
    const bytes = (text.length - HEX_PREFIX) / 2;
    this.#reserve(4 + bytes);
    this.#int32(bytes);
    this.#at += this.#buffer.write(text.slice(HEX_PREFIX), this.#at, 'hex');
  }

  #int16(value: number): void {
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
  }

  #int32(value: number): void {
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  /** Whole numbers up to 2^53. */
  #int64(value: number): void {
    const high = Math.floor(value / TWO_TO_32);
    this.#view.setInt32(this.#at, high);
    this.#view.setUint32(this.#at + 4, value - high * TWO_TO_32);
    this.#at += 8;
  }

  #bigInt64(value: bigint): void {
    this.#view.setBigInt64(this.#at, value);
    this.#at += 8;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#use(larger);
  }

  #use(buffer: Buffer): void {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }
}
