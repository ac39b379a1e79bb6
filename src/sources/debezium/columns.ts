import { hashAscii, hashText, hashUtf8, NULL } from '../../ledger/value-hash.js';
import { type ColumnType, TABLE_NAMES, type TableName } from '../../legacy/tables.js';
import { EventError } from '../decoder.js';
import { type JsonReader, KIND } from '../json/reader.js';
import type { Key, Precision, RowColumns } from '../source.js';
import {
  EVENT_COLUMNS,
  type EventColumn,
  KNOWN_NAMES,
  type ParsedFields,
  WRITTEN_TIMESTAMPS,
} from './fields.js';
import { bigTimestampText, dateText, instantText, parseInstant, timestampText } from './times.js';

/** The form in which a column's text is there. */
const FORM = {
  absent: 0,
  null: 1,
  /** The event's bytes are the text. */
  ascii: 2,
  utf8: 3,
  /** The text had to be made. */
  made: 4,
} as const;

const MOST_COLUMNS = Math.max(...TABLE_NAMES.map((table) => EVENT_COLUMNS[table].length));

const MINUS = 0x2d;

/**
 * The row of the last event. Most of its values are the bytes that PostgreSQL prints: they stay in place, and a value
 * that is only hashed needs no text.
 */
export class JsonColumns implements RowColumns {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;
  readonly #forms = new Uint8Array(MOST_COLUMNS);
  readonly #starts = new Int32Array(MOST_COLUMNS);
  readonly #stops = new Int32Array(MOST_COLUMNS);
  readonly #made: string[] = Array<string>(MOST_COLUMNS).fill('');
  // The last made text of each column and its hash: rows of one transaction have the same times.
  readonly #hashed: string[] = Array<string>(MOST_COLUMNS).fill('');
  readonly #befores = new Int32Array(MOST_COLUMNS);
  readonly #hashes = new Int32Array(MOST_COLUMNS);

  constructor(reader: JsonReader, values: ValueReader) {
    this.#reader = reader;
    this.#values = values;
  }

  get precision(): Precision {
    return this.#values.precision;
  }

  /**
   * Reads a row of `table` whose slots begin at `slot`. Throws an EventError on a value that its column's type cannot
   * have.
   */
  read(table: TableName, parsed: ParsedFields, slot: number): void {
    this.#values.learnUnit(table, parsed, slot);
    const columns = EVENT_COLUMNS[table];
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const at = slot + column.field;
      const start = parsed.starts[at]!;
      const stop = parsed.stops[at]!;
      this.#starts[i] = start;
      this.#stops[i] = stop;
      this.#forms[i] = this.#formOf(column, i, parsed.kinds[at]!, start, stop);
    }
  }

  text(column: number): string | null | undefined {
    const start = this.#starts[column]!;
    const stop = this.#stops[column]!;
    switch (this.#forms[column]) {
      case FORM.absent:
        return undefined;
      case FORM.null:
        return null;
      case FORM.ascii:
        return this.#reader.ascii(start, stop);
      case FORM.utf8:
        return this.#reader.string(KIND.utf8, start, stop);
      default:
        return this.#made[column]!;
    }
  }

  hash(column: number, before: number): number | null {
    switch (this.#forms[column]) {
      case FORM.absent:
        return null;
      case FORM.null:
        return hashText(before, NULL);
      case FORM.ascii:
        return hashAscii(before, this.#reader.bytes, this.#starts[column]!, this.#stops[column]!);
      case FORM.utf8:
        return hashUtf8(before, this.#reader.bytes, this.#starts[column]!, this.#stops[column]!);
      default:
        return this.#hashMade(column, before);
    }
  }

  #formOf(column: EventColumn, index: number, kind: number, start: number, stop: number): number {
    if (kind === KIND.none) return FORM.absent;
    if (kind === KIND.null) return FORM.null;
    if (column.type === 'varchar') {
      const plain = kind === KIND.string || kind === KIND.utf8;
      if (plain && !this.#values.mayBeUnavailable(stop - start)) {
        return kind === KIND.utf8 ? FORM.utf8 : FORM.ascii;
      }
    } else if (column.type === 'bigint') {
      // PostgreSQL does not print -0.
      if (kind === KIND.integer && this.#reader.bytes[start] !== MINUS) return FORM.ascii;
    }
    const text = this.#values.text(column.type, kind, start, stop);
    if (text === null) {
      const { name, type } = column;
      throw new EventError((m) => m.malformed.event.wrongType({ column: name, type }));
    }
    if (text === undefined) return FORM.absent;
    this.#made[index] = text;
    return FORM.made;
  }

  #hashMade(column: number, before: number): number {
    const text = this.#made[column]!;
    if (before === this.#befores[column] && text === this.#hashed[column]) {
      return this.#hashes[column]!;
    }
    const hash = hashText(before, text);
    this.#hashed[column] = text;
    this.#befores[column] = before;
    this.#hashes[column] = hash;
    return hash;
  }
}

