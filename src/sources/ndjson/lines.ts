import { AS_IS, type Decide, TransformedInput } from './byte-input.js';

const LF = 0x0a;

/** Collects bytes, and gives out whole lines. Holds one read and one line at most. */
export class LineBuffer {
  #bytes: Buffer;
  #used = 0;
  readonly #chunk: number;
  readonly #most: number;
  #dropping = false;

  /** `chunk`: bytes of a read; `most`: of a line. */
  constructor(chunk: number, most: number) {
    this.#chunk = chunk;
    this.#most = most;
    this.#bytes = Buffer.allocUnsafe(2 * chunk);
  }

  /** Where the next bytes go: from `used` on. There is room for some. */
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
   * Takes in the next `count` bytes and gives out the lines that are whole now, with their line feeds; they
   * stay until the next call. A line that gets too long is told at once, and left out with its line feed.
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

  /** What is there of a line without a line feed; none of one that was too long. */
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

/** A byte order mark in UTF-8. */
const MARK = [0xef, 0xbb, 0xbf];

/**
 * Whether events go on over several lines: the first line has an opening brace and nothing else, as every program
 * that indents JSON writes it. 'more': the first bytes do not tell yet.
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
 * Puts each event on a line of its own that is spread over several. An object that begins at the first column ends
 * the one before, though that was not whole: so one that was cut off does not take in those after it.
 */
export class DocumentLines {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #lineBegins = true;
  /** Nothing was written since the last line feed. */
  #fresh = true;

  /** The next bytes; the lines that they are, the last of them perhaps in part. */
  push(bytes: Uint8Array): Buffer {
    // A line feed more for each byte, at most.
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

/** Makes an event a line of an input whose events are spread over lines. */
export const joinIndented: Decide = (head) => {
  const indented = isIndented(head);
  if (indented === 'more') return 'more';
  if (!indented) return AS_IS;
  return (whole) => {
    const documents = new DocumentLines();
    return new TransformedInput(whole, (bytes) => documents.push(bytes));
  };
};
