import type { Sentence } from '../../errors.js';
import { decodeBytes, decodeString, type Names, sameBytes, UNKNOWN } from './text.js';

/** The mistake at a byte: mostly the part that JSON needs there. */
type JsonProblem =
  | 'value'
  | 'comma'
  | 'name'
  | 'colon'
  | 'digit'
  | 'escape'
  | 'control'
  | 'depth'
  /** Bytes after the value. */
  | 'more'
  /** The bytes end too early. */
  | 'end';

/** The first byte, from 1, at which a value is not JSON. */
export interface JsonFault {
  readonly problem: JsonProblem;
  readonly byte: number;
}

/** Thrown for bytes that are not JSON. */
export class JsonError extends Error {
  readonly fault: JsonFault;

  constructor(fault: JsonFault) {
    super(fault.problem);
    this.fault = fault;
    this.name = 'JsonError';
  }

  /** As of `Malformed`. */
  get reason(): Sentence {
    return (m) => m.malformed.json(this.fault);
  }
}

/** Kinds of values. An integer has only digits, perhaps a minus; every other number is a `decimal`. */
export const KIND = {
  none: 0,
  null: 1,
  true: 2,
  false: 3,
  integer: 4,
  decimal: 5,
  /** A string whose bytes are its text, in ASCII. */
  string: 6,
  /** A string whose bytes are its text, in UTF-8. */
  utf8: 7,
  /** A string with escapes. */
  escaped: 8,
  object: 9,
  array: 10,
} as const;

/** 1 for each byte that may follow a backslash. */
const ESCAPES = new Uint8Array(256);
for (const letter of '"\\/bfnrtu') ESCAPES[letter.charCodeAt(0)] = 1;
/** 1 for each hexadecimal digit. */
const HEX = new Uint8Array(256);
for (const letter of '0123456789abcdefABCDEF') HEX[letter.charCodeAt(0)] = 1;

/** More digits may not fit a double exactly. */
const MOST_DIGITS = 16;
/** Digits that fit an integer of 32 bits. */
const HALF_DIGITS = 9;

