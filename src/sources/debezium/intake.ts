import { isUtf8 } from 'node:buffer';
import { EventError } from '../decoder.js';
import { Names } from '../json/names.js';
import { headSpan, NOT_UTF8, notJson, registryHead } from '../json/not-json.js';
import { CUT_OFF, JsonError, JsonReader, KIND } from '../json/reader.js';
import type { Scope } from '../scope.js';
import type { Key, Malformed, Sink } from '../source.js';
import { JsonColumns, ValueReader } from './columns.js';
import { ConsoleLines } from './console-line.js';
import { EventTemplates } from './event-templates.js';
import { FLAG, KNOWN_NAMES, ParsedFields, SLOT } from './fields.js';
import { KeyReader, MemberReader } from './members.js';
import { RowTeller } from './rows.js';

/** An event, or a body, may have so many bytes: rows of the hospital have some hundred. */
export const MOST_BYTES = 16 << 20;

/** What is wrong with an input of more bytes. */
export const TOO_LONG = `longer than ${MOST_BYTES >> 20} MiB`;

const LF = 0x0a;
const ARRAY = 0x5b;
const OPEN = 0x7b;
/** Strings that hold JSON that is a string that holds JSON: nobody writes that. */
const MOST_INNER = 2;
const FIRST_SCRATCH_BYTES = 1 << 16;
const NOTHING = Buffer.alloc(0);
const LINE_END = Buffer.from([LF]);
/** In place of a reason: there is none. */
const READ = '';

/** Before the end, where a character of UTF-8 may have been cut. */
const CHARACTER_CUTS = [-1, -2, -3];

/** The result of reading a line that may be cut off. */
export type Unfinished = 'whole' | 'cut' | 'wrong';

export interface IntakeOptions {
  /** What stands for an unchanged TOAST value (`unavailable.value.placeholder`), besides Debezium's default. */
  readonly toastPlaceholders?: readonly string[];
}

/**
 * Turns Debezium's events, as JSON in whatever shape it writes them, into calls of a sink: `row`, `truncate`
 * or `aside`; `malformed` for what is no event. Nothing is thrown for any bytes, every call returns with all
 * that the bytes hold told, and the bytes may be written over afterwards.
 *
 * `partition`, `position` and `receivedAt` are as of `RowEvent`.
 */
export class DebeziumIntake {
  readonly #sink: Sink;
  readonly #scope: Scope;
  readonly #reader: JsonReader;
  readonly #parsed = new ParsedFields();
  readonly #members: MemberReader;
  readonly #templates = new EventTemplates();
  readonly #teller: RowTeller;
  readonly #consoleLines: ConsoleLines;
  #scratch = Buffer.alloc(FIRST_SCRATCH_BYTES);
  /** The problem of a line that may be cut off: kept here, not reported, while that line is read. */
  #quiet = false;
  #problem: Malformed | null = null;
  /** The last error was that bytes ended too early. */
  #isCut = false;
  /** The beginning of a line whose first line feed is in a schema registry's head. */
  #cut: Buffer = NOTHING;

  constructor(sink: Sink, scope: Scope, { toastPlaceholders }: IntakeOptions = {}) {
    this.#sink = sink;
    this.#scope = scope;
    const names = new Names(KNOWN_NAMES);
    this.#reader = new JsonReader(names);
    const values = new ValueReader(this.#reader, toastPlaceholders);
    this.#members = new MemberReader(this.#reader, this.#parsed);
    this.#consoleLines = new ConsoleLines(this.#reader, this.#parsed, this.#members);
    this.#teller = new RowTeller({
      reader: this.#reader,
      values,
      columns: new JsonColumns(this.#reader, values),
      keys: new KeyReader(names),
      parsed: this.#parsed,
      sink,
    });
  }

