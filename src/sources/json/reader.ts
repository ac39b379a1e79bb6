import { type Names, sameBytes, UNKNOWN } from './names.js';
import { decodeBytes, decodeString } from './strings.js';

/** Bytes that are no JSON. `at`: of the byte, from the first one of what was to be read. */
export class JsonError extends Error {
  readonly what: string;

  constructor(what: string, at: number) {
    super(`no JSON: ${what} at byte ${at + 1}`);
    this.what = what;
    this.name = 'JsonError';
  }
}

/** The reason for refusing bytes after a value. */
export const MORE_VALUES = 'more than one value';
/** The reason for refusing bytes that end too early. */
export const CUT_OFF = 'an end too early';

/** What a value is. An integer has digits only; every other number is a `decimal`. */
export const KIND = {
  none: 0,
  null: 1,
  true: 2,
  false: 3,
  integer: 4,
  decimal: 5,
  /** Its bytes are its text, and it is ASCII. */
  string: 6,
  /** Its bytes are its text in UTF-8. */
  utf8: 7,
  /** Has escapes. */
  escaped: 8,
  object: 9,
  array: 10,
} as const;

/** For each byte behind a backslash, whether it may be there. */
export const ESCAPES = new Uint8Array(256);
for (const letter of '"\\/bfnrtu') ESCAPES[letter.charCodeAt(0)] = 1;
/** For each byte, whether it is a hexadecimal digit. */
export const HEX = new Uint8Array(256);
for (const letter of '0123456789abcdefABCDEF') HEX[letter.charCodeAt(0)] = 1;

/** A number of more digits has no exact double. */
const MOST_DIGITS = 16;
/** So many digits make a whole number of 32 bits. */
const HALF_DIGITS = 9;

/** The whole number that these bytes are the digits of; NaN where it is none of less than 2^53. */
export function wholeNumber(bytes: Uint8Array, start: number, stop: number): number {
  let p = start;
  const negative = bytes[p] === MINUS;
  if (negative) p++;
  const digits = stop - p;
  if (digits < 1 || digits > MOST_DIGITS) return Number.NaN;
  // Two whole numbers of 32 bits instead of a double: their products are quicker.
  let high = 0;
  for (const half = stop - HALF_DIGITS; p < half; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    high = (Math.imul(high, 10) + digit) | 0;
  }
  let low = 0;
  for (; p < stop; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    low = (Math.imul(low, 10) + digit) | 0;
  }
  const value = high * 1e9 + low;
  if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return negative ? 0 - value : value;
}

/** Returned for a name by `firstName` and `nextName` when the object has no more members. */
export const END = -2;

/** How deep objects and arrays may be nested: far more than any event, and far less than the stack. */
export const MOST_DEPTH = 200;

// Its own, and not imported: what is imported is looked up each time, and these are needed for every byte.
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER = 0x20;
const RECORD_SEPARATOR = 0x1e;

const EMPTY = Buffer.from('\n');

/**
 * Reads JSON value by value, and makes nothing of those that nobody asks for. Accepts what the grammar does,
 * to the byte, but for more than MOST_DEPTH levels. That the bytes are UTF-8 is for the caller to see to.
 *
 * After `value`, `kind`, `start` and `stop` tell of it; its digits and characters are as they stand there.
 */
export class JsonReader {
  readonly #names: Names;
  #bytes: Buffer = EMPTY;
  #words = wordsOf(EMPTY);
  #begin = 0;
  #end = 0;
  #at = 0;
  #depth = 0;
  /** The name that was read last: what is likely to come follows from it. */
  #last = 0;
  #text = '';
  #textFrom = 0;
  kind = 0;
  start = 0;
  stop = 0;

  constructor(names: Names) {
    this.#names = names;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Where the next byte is that was not read. */
  get at(): number {
    return this.#at;
  }

  /** Gives it bytes to read from; they must not change until the last value was asked for. */
  load(bytes: Buffer): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#words = wordsOf(bytes);
  }

  /**
   * The next value is in `begin` to `end` of the bytes. At `end` a byte has to be that is a control
   * character: whatever is wrong, no loop gets past it.
   */
  open(begin: number, end: number): void {
    this.#begin = begin;
    this.#end = end;
    this.#at = begin;
    this.#depth = 0;
    // One copy an event: what is cut out of it keeps that alive and no more.
    this.#text = '';
    this.#textFrom = begin;
  }

  /** Goes back to a value that was begun at the top. */
  rewind(at: number): void {
    this.#at = at;
    this.#depth = 0;
  }

