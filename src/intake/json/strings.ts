const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const HEX_DIGITS = 4;

const SHORT: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * The text of a JSON string that has escapes, from the bytes between its quotation marks, which are known to
 * be right. Halves of surrogate pairs stay what they are, as with JSON.parse.
 */
export function decodeString(bytes: Buffer, start: number, stop: number): string {
  let text = '';
  let from = start;
  let p = start;
  while (p < stop) {
    if (bytes[p] !== BACKSLASH) {
      p++;
      continue;
    }
    text += bytes.toString('utf8', from, p);
    const code = bytes[p + 1]!;
    p += 2;
    if (code === LETTER_U) {
      text += String.fromCharCode(Number.parseInt(bytes.toString('latin1', p, p + HEX_DIGITS), 16));
      p += HEX_DIGITS;
    } else {
      const letter = String.fromCharCode(code);
      text += SHORT[letter] ?? letter;
    }
    from = p;
  }
  return text + bytes.toString('utf8', from, stop);
}
