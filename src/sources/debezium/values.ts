import { keyOfTexts } from '../../schema/key.js';
import type { Key } from '../../schema/table.js';
import { EventError } from '../decoder.js';
import { type JsonReader, KIND } from '../json/reader.js';
import type { Precision, Projection } from '../source.js';
import type { EventColumn, EventTable, ParsedFields } from './fields.js';
import { bigTimestampText, dateText, instantText, parseInstant, timestampText } from './times.js';
import {
  arrayText,
  floatText,
  isoIntervalText,
  plainDecimal,
  unscaledText,
} from './value-texts.js';

/** Debezium's default value for one that the WAL lacks (unchanged TOAST). */
const UNAVAILABLE = '__debezium_unavailable_value';

const INFINITY = 'infinity';
const MINUS_INFINITY = '-infinity';

/** Debezium's timestamps of infinity, by the digits that it writes in each `time.precision.mode`. */
const INFINITE: ReadonlyMap<string, string> = new Map([
  ['9223372036825200000', INFINITY],
  ['-9223372036832400000', MINUS_INFINITY],
  // The ends of 64 bits, in nanoseconds.
  ['9223372036854775807', INFINITY],
  ['-9223372036854775808', MINUS_INFINITY],
  ['+294247-01-10T04:00:25.2Z', INFINITY],
  ['-290308-12-21T19:59:27.6Z', MINUS_INFINITY],
]);
/** The same in milliseconds, where microseconds would be of the year 2262. */
const INFINITE_MILLIS: ReadonlyMap<string, string> = new Map([
  ['9223372036825200', INFINITY],
  ['-9223372036832400', MINUS_INFINITY],
]);
/** Digits of the longer ones. */
const INFINITE_DIGITS = 19;

/**
 * Debezium's dates of infinity, in days since 1970. In the stream: PostgreSQL's is an end of 32 bits from 2000; counted
 * from 1970 it wraps around. In a snapshot: Java's ends of time.
 */
const INFINITE_DAYS: ReadonlyMap<number, string> = new Map([
  [-2_147_472_692, INFINITY],
  [-2_147_472_691, MINUS_INFINITY],
  [-622_191_234, INFINITY],
  [-625_821_272, MINUS_INFINITY],
]);
/** The same as text, with `time.precision.mode=isostring`. */
const INFINITE_DATES: ReadonlyMap<string, string> = new Map([
  ['-5877611-06-21Z', INFINITY],
  ['-5877611-06-22Z', MINUS_INFINITY],
  ['+292278994-08-16Z', INFINITY],
  ['+292269055-12-02Z', MINUS_INFINITY],
]);

