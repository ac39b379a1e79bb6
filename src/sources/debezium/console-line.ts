import { registryHead } from '../json/not-json.js';
import { JsonError, type JsonReader, KIND } from '../json/reader.js';
import { FLAG, type ParsedFields, SLOT } from './fields.js';
import type { MemberReader } from './members.js';

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x7b;

/** Bytes of JSON's structure: they end a text before it. */
const STRUCTURE: ReadonlySet<number> = new Set(Buffer.from('{}[]"'));
const WORD = /\w/;
/** A null value after a key that is JSON. kcat prints nothing for null. */
const NULL_AFTER_KEY = /^(?=.*[^ \r])\W+(?:null)?\s*$/;
/** A null value after the text that Kafka's console prints, or after a key that is text. */
const NULL_AFTER_TEXT =
  /^(?:(?:CreateTime|LogAppendTime|NO_TIMESTAMP|Partition|Offset|NO_HEADERS)\b.*|[^\t]*)\tnull\s*$/;

/** Members that an event or a record has, and a key never. */
const NOT_OF_KEYS = [
  SLOT.op,
  SLOT.inner,
  SLOT.recordOffset,
  SLOT.connectorAt,
  SLOT.connectorAt + 1,
  SLOT.connectorAt + 2,
];

/** The parts of a line that a console printed. */
export interface ConsoleLine {
  /** Offset of the value in the reader's bytes. Null: the value is null. */
  readonly value: number | null;
  /** The message's key, where it is JSON. */
  readonly key: Uint8Array | null;
}

/**
 * Finds the value in a line that a console printed with a key, a timestamp, a partition or headers before it
 * (`print.key=true` and the like, kcat's `-K` and `-f`). Nothing of an event may be lost: only text without JSON's
 * brackets and quotation marks, or whole JSON that is not an event and is set apart from the value, is left out.
 */
export class ConsoleLines {
  readonly #reader: JsonReader;
  readonly #parsed: ParsedFields;
  readonly #members: MemberReader;

  /** @param members reads into `parsed`, which `parse` clears */
  constructor(reader: JsonReader, parsed: ParsedFields, members: MemberReader) {
    this.#reader = reader;
    this.#parsed = parsed;
    this.#members = members;
  }

  /** The parts of a line in the reader's bytes. Null: it is not such a line. */
  parse(begin: number, end: number): ConsoleLine | null {
    const { bytes } = this.#reader;
    let key: Uint8Array | null = null;
    let at = begin;
    for (;;) {
      const stopped = textEnd(bytes, at, end);
      if (stopped === end) {
        const text = bytes.toString('latin1', at, end);
        const isNull = key === null ? NULL_AFTER_TEXT : NULL_AFTER_KEY;
        return isNull.test(text) ? { value: null, key } : null;
      }
      const next = stopped + registryHead(bytes, stopped, end);
      const first = bytes[next]!;
      if (first !== OPEN && first !== QUOTE) return null;
      const isText = first === QUOTE && bytes[next + 1] !== OPEN;
      const isApart = stopped > at && !WORD.test(String.fromCharCode(bytes[stopped - 1]!));
      if (!isApart && stopped > begin) return null;
      const stop = this.#valueEnd(next, end);
      if (stop === null) return null;
      if (isBlank(bytes, stop, end) && stopped > begin) return isText ? null : { value: next, key };
      if (!this.#isKey(next, stop)) return null;
      key = bytes.subarray(next, stop);
      at = stop;
    }
  }

  /** The end of the JSON that begins at `from`; null: it is not JSON. */
  #valueEnd(from: number, end: number): number | null {
    this.#reader.open(from, end);
    try {
      this.#reader.skip();
      return this.#reader.at;
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      return null;
    }
  }

  /** Whether this JSON can be a message's key: it must not be an event by itself. */
  #isKey(from: number, stop: number): boolean {
    const parsed = this.#parsed;
    this.#reader.open(from, stop);
    // A string may hold JSON itself.
    if (this.#reader.value() !== KIND.object) return !this.#reader.opened.includes(OPEN);
    parsed.clear();
    this.#members.read();
    const { enveloped, transaction, schemaChange, nothing } = FLAG;
    if ((parsed.flags & (enveloped | transaction | schemaChange | nothing)) !== 0) return false;
    return NOT_OF_KEYS.every((slot) => parsed.kinds[slot] === KIND.none);
  }
}

/** The end of the text that has no JSON structure and no control characters but gaps. */
function textEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && !STRUCTURE.has(bytes[at]!) && (bytes[at]! >= SPACE || isGap(bytes[at]!))) at++;
  return at;
}

function isBlank(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (bytes[at] !== SPACE && !isGap(bytes[at]!)) return false;
  return true;
}

function isGap(byte: number): boolean {
  return byte === TAB || byte === 0x0d;
}
