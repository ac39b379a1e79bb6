const TAB = 0x09;
const LF = 0x0a;
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