/** The unit of a connector's timestamps (`time.precision.mode`): microseconds by default, milliseconds with `connect`. */
export type Unit = 'milliseconds' | 'microseconds' | 'nanoseconds';

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
  /** All of them as the text of a `bytea`. */
  readonly #binaryPlaceholders: ReadonlySet<string>;
  #unit: Unit = 'microseconds';
  /** Whether any row decided the unit. */
  #learnt = false;
  /** The form of the last `numeric`; null: there was none. */
  #decimals: 'precise' | 'double' | 'string' | null = null;
  /** The form of the last `bytea` that has only one. */
  #binary: 'base64' | 'hex' = 'base64';
  /** How the last value was cut; its reader sets null before. */
  projection: Projection | null = null;

  /** @param placeholders texts that stand for an unavailable value, besides `UNAVAILABLE` */
  constructor(reader: JsonReader, placeholders: readonly string[] = []) {
    this.#reader = reader;
    this.#placeholders = placeholders.length === 0 ? null : new Set(placeholders);
    this.#lengths = new Set(placeholders.map((text) => Buffer.byteLength(text)));
    this.#binaryPlaceholders = new Set([UNAVAILABLE, ...placeholders].flatMap(binaryForms));
  }

  /** Whether a string of so many bytes, without escapes, can be a placeholder; only such a string has to be read. */
  mayBeUnavailable(bytes: number): boolean {
    return (
      bytes === UNAVAILABLE.length || (this.#placeholders !== null && this.#lengths.has(bytes))
    );
  }

  /** Of timestamps. */
  get unit(): Unit {
    return this.#unit;
  }

  /** Of the last row's timestamps. */
  get precision(): Precision {
    return this.#unit === 'milliseconds' ? 'milliseconds' : 'microseconds';
  }

  /** Learns the unit from the row whose slots begin at `slot`, where it decides. */
  learnUnit(of: EventTable, parsed: ParsedFields, slot: number): void {
    const { clock } = of;
    for (let i = 0; i < clock.length; i++) {
      const at = slot + clock[i]!;
      if (parsed.kinds[at] !== KIND.integer) continue;
      const start = parsed.starts[at]!;
      const stop = parsed.stops[at]!;
      if (this.#reader.bytes[start] === ASCII_MINUS) return;
      if (stop - start > MOST_MICRO_DIGITS && INFINITE.has(this.#reader.ascii(start, stop))) return;
      this.#unit = unitOf(stop - start);
      this.#learnt = true;
      return;
    }
    this.#learnFromWritten(of, parsed, slot);
  }

  /**
   * The same from timestamps that are not of the server's clock. The longest decides. Microseconds and nanoseconds stay
   * once learnt: a shorter time is near 1970. Milliseconds do not: with as many digits as microseconds they would be of
   * a year after 5000.
   */
  #learnFromWritten({ written }: EventTable, parsed: ParsedFields, slot: number): void {
    if (this.#learnt && this.#unit !== 'milliseconds') return;
    let most = 0;
    for (const field of written) {
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
    const infinite = INFINITE.has(text) || INFINITE_MILLIS.has(text);
    return infinite || NO_END.test(text) ? 0 : digits;
  }

  /**
   * The key of a row whose slots begin at `slot`. Null: a part of it is missing, or the table has no key. Throws an
   * EventError on a value that its column cannot have.
   */
  keyOf(of: EventTable, parsed: ParsedFields, slot: number): Key | null {
    const { id } = of;
    if (id === null) return this.#textKey(of, parsed, slot);
    const at = slot + id;
    return this.#id(of, parsed.kinds[at]!, parsed.starts[at]!, parsed.stops[at]!);
  }

  #textKey({ key }: EventTable, parsed: ParsedFields, slot: number): string | null {
    const { kinds, starts, stops } = parsed;
    const texts: string[] = [];
    for (const column of key) {
      const at = slot + column.field;
      if (kinds[at]! <= KIND.null) return null;
      const text = this.text(column, kinds[at]!, starts[at]!, stops[at]!);
      if (text === null) throw wrongType(column);
      if (text === undefined) return null;
      texts.push(text);
    }
    return texts.length === 0 ? null : keyOfTexts(texts);
  }

  /** The id of a value; null for null or no value. Throws an EventError where it is not a whole number. */
  #id({ table }: EventTable, kind: number, start: number, stop: number): Key | null {
    if (kind === KIND.none || kind === KIND.null) return null;
    if (kind === KIND.integer || kind === KIND.string) {
      const value = this.#reader.integer(start, stop);
      if (!Number.isNaN(value)) return value;
    }
    const text = this.#integer(kind, start, stop);
    if (text === null) {
      const column = table.key[0]!;
      throw new EventError((m) => m.malformed.event.keyNotWhole({ column }));
    }
    return text;
  }

  /** Reads a `numeric` that is null: it may have been NaN or an infinity, unless the connector can deliver those. */
  readNullNumeric(): void {
    if (this.#decimals === null || this.#decimals === 'precise') this.projection = 'special';
  }

  /** The text that PostgreSQL prints. Undefined: unavailable. Null: not a value of this type. */
  text(column: EventColumn, kind: number, start: number, stop: number): string | undefined | null {
    const { form } = column;
    if (kind === KIND.string || kind === KIND.utf8 || kind === KIND.escaped) {
      return this.#fromText(column, this.#reader.string(kind, start, stop));
    }
    switch (form) {
      case 'integer':
        return this.#integer(kind, start, stop);
      case 'date':
        return kind === KIND.integer ? this.#date(start, stop) : null;
      case 'timestamp':
        return kind === KIND.integer ? this.#timestamp(start, stop) : null;
      case 'timestamptz':
        return kind === KIND.integer ? zoned(this.#timestamp(start, stop)) : null;
      case 'boolean':
        return kind === KIND.true ? 't' : kind === KIND.false ? 'f' : null;
      case 'numeric':
        if (kind === KIND.object) return this.#scaled(start, stop);
        return isNumber(kind) ? this.#double(start, stop) : null;
      case 'real':
      case 'double':
        if (!isNumber(kind)) return null;
        return floatText(Number(this.#reader.ascii(start, stop)), form === 'real');
      case 'interval':
        if (kind !== KIND.integer) return null;
        this.projection = 'interval_microseconds';
        return this.#reader.ascii(start, stop);
      case 'array':
        return kind === KIND.array ? this.#array(start, stop) : null;
      case 'bytea':
      case 'text':
        return null;
    }
  }

  #fromText(column: EventColumn, text: string): string | undefined | null {
    if (this.#isUnavailable(text)) return undefined;
    switch (column.form) {
      case 'text':
        return text;
      case 'integer':
        return wholeText(text);
      case 'date':
      case 'timestamp':
      case 'timestamptz':
        return timeText(column.form, text);
      case 'boolean':
        return BOOLEANS[text] ?? null;
      case 'numeric':
        return this.#numeric(text, column.scale);
      case 'real':
      case 'double':
        if (SPECIALS.has(text)) return text;
        return FLOAT.test(text) ? floatText(Number(text), column.form === 'real') : null;
      case 'interval':
        return text.startsWith('P') ? isoIntervalText(text) : text;
      case 'array':
        return text.startsWith('{') ? text : null;
      case 'bytea':
        return this.#bytea(text);
    }
  }

  #isUnavailable(text: string): boolean {
    return text === UNAVAILABLE || this.#placeholders?.has(text) === true;
  }

  /** A `numeric` as text, or as its unscaled bytes in base64 (`decimal.handling.mode` string, precise). */
  #numeric(text: string, scale: number | null): string | null {
    if (scale !== null && this.#isUnscaled(text, scale)) {
      this.#decimals = 'precise';
      return unscaledText(Buffer.from(text, 'base64'), scale);
    }
    const plain = SPECIAL_NUMERICS.get(text) ?? plainDecimal(text);
    if (plain !== null) this.#decimals = 'string';
    return plain;
  }

  /** Whether the text is base64. Digits alone are, too, but the text of a number with a scale has a point. */
  #isUnscaled(text: string, scale: number): boolean {
    if (text.length % BASE64_GROUP !== 0 || !PADDED_BASE64.test(text)) return false;
    return scale > 0 || this.#decimals === 'precise' || plainDecimal(text) === null;
  }

  /** A `numeric` without a scale: `{"scale":2,"value":"AQ=="}`. */
  #scaled(start: number, stop: number): string | null {
    const { scale, value } = JSON.parse(this.#reader.raw(start, stop)) as Record<string, unknown>;
    const bytes = typeof value === 'string' ? fromBase64(value) : null;
    if (bytes === null || typeof scale !== 'number' || !Number.isInteger(scale)) return null;
    if (Math.abs(scale) > MOST_SCALE) return null;
    this.#decimals = 'precise';
    this.projection = 'trailing_zeros';
    return String(Number(unscaledText(bytes, scale)));
  }

  #double(start: number, stop: number): string {
    this.#decimals = 'double';
    this.projection = 'double';
    return String(Number(this.#reader.ascii(start, stop)));
  }

  #bytea(text: string): string | undefined | null {
    if (this.#binaryPlaceholders.has(text)) return undefined;
    if (text.startsWith('\\x')) return text;
    if (this.#isHex(text)) return `\\x${text}`;
    const bytes = fromBase64(text);
    return bytes === null ? null : `\\x${bytes.toString('hex')}`;
  }

  /** Whether the text is hexadecimal. A short one may be base64, too: then it is of the form of the one before. */
  #isHex(text: string): boolean {
    if (text.length % 2 !== 0 || !HEX.test(text)) {
      this.#binary = 'base64';
      return false;
    }
    if (text.length % BASE64_GROUP !== 0 || text.length >= SURELY_HEX) this.#binary = 'hex';
    return this.#binary === 'hex';
  }

  #array(start: number, stop: number): string | undefined | null {
    const elements = JSON.parse(this.#reader.raw(start, stop)) as readonly unknown[];
    const [first] = elements;
    if (elements.length === 1 && typeof first === 'string' && this.#isUnavailable(first)) {
      return undefined;
    }
    return arrayText(elements);
  }

  #date(start: number, stop: number): string {
    const day = this.#reader.integer(start, stop);
    return dateText(day) ?? INFINITE_DAYS.get(day) ?? this.#reader.ascii(start, stop);
  }

  #timestamp(start: number, stop: number): string {
    // Nearly every timestamp.
    if (this.#unit === 'microseconds' && stop - start < INFINITE_DIGITS) {
      const value = this.#reader.integer(start, stop);
      if (!Number.isNaN(value)) return timestampText(value) ?? this.#reader.ascii(start, stop);
    }
    if (this.#unit === 'milliseconds') this.projection = 'milliseconds';
    return this.#counted(start, stop) ?? this.#reader.ascii(start, stop);
  }

  #counted(start: number, stop: number): string | null {
    const text = this.#reader.ascii(start, stop);
    const infinite =
      INFINITE.get(text) ?? (this.#unit === 'milliseconds' ? INFINITE_MILLIS.get(text) : undefined);
    if (infinite !== undefined) return infinite;
    if (stop - start > INFINITE_DIGITS + 1) return null;
    const count = BigInt(text);
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

  #integer(kind: number, start: number, stop: number): string | null {
    if (kind !== KIND.integer && kind !== KIND.string) return null;
    return wholeText(this.#reader.ascii(start, stop));
  }
}

/** The error for a value that a column of its type cannot have. */
export function wrongType({ name: column, type }: EventColumn): EventError {
  return new EventError((m) => m.malformed.event.wrongType({ column, type }));
}

/** A whole number as JSON writes it, of any size. */
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

/** The text of a whole number; null: it is none. */
function wholeText(text: string): string | null {
  if (text === '-0') return '0';
  return WHOLE_NUMBER.test(text) ? text : null;
}

function isNumber(kind: number): boolean {
  return kind === KIND.integer || kind === KIND.decimal;
}

/** A date or a time as text, of ISO 8601 or PostgreSQL. */
function timeText(form: 'date' | 'timestamp' | 'timestamptz', text: string): string | null {
  if (text === INFINITY || text === MINUS_INFINITY) return text;
  const infinite = (form === 'date' ? INFINITE_DATES : INFINITE).get(text);
  if (infinite !== undefined) return infinite;
  const instant = parseInstant(text);
  if (instant === null) return null;
  if (form === 'date') return dateText(instant.day);
  const printed = instantText(instant);
  // A `timestamptz` that has lost its zone may be of any: it equals none that PostgreSQL prints.
  return printed === null || form === 'timestamp' || !instant.isZoned ? printed : zoned(printed);
}

const BC = ' BC';

/** A timestamp in UTC as a `timestamptz`. */
function zoned(text: string): string {
  if (text === INFINITY || text === MINUS_INFINITY) return text;
  return text.endsWith(BC) ? `${text.slice(0, -BC.length)}+00${BC}` : `${text}+00`;
}

const BOOLEANS: Readonly<Record<string, string>> = { true: 't', false: 'f', t: 't', f: 'f' };

/** Texts of PostgreSQL, and of Java, for what no digits can say. */
const SPECIALS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);
/** Debezium's words with `decimal.handling.mode` string, and double. */
const SPECIAL_NUMERICS: ReadonlyMap<string, string> = new Map([
  ...[...SPECIALS].map((text) => [text, text] as const),
  ['NAN', 'NaN'],
  ['POSITIVE_INFINITY', 'Infinity'],
  ['NEGATIVE_INFINITY', '-Infinity'],
]);
const FLOAT = /^-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;

/** PostgreSQL's limit of digits after the point. */
const MOST_SCALE = 16_383;

const HEX = /^[\da-f]*$/;
const BASE64 = /^[\w+/-]*={0,2}$/;
const PADDED_BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Characters of base64 come in fours, with padding. */
const BASE64_GROUP = 4;
/** So many hexadecimal digits are base64 once in 2^64. */
const SURELY_HEX = 32;

/** Bytes of base64, of the alphabet of URLs, too; null: it is not base64. */
function fromBase64(text: string): Buffer | null {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : null;
}

/** The texts of a `bytea` with the bytes of a placeholder, by `binary.handling.mode`. */
function binaryForms(placeholder: string): string[] {
  const bytes = Buffer.from(placeholder);
  const url = bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return [bytes.toString('base64'), url, bytes.toString('base64url'), bytes.toString('hex')];
}

/** The unit in which a present time has so many digits. */
function unitOf(digits: number): Unit {
  if (digits <= MOST_MILLI_DIGITS) return 'milliseconds';
  return digits <= MOST_MICRO_DIGITS ? 'microseconds' : 'nanoseconds';
}
