import { hashAscii, hashText, hashUtf8, NULL } from '../../ledger/digest.js';
import { type ColumnType, TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';
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

/** Where the text of a column is. */
const HOW = {
  untold: 0,
  null: 1,
  /** The bytes are the text. */
  ascii: 2,
  utf8: 3,
  /** It had to be made of them. */
  made: 4,
} as const;

const MOST_COLUMNS = Math.max(...TABLE_NAMES.map((table) => EVENT_COLUMNS[table].length));

const MINUS = 0x2d;

/**
 * The row of the event that was read last. Most of its values are the same bytes as PostgreSQL prints; those
 * stay where they are, and no text is made of what is only hashed.
 */
export class JsonColumns implements RowColumns {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;
  readonly #hows = new Uint8Array(MOST_COLUMNS);
  readonly #starts = new Int32Array(MOST_COLUMNS);
  readonly #stops = new Int32Array(MOST_COLUMNS);
  readonly #made: string[] = Array<string>(MOST_COLUMNS).fill('');
  // Rows of one transaction have the same times: the last text that was hashed of each column.
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
   * Goes on to a row of `table`, whose first slot this is. Throws an EventError on a value that a column of
   * its type cannot have.
   */
  read(table: TableName, parsed: ParsedFields, slot: number): void {
    this.#values.learnUnit(table, parsed, slot);
    const columns = EVENT_COLUMNS[table];
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place]!;
      const at = slot + column.field;
      const start = parsed.starts[at]!;
      const stop = parsed.stops[at]!;
      this.#starts[place] = start;
      this.#stops[place] = stop;
      this.#hows[place] = this.#how(column, place, parsed.kinds[at]!, start, stop);
    }
  }

  text(place: number): string | null | undefined {
    const start = this.#starts[place]!;
    const stop = this.#stops[place]!;
    switch (this.#hows[place]) {
      case HOW.untold:
        return undefined;
      case HOW.null:
        return null;
      case HOW.ascii:
        return this.#reader.ascii(start, stop);
      case HOW.utf8:
        return this.#reader.string(KIND.utf8, start, stop);
      default:
        return this.#made[place]!;
    }
  }

  hash(place: number, before: number): number | null {
    switch (this.#hows[place]) {
      case HOW.untold:
        return null;
      case HOW.null:
        return hashText(before, NULL);
      case HOW.ascii:
        return hashAscii(before, this.#reader.bytes, this.#starts[place]!, this.#stops[place]!);
      case HOW.utf8:
        return hashUtf8(before, this.#reader.bytes, this.#starts[place]!, this.#stops[place]!);
      default:
        return this.#hashMade(place, before);
    }
  }

  #how(column: EventColumn, place: number, kind: number, start: number, stop: number): number {
    if (kind === KIND.none) return HOW.untold;
    if (kind === KIND.null) return HOW.null;
    if (column.type === 'varchar') {
      const plain = kind === KIND.string || kind === KIND.utf8;
      if (plain && !this.#values.mayBeUnavailable(stop - start)) {
        return kind === KIND.utf8 ? HOW.utf8 : HOW.ascii;
      }
    } else if (column.type === 'bigint') {
      // Of those with a minus, -0 is not how PostgreSQL prints it.
      if (kind === KIND.integer && this.#reader.bytes[start] !== MINUS) return HOW.ascii;
    }
    const text = this.#values.text(column.type, kind, start, stop);
    if (text === null) {
      throw new EventError(`the value of column ${column.name} is none of type ${column.type}`);
    }
    if (text === undefined) return HOW.untold;
    this.#made[place] = text;
    return HOW.made;
  }

  #hashMade(place: number, before: number): number {
    const text = this.#made[place]!;
    if (before === this.#befores[place] && text === this.#hashed[place]) {
      return this.#hashes[place]!;
    }
    const hash = hashText(before, text);
    this.#hashed[place] = text;
    this.#befores[place] = before;
    this.#hashes[place] = hash;
    return hash;
  }
}

/** What Debezium writes for a value that the WAL does not have (unchanged TOAST), unless it is told otherwise. */
const UNAVAILABLE = '__debezium_unavailable_value';

const INFINITY = 'infinity';
const MINUS_INFINITY = '-infinity';
/** A timestamp of infinity as Debezium counts it, whichever way it counts. */
const INFINITE_MICROS = '9223372036825200000';
const MINUS_INFINITE_MICROS = '-9223372036832400000';
const INFINITE_DIGITS = INFINITE_MICROS.length;

/**
 * A date of infinity: PostgreSQL's own numbers for it, the ends of 32 bits, counted from 1970 instead of 2000,
 * which is beyond those ends.
 */
const INFINITE_DAY = -2_147_472_692;
const MINUS_INFINITE_DAY = -2_147_472_691;

