import { AS_IS, type Decide, TransformedInput } from './byte-input.js';

const LF = 0x0a;

/** Collects bytes and gives out whole lines. Holds one read and one line at most. */
export class LineBuffer {
  #bytes: Buffer;
  #used = 0;
  readonly #chunk: number;
  readonly #most: number;
  #dropping = false;

  /**
   * @param chunk bytes of a read
   * @param most bytes of a line
   */
  constructor(chunk: number, most: number) {
    this.#chunk = chunk;
    this.#most = most;
    this.#bytes = Buffer.allocUnsafe(2 * chunk);
  }

  /** The buffer for the next bytes, which go to `used`; it has room for a chunk. */
  get bytes(): Buffer {
    if (this.#bytes.length - this.#used < this.#chunk) {
      const bytes = Buffer.allocUnsafe(2 * this.#bytes.length);
      this.#bytes.copy(bytes, 0, 0, this.#used);
      this.#bytes = bytes;
    }
    return this.#bytes;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Takes the next `count` bytes in the buffer, and gives the lines that are whole now to `lines`, with their line feeds;
   * they stay valid until the next call. Calls `tooLong` as soon as a line is, and skips that line.
   */
  take(count: number, lines: (bytes: Buffer) => void, tooLong: () => void): void {
    const bytes = this.#bytes;
    const used = this.#used + count;
    let begin = 0;
    if (this.#dropping) {
      const feed = bytes.subarray(0, used).indexOf(LF);
      if (feed === -1) {
        this.#used = 0;
        return;
      }
      begin = feed + 1;
      this.#dropping = false;
    }
    const end = bytes.subarray(begin, used).lastIndexOf(LF) + 1 + begin;
    if (end > begin) lines(bytes.subarray(begin, end));
    bytes.copyWithin(0, end, used);
    this.#used = used - end;
    if (this.#used > this.#most) {
      tooLong();
      this.#dropping = true;
      this.#used = 0;
    }
  }

  /** The beginning of a line that has no line feed yet; empty where that line was too long. */
  rest(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }
}

const TAB = 0x09;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The byte order mark in UTF-8. */
const MARK = [0xef, 0xbb, 0xbf];

/**
 * Whether events are indented over several lines: then the first line is an opening brace alone, as programs that
 * indent JSON write it. 'more': too few bytes to decide.
 */
export function isIndented(head: Uint8Array): boolean | 'more' {
  const marked = head[0] === MARK[0];
  if (marked && head.length < MARK.length) return 'more';
  let at = marked ? MARK.length : 0;
  while (at < head.length && isSpace(head[at]!)) at++;
  if (at < head.length && head[at] !== OPEN) return false;
  at++;
  while (at < head.length && isSpace(head[at]!) && head[at] !== LF) at++;
  return at >= head.length ? 'more' : head[at] === LF;
}

/**
 * Joins indented events, each into one line. An object at the first column ends the one before even where that is not
 * whole, so that an event that was cut off does not swallow the next ones.
 */
export class DocumentLines {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #lineBegins = true;
  /** Nothing was written after the last line feed. */
  #fresh = true;

  /** Takes the next bytes and returns their lines, the last one perhaps in part. */
  push(bytes: Uint8Array): Buffer {
    // At most one line feed more per byte.
    const lines = Buffer.allocUnsafe(2 * bytes.length);
    let to = 0;
    for (const byte of bytes) {
      const cutOff = byte === OPEN && this.#lineBegins && this.#depth > 0;
      if (cutOff || (byte === LF && this.#inString)) {
        this.#depth = 0;
        this.#inString = false;
        this.#escaped = false;
        lines[to++] = LF;
        this.#fresh = true;
      }
      this.#lineBegins = byte === LF;
      if (byte === LF) {
        if (this.#depth > 0) lines[to++] = SPACE;
        else if (!this.#fresh) {
          lines[to++] = LF;
          this.#fresh = true;
        }
        continue;
      }
      if (this.#fresh && isSpace(byte)) continue;
      lines[to++] = byte;
      this.#fresh = false;
      this.#follow(byte);
      if (this.#depth === 0 && byte === CLOSE) {
        lines[to++] = LF;
        this.#fresh = true;
      }
    }
    return lines.subarray(0, to);
  }

  #follow(byte: number): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN || byte === ARRAY) this.#depth++;
    else if ((byte === CLOSE || byte === ARRAY_END) && this.#depth > 0) this.#depth--;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CR || byte === LF;
}

/** Joins the events of an input that are indented. */
export const joinIndented: Decide = (head) => {
  const indented = isIndented(head);
  if (indented === 'more') return 'more';
  if (!indented) return AS_IS;
  return (whole) => {
    const documents = new DocumentLines();
    return new TransformedInput(whole, (bytes) => documents.push(bytes));
  };
};