/** Debezium's default value for one that the WAL lacks (unchanged TOAST). */
const UNAVAILABLE = '__debezium_unavailable_value';

const INFINITY = 'infinity';
const MINUS_INFINITY = '-infinity';
/** Debezium's timestamp of infinity, in every `time.precision.mode`. */
const INFINITE_MICROS = '9223372036825200000';
const MINUS_INFINITE_MICROS = '-9223372036832400000';
const INFINITE_DIGITS = INFINITE_MICROS.length;

/** Debezium's date of infinity: PostgreSQL's is an end of 32 bits from 2000; counted from 1970 it wraps around. */
const INFINITE_DAY = -2_147_472_692;
const MINUS_INFINITE_DAY = -2_147_472_691;

/** The unit of a connector's timestamps (`time.precision.mode`): microseconds by default, milliseconds with `connect`. */
type Unit = 'milliseconds' | 'microseconds' | 'nanoseconds';

/** Limits of a time's digits by unit: from 2001 to 2286 milliseconds have 13, microseconds 16, nanoseconds 19. */
const MOST_MILLI_DIGITS = 14;
const MOST_MICRO_DIGITS = 17;
/** A time with fewer digits is near 1970 in every unit, and decides nothing. */
const FEWEST_DIGITS = 12;

/**
 * The years 9996 to 10003 in milliseconds (15 digits) and microseconds (18): 9999-12-31 stands for "no end", and its
 * digits would be a day of 1978 in the next finer unit.
 */
const NO_END = /^253[34]\d{11}(?:\d{3})?$/;

const CREATED_AT = KNOWN_NAMES.indexOf('created_at');
const UPDATED_AT = KNOWN_NAMES.indexOf('updated_at');
const ID = KNOWN_NAMES.indexOf('id');

const ASCII_MINUS = 0x2d;

/**
 * Converts a row's JSON values to the texts that PostgreSQL prints.
 *
 * An event does not state the unit of its timestamps. But the server's clock sets `created_at` and `updated_at`, so
 * their number of digits decides. A connector has one unit, which holds for rows without those columns, too. Where it
 * leaves them out, the other timestamps decide, less certainly: they may be of any year.
 *
 * A number without a date or timestamp in PostgreSQL stays a number: the connector has spoilt it (years after 294247 do
 * not fit its microseconds), and the value is wrong, not the event.
 */
export class ValueReader {
  readonly #reader: JsonReader;
  /** Null: only `UNAVAILABLE`. */
  readonly #placeholders: ReadonlySet<string> | null;
  /** Their lengths in bytes of UTF-8. */
  readonly #lengths: ReadonlySet<number>;
  #unit: Unit = 'microseconds';
  /** Whether any row decided the unit. */
  #learnt = false;

  /** @param placeholders texts that stand for an unavailable value, besides `UNAVAILABLE` */
  constructor(reader: JsonReader, placeholders: readonly string[] = []) {
    this.#reader = reader;
    this.#placeholders = placeholders.length === 0 ? null : new Set(placeholders);
    this.#lengths = new Set(placeholders.map((text) => Buffer.byteLength(text)));
  }

