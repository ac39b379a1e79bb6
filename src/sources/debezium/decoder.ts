import { type Decoder, type DecoderOptions, EventError, type Refusal } from '../decoder.js';
import { Names } from '../json/names.js';
import { notJson, registryHead } from '../json/not-json.js';
import { CUT_OFF, JsonError, JsonReader, KIND } from '../json/reader.js';
import type { Scope } from '../scope.js';
import type { Key, Sink } from '../source.js';
import { JsonColumns, ValueReader } from './columns.js';
import { ConsoleLines } from './console-line.js';
import { EventTemplates } from './event-templates.js';
import { FLAG, KNOWN_NAMES, ParsedFields, SLOT } from './fields.js';
import { KeyReader, MemberReader } from './members.js';
import { RowEmitter } from './rows.js';

const LF = 0x0a;
const OPEN = 0x7b;
/** Limit of strings of JSON within strings of JSON; no pipeline writes more than one. */
const MOST_INNER = 2;
const LINE_END = Buffer.from([LF]);

/** Decodes Debezium's events as JSON, in every shape that its converters and transforms write. */
export class DebeziumDecoder implements Decoder {
  readonly #sink: Sink;
  readonly #scope: Scope;
  readonly #reader: JsonReader;
  readonly #parsed = new ParsedFields();
  readonly #members: MemberReader;
  readonly #templates = new EventTemplates();
  readonly #rows: RowEmitter;
  readonly #consoleLines: ConsoleLines;

  constructor(sink: Sink, scope: Scope, { toastPlaceholders }: DecoderOptions = {}) {
    this.#sink = sink;
    this.#scope = scope;
    const names = new Names(KNOWN_NAMES);
    this.#reader = new JsonReader(names);
    const values = new ValueReader(this.#reader, toastPlaceholders);
    this.#members = new MemberReader(this.#reader, this.#parsed);
    this.#consoleLines = new ConsoleLines(this.#reader, this.#parsed, this.#members);
    this.#rows = new RowEmitter({
      reader: this.#reader,
      values,
      columns: new JsonColumns(this.#reader, values),
      keys: new KeyReader(names),
      parsed: this.#parsed,
      sink,
    });
  }

  decode(
    bytes: Buffer,
    begin: number,
    end: number,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): Refusal | null {
    this.#reader.load(bytes);
    try {
      this.#reader.open(begin, end);
      // Nearly every event begins with its brace; others may have a registry's head or marks before it.
      if (bytes[begin] === OPEN || this.#skipHead(begin, end)) {
        this.#event(key, partition, position, receivedAt);
      }
      return null;
    } catch (error) {
      if (!isRefused(error)) throw error;
      // The bytes of the string, where the event is JSON in a string.
      const unread = this.#reader.opened;
      const line = bytes.subarray(begin, end);
      const decoded = this.#consoleLine(line, key, partition, position, receivedAt);
      return decoded === undefined ? refusalOf(error, unread) : decoded;
    }
  }

  /** Goes on to the JSON between `begin` and `end`. False: they are blank. */
  #skipHead(begin: number, end: number): boolean {
    const reader = this.#reader;
    reader.open(begin + registryHead(reader.bytes, begin, end), end);
    reader.skipMarks();
    return !reader.blank();
  }

  /** Decodes a line that a console printed, with a key or the like before the value. Undefined: it is no such line. */
  #consoleLine(
    line: Buffer,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): Refusal | null | undefined {
    const reader = this.#reader;
    reader.load(Buffer.concat([line, LINE_END]));
    const parts = this.#consoleLines.parse(0, line.length);
    if (parts === null) return undefined;
    if (parts.value === null) {
      this.#sink.ignored('tombstone', null);
      return null;
    }
    try {
      reader.open(parts.value, line.length);
      this.#event(parts.key ?? key, partition, position, receivedAt);
      return null;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return refusalOf(error, reader.opened);
    }
  }

  /** Emits the event that the reader is at. Throws a JsonError or an EventError. */
  #event(key: Uint8Array | null, partition: number, position: number, receivedAt: number): void {
    this.#parsed.clear();
    this.#parse();
    const isInner = this.#parsed.kinds[SLOT.inner] !== KIND.none;
    const outerKey = isInner ? this.#parseInner(key) : key;
    this.#rows.emit(outerKey, partition, position, receivedAt);
  }

  /** Parses the reader's bytes, which are one value, into the parsed fields. */
  #parse(): void {
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

  /** Parses the JSON in a string in place of the value that holds it. Returns the key beside that string. */
  #parseInner(key: Uint8Array | null): Uint8Array | Key | null {
    const reader = this.#reader;
    const parsed = this.#parsed;
    let outerKey: Uint8Array | Key | null = key;
    for (let depth = 0; parsed.kinds[SLOT.inner] !== KIND.none; depth++) {
      if (depth === MOST_INNER) throw new EventError('JSON in a string in a string');
      const start = parsed.starts[SLOT.inner]!;
      const text = reader.utf8(parsed.kinds[SLOT.inner]!, start, parsed.stops[SLOT.inner]!);
      if (text === null) throw new EventError('half of a surrogate pair in a string of JSON');
      outerKey = this.#rows.messageKey() ?? outerKey;
      parsed.clear();
      const bytes = Buffer.allocUnsafe(text.length + 1);
      bytes.set(text);
      bytes[text.length] = LF;
      reader.load(bytes);
      this.#skipHead(0, text.length);
      this.#parse();
    }
    return outerKey;
  }
}

function isRefused(error: unknown): error is EventError | JsonError {
  return error instanceof EventError || error instanceof JsonError;
}

/** @param bytes that were being read */
function refusalOf(error: EventError | JsonError, bytes: Buffer): Refusal {
  const problem = error instanceof JsonError ? error.problem : error.message;
  const reason = notJson(bytes, problem) ?? error.message;
  return { reason, isCutOff: error instanceof JsonError && problem === CUT_OFF };
}
