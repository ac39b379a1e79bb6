import { type BinaryType, BinaryValues } from '../postgres/binary-values.js';
import type { Column } from '../schema/table.js';
import type { Row, Value } from '../schema/value.js';
import { ROOM_BYTES, type RowWriter } from './row-writer.js';

type Form = BinaryType | 'boolean' | 'bytea' | 'integer' | 'jsonb';

/** The forms of the types whose binary form is simple, by their names as `format_type` prints them without a length. */
const FORMS: ReadonlyMap<string, Form> = new Map([
  ['bigint', 'bigint'],
  ['boolean', 'boolean'],
  ['bytea', 'bytea'],
  ['character', 'varchar'],
  ['character varying', 'varchar'],
  ['date', 'date'],
  ['integer', 'integer'],
  ['jsonb', 'jsonb'],
  ['text', 'varchar'],
  ['timestamp without time zone', 'timestamp'],
]);

/** The signature of the format, no flags, no extension of the header. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Stands for the number of columns after the last row. */
const END = -1;
/** The only version of jsonb's binary form. */
const JSONB_VERSION = 1;
/** The start of a `bytea` as text. */
const HEX_PREFIX = '\\x'.length;

/** Has every column a simple binary form? */
export function hasBinaryForm(columns: readonly Column[]): boolean {
  return columns.every((column) => formOf(column) !== null);
}

function formOf({ type }: Column): Form | null {
  return FORMS.get(type.replace(/\(\d+\)$/, '')) ?? null;
}

/**
 * Writes rows in the binary format of COPY. The server takes a third less time for one than as CSV: it reads moments
 * and numbers as they are, and looks for no quotes.
 */
export class BinaryWriter extends BinaryValues implements RowWriter {
  readonly #forms: readonly Form[];

  /** Throws a RangeError where `hasBinaryForm` is false. */
  constructor(columns: readonly Column[]) {
    super(ROOM_BYTES);
    this.#forms = columns.map((column) => {
      const form = formOf(column);
      if (form === null) throw new RangeError(`no binary form: ${column.type}`);
      return form;
    });
    this.at = HEADER.copy(this.buffer);
  }

  get length(): number {
    return this.at;
  }

  take(): Buffer {
    const piece = this.buffer.subarray(0, this.at);
    this.use(Buffer.allocUnsafeSlow(ROOM_BYTES));
    this.at = 0;
    return piece;
  }

  end(): void {
    this.reserve(2);
    this.int16(END);
  }

  row(row: Row): void {
    const forms = this.#forms;
    this.reserve(2);
    this.int16(forms.length);
    for (let i = 0; i < forms.length; i++) {
      const value = row[i]!;
      if (value === null) this.nullValue();
      else this.#value(forms[i]!, value);
    }
  }

  #value(form: Form, value: NonNullable<Value>): void {
    if (form === 'integer') this.integer(Number(value));
    else if (form === 'boolean') this.#boolean(String(value));
    else if (form === 'jsonb') this.#jsonb(String(value));
    else if (form === 'bytea') this.#hex(String(value));
    else this.value(form, value);
  }

  #boolean(text: string): void {
    this.reserve(5);
    this.int32(1);
    this.byte(text === 't' ? 1 : 0);
  }

  #jsonb(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.reserve(5 + bytes);
    this.int32(1 + bytes);
    this.byte(JSONB_VERSION);
    this.at += this.buffer.write(text, this.at);
  }

  #hex(text: string): void {
    const bytes = (text.length - HEX_PREFIX) / 2;
    this.reserve(4 + bytes);
    this.int32(bytes);
    this.at += this.buffer.write(text.slice(HEX_PREFIX), this.at, 'hex');
  }
}