/**
 * What a connector counts timestamps in (`time.precision.mode`): microseconds unless told otherwise;
 * milliseconds with `connect`.
 */
type Unit = 'milliseconds' | 'microseconds' | 'nanoseconds';

/**
 * Digits of a time of these days. Milliseconds have 13 of them from 2001 to 2286, microseconds 16,
 * nanoseconds 19: in between nobody's clock is.
 */
const MOST_MILLI_DIGITS = 14;
const MOST_MICRO_DIGITS = 17;
/** Fewer digits are a time around 1970 in every unit, and do not tell which. */
const FEWEST_DIGITS = 12;

/**
 * The years 9996 to 10003, in milliseconds (15 digits) and in microseconds (18). People write 9999-12-31 for "no
 * end"; in the next finer unit it would be a day of 1978.
 */
const NO_END = /^253[34]\d{11}(?:\d{3})?$/;

const CREATED_AT = KNOWN_NAMES.indexOf('created_at');
const UPDATED_AT = KNOWN_NAMES.indexOf('updated_at');
const ID = KNOWN_NAMES.indexOf('id');

const ASCII_MINUS = 0x2d;

/**
 * Makes of a row's JSON values what PostgreSQL prints.
 *
 * An event does not say what its timestamps are counted in. But `created_at` and `updated_at` are set by the
 * server's clock, and every row has them: their number of digits tells. A connector counts in one way, so
 * what they told holds for the rows that come without them. Where a connector leaves them out, the other
 * timestamps tell, with less certainty: they may be of any year.
 *
 * A number that PostgreSQL has no date or timestamp for stays as it is: the connector has spoilt it (years
 * after 294247 do not fit its microseconds), and it is the value that is wrong, not the event.
 */
export class ValueReader {
  readonly #reader: JsonReader;
  /** Null: only `UNAVAILABLE`. */
  readonly #placeholders: ReadonlySet<string> | null;
  /** Bytes of each in UTF-8. */
  readonly #lengths: ReadonlySet<number>;
  #unit: Unit = 'microseconds';
  /** Whether any row told the unit. */
  #learnt = false;

  /** @param placeholders what stands for an unavailable value, besides `UNAVAILABLE` */
  constructor(reader: JsonReader, placeholders: readonly string[] = []) {
    this.#reader = reader;
    this.#placeholders = placeholders.length === 0 ? null : new Set(placeholders);
    this.#lengths = new Set(placeholders.map((text) => Buffer.byteLength(text)));
  }

  /** Whether a string of so many bytes, without escapes, can be a placeholder: few can, and only those are read. */
  mayBeUnavailable(bytes: number): boolean {
    return (
      bytes === UNAVAILABLE.length || (this.#placeholders !== null && this.#lengths.has(bytes))
    );
  }

  /** The number of the column `id`. */
  readonly id = ID;

  /** Of the timestamps of the row that was read last. */
  get precision(): Precision {
    return this.#unit === 'milliseconds' ? 'milliseconds' : 'microseconds';
  }

  /** Takes from the row whose first slot this is what its times are counted in, where it tells. */
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
   * The same, from the times that somebody wrote. The longest decides. Microseconds and nanoseconds that were learnt
   * once stay: a shorter time is one near 1970. Milliseconds do not: with the digits of microseconds they would be
   * of a year beyond 5000.
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

  /** The digits of a time; 0: it stands for infinity or "no end", and tells no unit. */
  #digits(start: number, stop: number): number {
    const minus = this.#reader.bytes[start] === ASCII_MINUS ? 1 : 0;
    const digits = stop - start - minus;
    if (digits <= MOST_MILLI_DIGITS) return digits;
    const text = this.#reader.ascii(start, stop);
    const infinite = text === INFINITE_MICROS || text === MINUS_INFINITE_MICROS;
    return infinite || NO_END.test(text) ? 0 : digits;
  }

  /** The id that a value is. Throws an EventError where it is none; null for a null, or nothing. */
  keyOf(kind: number, start: number, stop: number): Key | null {
    if (kind === KIND.none || kind === KIND.null) return null;
    if (kind === KIND.integer || kind === KIND.string) {
      const value = this.#reader.integer(start, stop);
      if (!Number.isNaN(value)) return value;
    }
    const text = this.#bigint(kind, start, stop);
    if (text === null) throw new EventError('the id is no whole number');
    return text;
  }

  /** What PostgreSQL prints. Undefined: unavailable. Null: no value of this type. */
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
        // Rounded down: BigInts are rounded towards zero.
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

/** As JSON writes one; more digits than a bigint has are no matter here. */
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

/** What a time of these days with so many digits is counted in. */
function unitOf(digits: number): Unit {
  if (digits <= MOST_MILLI_DIGITS) return 'milliseconds';
  return digits <= MOST_MICRO_DIGITS ? 'microseconds' : 'nanoseconds';
}