  /** One event: a line of a file, the body of a request. No bytes, or nothing but white space: nothing. */
  event(bytes: Uint8Array, partition: number, position: number, receivedAt: number): void {
    const whole = this.#afterCut(bytes);
    if (!this.#load(whole, partition, position)) return;
    this.#part(0, whole.length, null, partition, position, receivedAt);
  }

  /**
   * A line that more may have been about to be added to: told if it is whole. 'cut': it may be the beginning of an
   * event, and 'wrong': of none; then nothing is told.
   */
  unfinished(
    bytes: Uint8Array,
    partition: number,
    position: number,
    receivedAt: number,
  ): Unfinished {
    const isHead = bytes.length > 0 && headSpan(bytes, 0) >= bytes.length;
    if (
      isHead ||
      (!isUtf8(bytes) && CHARACTER_CUTS.some((cut) => isUtf8(bytes.subarray(0, cut))))
    ) {
      return 'cut';
    }
    this.#quiet = true;
    this.#problem = null;
    this.#isCut = false;
    const cut = this.#cut;
    this.event(bytes, partition, position, receivedAt);
    this.#quiet = false;
    if (this.#problem === null) return 'whole';
    this.#cut = cut;
    return this.#isCut ? 'cut' : 'wrong';
  }

  /**
   * One event, or a JSON array of events (the body of a request that has several): all of one position. An array
   * that is no JSON to its end is malformed as a whole.
   */
  batch(bytes: Uint8Array, partition: number, position: number, receivedAt: number): void {
    if (!this.#load(bytes, partition, position)) return;
    const parts = this.#elements(bytes.length, partition, position);
    if (parts === null) return;
    const body = this.#reader.bytes;
    for (let i = 0; i + 1 < parts.length; i += 2) {
      // The one before may have brought bytes of its own: JSON in a string.
      this.#reader.load(body);
      this.#part(parts[i]!, parts[i + 1]!, null, partition, position, receivedAt);
    }
  }

  /** A record of Kafka: key and value as they are there. A value null is a tombstone. */
  record(
    key: Uint8Array | null,
    value: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): void {
    if (value === null) this.#sink.ignored('tombstone', null);
    else if (this.#load(value, partition, position)) {
      this.#part(0, value.length, key, partition, position, receivedAt);
    }
  }

  /**
   * Whole lines, one event each, each with its line feed; blank ones are passed over. `position` is that of the
   * first one, and goes up by one a line. Returns the position after the last one.
   */
  lines(given: Buffer, partition: number, position: number, receivedAt: number): number {
    const bytes = this.#afterCut(given);
    const right = isUtf8(bytes);
    let next = position;
    let begin = 0;
    while (begin < bytes.length) {
      // A registry's head may have the byte of a line feed in it.
      const span = bytes[begin] === OPEN ? 0 : headSpan(bytes, begin);
      const end = bytes.indexOf(LF, begin + span);
      if (end === -1) {
        const rest = bytes.subarray(begin);
        const isCut = span > 0 && rest[rest.length - 1] === LF;
        if (isCut) this.#cut = Buffer.from(rest);
        else this.event(rest, partition, next++, receivedAt);
        return next;
      }
      if (end - begin > MOST_BYTES) {
        this.#malformed({ partition, position: next, reason: TOO_LONG });
      } else if (right || this.#isUtf8(bytes.subarray(begin, end), partition, next)) {
        this.#reader.load(bytes);
        this.#part(begin, end, null, partition, next, receivedAt);
      }
      begin = end + 1;
      next++;
    }
    return next;
  }

  /** The bytes, after those that the last ones left over. */
  #afterCut<T extends Uint8Array>(bytes: T): T | Buffer {
    if (this.#cut.length === 0) return bytes;
    const whole = Buffer.concat([this.#cut, bytes]);
    this.#cut = NOTHING;
    return whole;
  }

  /** Is the text after a registry's head UTF-8? If not, that is reported. */
  #isUtf8(bytes: Buffer, partition: number, position: number): boolean {
    if (isUtf8(bytes.subarray(registryHead(bytes, 0, bytes.length)))) return true;
    this.#malformed({ partition, position, reason: notJson(bytes, NOT_UTF8) ?? NOT_UTF8 });
    return false;
  }

  /** Gives the reader these bytes, with a line feed behind them; false: they cannot be an event. */
  #load(bytes: Uint8Array, partition: number, position: number): boolean {
    if (bytes.length > MOST_BYTES) {
      this.#malformed({ partition, position, reason: TOO_LONG });
      return false;
    }
    if (!isUtf8(bytes) && !this.#isUtf8(Buffer.from(bytes), partition, position)) return false;
    // What was needed once for a big one is not kept.
    let scratch = this.#scratch;
    if (bytes.length >= scratch.length) scratch = Buffer.alloc(bytes.length + 1);
    scratch.set(bytes);
    scratch[bytes.length] = LF;
    this.#reader.load(scratch);
    return true;
  }

  #malformed(problem: Malformed): void {
    if (this.#quiet) this.#problem = problem;
    else this.#sink.malformed(problem);
  }

  #part(
    begin: number,
    end: number,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): void {
    const { bytes } = this.#reader;
    try {
      this.#reader.open(begin, end);
      // Nearly every event begins with its brace; only of the others is more to be seen.
      if (bytes[begin] !== OPEN && !this.#begin(begin, end)) return;
      this.#one(key, partition, position, receivedAt);
    } catch (error) {
      if (!(error instanceof JsonError || error instanceof EventError)) throw error;
      this.#otherwise(error, bytes.subarray(begin, end), key, partition, position, receivedAt);
    }
  }

  /** Goes on to where JSON begins, in `begin` to `end`. False: there is nothing. */
  #begin(begin: number, end: number): boolean {
    const reader = this.#reader;
    reader.open(begin + registryHead(reader.bytes, begin, end), end);
    reader.skipMarks();
    return !reader.blank();
  }

  /** Reads what a console printed, if it is that; else it is malformed, and `error` is why. */
  #otherwise(
    error: JsonError | EventError,
    line: Buffer,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): void {
    // JSON in a string: its text.
    const unread = Buffer.from(this.#reader.opened);
    this.#isCut = isCutOff(error);
    const reason =
      this.#ofConsole(line, key, partition, position, receivedAt) ?? reasonOf(error, unread);
    if (reason !== READ) this.#malformed({ partition, position, reason });
  }

  /** Tells the event of a line that a console printed. Why not, or READ; null: it is no such line. */
  #ofConsole(
    line: Buffer,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): string | null {
    const reader = this.#reader;
    const bytes = Buffer.concat([line, LINE_END]);
    reader.load(bytes);
    const parts = this.#consoleLines.parse(0, line.length);
    if (parts === null) return null;
    if (parts.value === null) {
      this.#sink.ignored('tombstone', null);
      return READ;
    }
    try {
      reader.open(parts.value, line.length);
      this.#one(parts.key ?? key, partition, position, receivedAt);
      return READ;
    } catch (error) {
      if (!(error instanceof JsonError || error instanceof EventError)) throw error;
      this.#isCut = isCutOff(error);
      return reasonOf(error, Buffer.from(reader.opened));
    }
  }

  /** Tells the event that the reader has. Throws a JsonError or an EventError. */
  #one(key: Uint8Array | null, partition: number, position: number, receivedAt: number): void {
    this.#parsed.clear();
    this.#value();
    const inner = this.#parsed.kinds[SLOT.inner] !== KIND.none;
    const outerKey = inner ? this.#inner(key) : key;
    this.#teller.tell(outerKey, partition, position, receivedAt);
  }

  /** All that the reader has, which is one value, into the parsed fields. */
  #value(): void {
    const reader = this.#reader;
    const parsed = this.#parsed;
    const begin = reader.at;
    if (!this.#templates.read(reader, parsed)) {
      const kind = reader.value();
      if (kind === KIND.object) {
        this.#members.read();
        parsed.settle(reader, this.#scope);
        this.#templates.learn(begin, reader, parsed);
      } else if (kind === KIND.null) parsed.flags |= FLAG.nothing;
      else if (kind >= KIND.string && kind < KIND.object) parsed.put(SLOT.inner, reader);
      else throw new EventError('no JSON object');
    }
    reader.close();
  }

  /** Reads the JSON in a string, in place of the value that holds it. Returns the key of what it is in. */
  #inner(key: Uint8Array | null): Uint8Array | Key | null {
    const reader = this.#reader;
    const parsed = this.#parsed;
    let outerKey: Uint8Array | Key | null = key;
    for (let depth = 0; parsed.kinds[SLOT.inner] !== KIND.none; depth++) {
      if (depth === MOST_INNER) throw new EventError('JSON in a string in a string');
      const start = parsed.starts[SLOT.inner]!;
      const text = reader.utf8(parsed.kinds[SLOT.inner]!, start, parsed.stops[SLOT.inner]!);
      if (text === null) throw new EventError('half of a surrogate pair in a string of JSON');
      outerKey = this.#teller.outerKey() ?? outerKey;
      parsed.clear();
      const bytes = Buffer.allocUnsafe(text.length + 1);
      bytes.set(text);
      bytes[text.length] = LF;
      reader.load(bytes);
      this.#begin(0, text.length);
      this.#value();
    }
    return outerKey;
  }

  /** Where the events of a body begin and end. Null: there is none, and the sink knows why. */
  #elements(length: number, partition: number, position: number): number[] | null {
    const reader = this.#reader;
    try {
      reader.open(0, length);
      reader.skipMarks();
      if (reader.blank()) return null;
      if (reader.peek() !== ARRAY) return [0, length];
      const parts: number[] = [];
      reader.value();
      for (let more = reader.firstElement(); more; more = reader.nextElement()) {
        reader.peek();
        parts.push(reader.at);
        reader.skip();
        parts.push(reader.at);
      }
      reader.close();
      return parts;
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      this.#malformed({ partition, position, reason: error.message });
      return null;
    }
  }
}

/** Why bytes are no event, and what to do about it. */
function reasonOf(error: JsonError | EventError, bytes: Buffer): string {
  const problem = error instanceof JsonError ? error.what : error.message;
  return notJson(bytes, problem) ?? error.message;
}

function isCutOff(error: JsonError | EventError): boolean {
  return error instanceof JsonError && error.what === CUT_OFF;
}