  /** Whether the next bytes are those of `words` in `from` to `to`; then they are read. */
  literal(words: DataView, from: number, to: number): boolean {
    const at = this.#at;
    const end = at + to - from;
    if (end > this.#end || !sameBytes(words, from, to, this.#words, at)) return false;
    this.#at = end;
    return true;
  }

  /**
   * Passes over marks of UTF-8 ("byte order marks": files that were joined have some), and over the record
   * separators of JSON text sequences (RFC 7464).
   */
  skipMarks(): void {
    const bytes = this.#bytes;
    for (;;) {
      const at = this.#at;
      if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) this.#at += 3;
      else if (bytes[at] === RECORD_SEPARATOR && at < this.#end) this.#at++;
      else return;
    }
  }

  /** The bytes being read, from their beginning to their end. */
  get opened(): Buffer {
    return this.#bytes.subarray(this.#begin, this.#end);
  }

  /**
   * Looks ahead into the object that `value` has just begun: the kind of its member's value, where it has one member
   * only, and the member's name is none of the first `known`; else KIND.none.
   */
  soleKind(known: number): number {
    const at = this.#at;
    const depth = this.#depth;
    const name = this.firstName();
    let kind: number = KIND.none;
    if (name === UNKNOWN || name >= known) {
      kind = this.value();
      this.rest(kind);
      if (this.nextName() !== END) kind = KIND.none;
    }
    this.#at = at;
    this.#depth = depth;
    return kind;
  }

  /** Whether nothing but white space is left. */
  blank(): boolean {
    this.#space();
    return this.#at >= this.#end;
  }

  fail(what: string): never {
    throw new JsonError(what, this.#at - this.#begin);
  }

  /** Nothing but white space may be left. */
  close(): void {
    this.#space();
    if (this.#at < this.#end) this.fail(MORE_VALUES);
  }

  /** Goes on to the next value and returns its first byte; fails at the end. */
  peek(): number {
    this.#space();
    if (this.#at >= this.#end) this.fail(CUT_OFF);
    return this.#bytes[this.#at]!;
  }

  /** The next value's kind. One without parts is read; an object or an array is only begun. */
  value(): number {
    const bytes = this.#bytes;
    let c = bytes[this.#at]!;
    if (c <= SPACE) c = this.peek();
    if (c === QUOTE) return this.#string();
    if (c <= NINE && c >= MINUS) return this.#number(c);
    switch (c) {
      case 0x6e:
        return this.#word(4, 0x6e756c6c, KIND.null);
      case 0x74:
        return this.#word(4, 0x74727565, KIND.true);
      case 0x66:
        this.#at++;
        this.#word(4, 0x616c7365, KIND.false);
        this.start--;
        return KIND.false;
      case 0x7b:
        return this.#enter(KIND.object);
      case 0x5b:
        return this.#enter(KIND.array);
    }
    return this.fail('no value');
  }

  /** The first member's name, behind `value` that gave an object; its value is next. END: it has none. */
  firstName(): number {
    if (this.peek() === 0x7d) return this.#leave();
    return this.#name();
  }

  /** The name of the member behind one whose value was read. */
  nextName(): number {
    let c = this.#bytes[this.#at]!;
    if (c <= SPACE) c = this.peek();
    if (c === 0x7d) return this.#leave();
    if (c !== COMMA) this.fail('no comma');
    this.#at++;
    if (this.#bytes[this.#at] !== QUOTE) this.peek();
    return this.#name();
  }

  /** Behind `value` that gave an array: whether it has an element, which is next. */
  firstElement(): boolean {
    if (this.peek() !== 0x5d) return true;
    this.#leave();
    return false;
  }

  /** Whether an element follows the one that was read. */
  nextElement(): boolean {
    const c = this.peek();
    if (c === 0x5d) {
      this.#leave();
      return false;
    }
    if (c !== COMMA) this.fail('no comma');
    this.#at++;
    return true;
  }

  /** Reads over the next value, whatever it is; `kind`, `start` and `stop` are then of it, or of a part. */
  skip(): void {
    this.rest(this.value());
  }

  /** Reads over what `value` only began. */
  rest(kind: number): void {
    if (kind === KIND.object) {
      for (let name = this.firstName(); name !== END; name = this.nextName()) this.skip();
    } else if (kind === KIND.array) {
      for (let more = this.firstElement(); more; more = this.nextElement()) this.skip();
    }
  }

  /** The text of a string, from what was told of it. */
  string(kind: number, start: number, stop: number): string {
    if (kind === KIND.string) return this.ascii(start, stop);
    if (kind === KIND.utf8) return this.#bytes.toString('utf8', start, stop);
    return decodeString(this.#bytes, start, stop);
  }

  /** The same in UTF-8. Null: it has half of a surrogate pair. */
  utf8(kind: number, start: number, stop: number): Buffer | null {
    if (kind === KIND.escaped) return decodeBytes(this.#bytes, start, stop);
    return Buffer.from(this.#bytes.subarray(start, stop));
  }

  /** These bytes, which are ASCII, as text. */
  ascii(start: number, stop: number): string {
    if (this.#text === '') this.#text = this.#bytes.toString('latin1', this.#textFrom, this.#end);
    return this.#text.slice(start - this.#textFrom, stop - this.#textFrom);
  }

  /** The number of an `integer`, or of digits in a string; NaN where it is none below 2^53. */
  integer(start: number, stop: number): number {
    return wholeNumber(this.#bytes, start, stop);
  }

  #space(): void {
    const bytes = this.#bytes;
    let p = this.#at;
    while (p < this.#end) {
      const c = bytes[p]!;
      if (c !== SPACE && c !== LF && c !== CR && c !== TAB) break;
      p++;
    }
    this.#at = p;
  }

  #enter(kind: number): number {
    if (++this.#depth > MOST_DEPTH) this.fail(`more than ${MOST_DEPTH} levels`);
    this.start = this.#at++;
    this.kind = kind;
    return kind;
  }

  #leave(): typeof END {
    this.#depth--;
    this.#at++;
    return END;
  }

  #name(): number {
    const bytes = this.#bytes;
    const at = this.#at + 1;
    if (bytes[this.#at] !== QUOTE) this.fail('no name');
    const guess = this.#names.guess(this.#last, this.#words, at, this.#end);
    if (guess !== UNKNOWN) {
      this.#at = at + this.#names.width(guess);
      this.#last = guess;
      return guess;
    }
    const kind = this.#string();
    let name: number;
    if (kind === KIND.escaped) {
      const decoded = Buffer.from(decodeString(bytes, this.start, this.stop));
      name = this.#names.find(decoded, 0, decoded.length);
    } else name = this.#names.find(bytes, this.start, this.stop);
    if (this.peek() !== COLON) this.fail('no colon');
    this.#at++;
    if (name !== UNKNOWN) {
      this.#names.follows(this.#last, name);
      this.#last = name;
    }
    return name;
  }

  #string(): number {
    const bytes = this.#bytes;
    let p = this.#at + 1;
    this.start = p;
    let kind: number = KIND.string;
    let c = bytes[p]!;
    while (c !== QUOTE) {
      if (c === BACKSLASH) {
        kind = KIND.escaped;
        c = bytes[++p]!;
        if (ESCAPES[c] === 0) this.#failAt(p, 'no escape');
        if (c === 0x75) {
          for (let i = 0; i < 4; i++) if (HEX[bytes[++p]!] === 0) this.#failAt(p, 'no escape');
        }
      } else if (c < SPACE) {
        this.#failAt(p, p >= this.#end ? CUT_OFF : 'a control character in a string');
      } else if (c > 0x7f && kind === KIND.string) kind = KIND.utf8;
      c = bytes[++p]!;
    }
    this.stop = p;
    this.#at = p + 1;
    this.kind = kind;
    return kind;
  }

  #number(first: number): number {
    const bytes = this.#bytes;
    let p = this.#at;
    let kind: number = KIND.integer;
    this.start = p;
    let c = first;
    if (c === MINUS) c = bytes[++p]!;
    if (c === ZERO) c = bytes[++p]!;
    else if (c > ZERO && c <= NINE) {
      do c = bytes[++p]!;
      while (c >= ZERO && c <= NINE);
    } else this.#failAt(p, 'no number');
    if (c === POINT) {
      kind = KIND.decimal;
      c = bytes[++p]!;
      if (c < ZERO || c > NINE) this.#failAt(p, 'no number');
      while (c >= ZERO && c <= NINE) c = bytes[++p]!;
    }
    if ((c | LOWER) === 0x65) {
      kind = KIND.decimal;
      c = bytes[++p]!;
      if (c === PLUS || c === MINUS) c = bytes[++p]!;
      if (c < ZERO || c > NINE) this.#failAt(p, 'no number');
      while (c >= ZERO && c <= NINE) c = bytes[++p]!;
    }
    this.stop = p;
    this.#at = p;
    this.kind = kind;
    return kind;
  }

  #word(length: number, letters: number, kind: number): number {
    const at = this.#at;
    if (at + length > this.#end || this.#words.getInt32(at) !== letters) this.fail('no value');
    this.start = at;
    this.stop = at + length;
    this.#at = at + length;
    this.kind = kind;
    return kind;
  }

  #failAt(at: number, what: string): never {
    this.#at = at;
    return this.fail(what);
  }
}

function wordsOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
