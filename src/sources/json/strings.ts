const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const HEX_DIGITS = 4;
/** Bytes of `\\u` and its digits. */
const ESCAPE_BYTES = 2 + HEX_DIGITS;

/** The character for the letter after a backslash; others stand for themselves. */
const SHORT = Uint8Array.from({ length: 256 }, (_, code) => code);
for (const [letter, character] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  SHORT[letter!.charCodeAt(0)] = character!.charCodeAt(0);
}

/**
 * Decodes a JSON string with escapes into UTF-8, from the bytes between its quotation marks, which must be valid.
 * Null: it has half of a surrogate pair, for which UTF-8 has no bytes.
 */
export function decodeBytes(bytes: Buffer, start: number, stop: number): Buffer | null {
  // No escape is shorter than its character.
  const decoded = Buffer.allocUnsafe(stop - start);
  let to = 0;
  let p = start;
  while (p < stop) {
    const c = bytes[p++]!;
    if (c !== BACKSLASH) {
      decoded[to++] = c;
      continue;
    }
    const letter = bytes[p++]!;
    if (letter !== LETTER_U) {
      decoded[to++] = SHORT[letter]!;
      continue;
    }
    let code = unit(bytes, p);
    p += HEX_DIGITS;
    if (code >= 0xd800 && code <= 0xdfff) {
      const follows =
        p + ESCAPE_BYTES <= stop && bytes[p] === BACKSLASH && bytes[p + 1] === LETTER_U;
      const low = follows ? unit(bytes, p + 2) : 0;
      if (code > 0xdbff || low < 0xdc00 || low > 0xdfff) return null;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      p += ESCAPE_BYTES;
    }
    to = encode(code, decoded, to);
  }
  return decoded.subarray(0, to);
}

/** The same as text; halves of surrogate pairs stay as JSON.parse leaves them. */
export function decodeString(bytes: Buffer, start: number, stop: number): string {
  const decoded = decodeBytes(bytes, start, stop);
  if (decoded !== null) return decoded.toString('utf8');
  return JSON.parse(`"${bytes.toString('utf8', start, stop)}"`) as string;
}

function unit(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at, at + HEX_DIGITS), 16);
}

/** Writes a code point in UTF-8; returns the offset after it. */
function encode(code: number, into: Buffer, at: number): number {
  let to = at;
  if (code < 0x80) into[to++] = code;
  else if (code < 0x800) into[to++] = 0xc0 | (code >> 6);
  else if (code < 0x10000) {
    into[to++] = 0xe0 | (code >> 12);
    into[to++] = 0x80 | ((code >> 6) & 0x3f);
  } else {
    into[to++] = 0xf0 | (code >> 18);
    into[to++] = 0x80 | ((code >> 12) & 0x3f);
    into[to++] = 0x80 | ((code >> 6) & 0x3f);
  }
  if (code >= 0x80) into[to++] = 0x80 | (code & 0x3f);
  return to;
}