  /** Whether a string of so many bytes, without escapes, can be a placeholder; only such a string has to be read. */
  mayBeUnavailable(bytes: number): boolean {
    return (
      bytes === UNAVAILABLE.length || (this.#placeholders !== null && this.#lengths.has(bytes))
    );
  }

  /** The number of the name `id`. */
  readonly id = ID;

  /** Of the last row's timestamps. */
  get precision(): Precision {
    return this.#unit === 'milliseconds' ? 'milliseconds' : 'microseconds';
  }

  /** Learns the unit from the row whose slots begin at `slot`, where it decides. */
  learnUnit(table: TableName, parsed: ParsedFields, slot: number): void {
    const updated = parsed.kinds[slot + UPDATED_AT] === KIND.integer;
    const at = slot + (updated ? UPDATED_AT : CREATED_AT);
    if (parsed.kinds[at] !== KIND.integer) {
      this.#learnFromWritten(table, parsed, slot);
      return;
    }
    const start = parsed.starts[at]!;
    const stop = parsed.stops[at]!;
    if (this.#reader.bytes[start] === ASCII_MINUS) return;
    if (stop - start > MOST_MICRO_DIGITS && this.#reader.ascii(start, stop) === INFINITE_MICROS) {
      return;
    }
    this.#unit = unitOf(stop - start);
    this.#learnt = true;
  }

  /**
   * The same from timestamps that are not of the server's clock. The longest decides. Microseconds and nanoseconds stay
   * once learnt: a shorter time is near 1970. Milliseconds do not: with as many digits as microseconds they would be of
   * a year after 5000.
   */
  #learnFromWritten(table: TableName, parsed: ParsedFields, slot: number): void {
    if (this.#learnt && this.#unit !== 'milliseconds') return;
    let most = 0;
    for (const field of WRITTEN_TIMESTAMPS[table]) {
      if (parsed.kinds[slot + field] !== KIND.integer) continue;
      most = Math.max(
        most,
        this.#digits(parsed.starts[slot + field]!, parsed.stops[slot + field]!),
      );
    }
    if (most < FEWEST_DIGITS) return;
    this.#unit = unitOf(most);
    this.#learnt = true;
  }

  /** The digits of a time; 0 where it stands for infinity or "no end", which decides nothing. */
  #digits(start: number, stop: number): number {
    const minus = this.#reader.bytes[start] === ASCII_MINUS ? 1 : 0;
    const digits = stop - start - minus;
    if (digits <= MOST_MILLI_DIGITS) return digits;
    const text = this.#reader.ascii(start, stop);
    const infinite = text === INFINITE_MICROS || text === MINUS_INFINITE_MICROS;
    return infinite || NO_END.test(text) ? 0 : digits;
  }

  /** The id of a value; null for null or no value. Throws an EventError where it is not a whole number. */
  keyOf(kind: number, start: number, stop: number): Key | null {
    if (kind === KIND.none || kind === KIND.null) return null;
    if (kind === KIND.integer || kind === KIND.string) {
      const value = this.#reader.integer(start, stop);
      if (!Number.isNaN(value)) return value;
    }
    const text = this.#bigint(kind, start, stop);
    if (text === null) throw new EventError((m) => m.malformed.event.idNotWhole());
    return text;
  }

  /** The text that PostgreSQL prints. Undefined: unavailable. Null: not a value of this type. */
  text(type: ColumnType, kind: number, start: number, stop: number): string | undefined | null {
    if (kind === KIND.string || kind === KIND.utf8 || kind === KIND.escaped) {
      const text = this.#reader.string(kind, start, stop);
      if (text === UNAVAILABLE || this.#placeholders?.has(text) === true) return undefined;
      if (type === 'varchar') return text;
      if (type === 'bigint') return this.#bigint(kind, start, stop);
      if (text === INFINITY || text === MINUS_INFINITY) return text;
      const instant = parseInstant(text);
      if (instant === null) return null;
      return type === 'date' ? dateText(instant.day) : instantText(instant);
    }
    if (kind !== KIND.integer) return null;
    switch (type) {
      case 'bigint':
        return this.#bigint(kind, start, stop);
      case 'date':
        return this.#date(start, stop);
      case 'timestamp':
        return this.#timestamp(start, stop);
      case 'varchar':
        return null;
    }
  }

  #date(start: number, stop: number): string {
    const day = this.#reader.integer(start, stop);
    if (day === INFINITE_DAY) return INFINITY;
    if (day === MINUS_INFINITE_DAY) return MINUS_INFINITY;
    return dateText(day) ?? this.#reader.ascii(start, stop);
  }

  #timestamp(start: number, stop: number): string {
    return this.#counted(start, stop) ?? this.#reader.ascii(start, stop);
  }

  #counted(start: number, stop: number): string | null {
    const reader = this.#reader;
    if (stop - start >= INFINITE_DIGITS) {
      const text = reader.ascii(start, stop);
      if (text === INFINITE_MICROS) return INFINITY;
      if (text === MINUS_INFINITE_MICROS) return MINUS_INFINITY;
    }
    const value = reader.integer(start, stop);
    if (this.#unit === 'microseconds' && !Number.isNaN(value)) return timestampText(value);
    if (stop - start > INFINITE_DIGITS + 1) return null;
    const count = BigInt(reader.ascii(start, stop));
    switch (this.#unit) {
      case 'microseconds':
        return bigTimestampText(count);
      case 'milliseconds':
        return bigTimestampText(count * 1000n);
      case 'nanoseconds': {
        // Rounds down: division of BigInts rounds towards zero.
        const rest = ((count % 1000n) + 1000n) % 1000n;
        return bigTimestampText((count - rest) / 1000n);
      }
    }
  }

  #bigint(kind: number, start: number, stop: number): string | null {
    if (kind !== KIND.integer && kind !== KIND.string) return null;
    const text = this.#reader.ascii(start, stop);
    if (text === '-0') return '0';
    return kind === KIND.integer || WHOLE_NUMBER.test(text) ? text : null;
  }
}

/** A whole number as JSON writes it, of any size. */
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

/** The unit in which a present time has so many digits. */
function unitOf(digits: number): Unit {
  if (digits <= MOST_MILLI_DIGITS) return 'milliseconds';
  return digits <= MOST_MICRO_DIGITS ? 'microseconds' : 'nanoseconds';
}