/** Parses a decimal integer; NaN if it is not one or ≥ 2^53. */
function wholeNumber(bytes: Uint8Array, start: number, stop: number): number {
  let p = start;
  const negative = bytes[p] === MINUS;
  if (negative) p++;
  const digits = stop - p;
  if (digits < 1 || digits > MOST_DIGITS) return Number.NaN;
  // Two integers of 32 bits instead of one double: their products are faster.
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

// Declared here and not imported: an import is looked up at each use, and these are used for every byte.
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
 * Pulls values out of JSON one by one, and makes no object or text unless asked. Accepts the grammar to the byte, but
 * for more than MOST_DEPTH levels. The caller checks that the bytes are UTF-8.
 *
 * After `value`, `kind` is its kind, and its digits or characters are the bytes from `start` to `stop`.
 */
export class JsonReader {
  readonly #names: Names;
  #bytes: Buffer = EMPTY;
  #words = wordsOf(EMPTY);
  #begin = 0;
  #end = 0;
  #at = 0;
  #depth = 0;
  /** The last name, by which the next one is guessed. */
  #last = 0;
  #text = '';
  #textFrom = 0;
  kind = 0;
  start = 0;
  stop = 0;
  /** Rises with other bytes: offsets are of those of one generation. */
  generation = 0;

  constructor(names: Names) {
    this.#names = names;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Offset of the next unread byte. */
  get at(): number {
    return this.#at;
  }

  /** Sets the bytes to read; they must not change while values of them are in use. */
  load(bytes: Buffer): void {
    if (bytes === this.#bytes) return;
    this.generation++;
    this.#bytes = bytes;
    this.#words = wordsOf(bytes);
  }

  /** The loaded bytes were overwritten. */
  forget(): void {
    this.generation++;
  }

  /** Starts at a value between `begin` and `end`. The byte at `end` has to be a control character: it stops every loop. */
  open(begin: number, end: number): void {
    this.#begin = begin;
    this.#end = end;
    this.#at = begin;
    this.#depth = 0;
    // One text per event: substrings keep only it in memory.
    this.#text = '';
    this.#textFrom = begin;
  }

  /** Goes back to the start of a value at the top level. */
  rewind(at: number): void {
    this.#at = at;
    this.#depth = 0;
  }

  /** Whether the next bytes equal those of `words` from `from` to `to`; if so, passes them. */
  literal(words: DataView, from: number, to: number): boolean {
    const at = this.#at;
    const end = at + to - from;
    if (end > this.#end || !sameBytes(words, from, to, this.#words, at)) return false;
    this.#at = end;
    return true;
  }

  /** The same of the loaded bytes from `from` to `to`, and of the byte after them, which is not passed. */
  repeats(from: number, to: number): boolean {
    const at = this.#at;
    const end = at + to - from;
    if (end >= this.#end || !sameBytes(this.#words, from, to + 1, this.#words, at)) return false;
    this.#at = end;
    return true;
  }

  /** Whether two ranges of the loaded bytes are equal. */
  equal(start: number, stop: number, otherStart: number, otherStop: number): boolean {
    if (stop - start !== otherStop - otherStart) return false;
    return sameBytes(this.#words, start, stop, this.#words, otherStart);
  }

  /** Skips byte order marks of UTF-8 (joined files have several) and record separators (JSON text sequences, RFC 7464). */
  skipMarks(): void {
    const bytes = this.#bytes;
    for (;;) {
      const at = this.#at;
      if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) this.#at += 3;
      else if (bytes[at] === RECORD_SEPARATOR && at < this.#end) this.#at++;
      else return;
    }
  }

  /** The bytes of `open`, from begin to end. */
  get opened(): Buffer {
    return this.#bytes.subarray(this.#begin, this.#end);
  }

  /**
   * Looks ahead into the object that `value` has just begun. Returns the kind of its only member's value, if that
   * member's name is not among the first `known`; KIND.none otherwise.
   */
  soleKind(known: number): number {
    const at = this.#at;
    const depth = this.#depth;
    const { start } = this;
    const name = this.firstName();
    let kind: number = KIND.none;
    if (name === UNKNOWN || name >= known) {
      kind = this.value();
      this.rest(kind);
      if (this.nextName() !== END) kind = KIND.none;
    }
    this.#at = at;
    this.#depth = depth;
    this.start = start;
    return kind;
  }

  /** Skips white space. Returns whether that is all there was left. */
  blank(): boolean {
    this.#space();
    return this.#at >= this.#end;
  }

  fail(problem: JsonProblem): never {
    throw new JsonError({ problem, byte: this.#at - this.#begin + 1 });
  }

  /** Fails unless only white space is left. */
  close(): void {
    this.#space();
    if (this.#at < this.#end) this.fail('more');
  }

  /** Goes on to the next value and returns its first byte; fails at the end. */
  peek(): number {
    this.#space();
    if (this.#at >= this.#end) this.fail('end');
    return this.#bytes[this.#at]!;
  }

  /** Reads the next value and returns its kind; of an object or an array only the opening bracket. */
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
    return this.fail('value');
  }

  /** The number of the first member's name, after `value` returned an object; its value is next. END: no member. */
  firstName(): number {
    if (this.peek() === 0x7d) return this.#leave();
    return this.#name();
  }

  /** The same of the next member, after the value of the one before was read. */
  nextName(): number {
    let c = this.#bytes[this.#at]!;
    if (c <= SPACE) c = this.peek();
    if (c === 0x7d) return this.#leave();
    if (c !== COMMA) this.fail('comma');
    this.#at++;
    if (this.#bytes[this.#at] !== QUOTE) this.peek();
    return this.#name();
  }

  /** Whether the array that `value` returned has an element, which is next. */
  firstElement(): boolean {
    if (this.peek() !== 0x5d) return true;
    this.#leave();
    return false;
  }

  /** Whether the array has another element, which is next. */
  nextElement(): boolean {
    const c = this.peek();
    if (c === 0x5d) {
      this.#leave();
      return false;
    }
    if (c !== COMMA) this.fail('comma');
    this.#at++;
    return true;
  }

  /** Skips the next value; `kind`, `start` and `stop` are then of it or of one of its parts. */
  skip(): void {
    this.rest(this.value());
  }

  /** Skips the members or elements of a value that `value` began. */
  rest(kind: number): void {
    if (kind === KIND.object) {
      for (let name = this.firstName(); name !== END; name = this.nextName()) this.skip();
    } else if (kind === KIND.array) {
      for (let more = this.firstElement(); more; more = this.nextElement()) this.skip();
    }
  }

  /** Reads the rest of an object or an array that `value` began; `start` and `stop` are then of the whole. */
  whole(kind: number): void {
    const { start } = this;
    this.rest(kind);
    this.kind = kind;
    this.start = start;
    this.stop = this.#at;
  }

  /** The text of a string value. */
  string(kind: number, start: number, stop: number): string {
    if (kind === KIND.string) return this.ascii(start, stop);
    if (kind === KIND.utf8) return this.#bytes.toString('utf8', start, stop);
    return decodeString(this.#bytes, start, stop);
  }

  /** The same in UTF-8. Null: the text has half of a surrogate pair. */
  utf8(kind: number, start: number, stop: number): Buffer | null {
    if (kind === KIND.escaped) return decodeBytes(this.#bytes, start, stop);
    return Buffer.from(this.#bytes.subarray(start, stop));
  }

  /** The text of ASCII bytes. */
  ascii(start: number, stop: number): string {
    if (start < this.#textFrom) return this.#bytes.toString('latin1', start, stop);
    if (this.#text === '') this.#text = this.#bytes.toString('latin1', this.#textFrom, this.#end);
    return this.#text.slice(start - this.#textFrom, stop - this.#textFrom);
  }

  /** The JSON between two offsets. */
  raw(start: number, stop: number): string {
    return this.#bytes.toString('utf8', start, stop);
  }

  /** The number of an `integer`, or of a string of digits; NaN if it is not one or ≥ 2^53. */
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
    if (++this.#depth > MOST_DEPTH) this.fail('depth');
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
    if (bytes[this.#at] !== QUOTE) this.fail('name');
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
    if (this.peek() !== COLON) this.fail('colon');
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
        if (ESCAPES[c] === 0) this.#failAt(p, 'escape');
        if (c === 0x75) {
          for (let i = 0; i < 4; i++) if (HEX[bytes[++p]!] === 0) this.#failAt(p, 'escape');
        }
      } else if (c < SPACE) {
        this.#failAt(p, p >= this.#end ? 'end' : 'control');
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
    } else this.#failAt(p, 'digit');
    if (c === POINT) {
      kind = KIND.decimal;
      c = bytes[++p]!;
      if (c < ZERO || c > NINE) this.#failAt(p, 'digit');
      while (c >= ZERO && c <= NINE) c = bytes[++p]!;
    }
    if ((c | LOWER) === 0x65) {
      kind = KIND.decimal;
      c = bytes[++p]!;
      if (c === PLUS || c === MINUS) c = bytes[++p]!;
      if (c < ZERO || c > NINE) this.#failAt(p, 'digit');
      while (c >= ZERO && c <= NINE) c = bytes[++p]!;
    }
    this.stop = p;
    this.#at = p;
    this.kind = kind;
    return kind;
  }

  #word(length: number, letters: number, kind: number): number {
    const at = this.#at;
    if (at + length > this.#end || this.#words.getInt32(at) !== letters) this.fail('value');
    this.start = at;
    this.stop = at + length;
    this.#at = at + length;
    this.kind = kind;
    return kind;
  }

  #failAt(at: number, problem: JsonProblem): never {
    this.#at = at;
    return this.fail(problem);
  }
}

function wordsOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
