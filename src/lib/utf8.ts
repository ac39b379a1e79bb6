/** Half of a letter of four bytes: a code unit that means nothing without the one beside it. Rare. */
export function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** The most bytes that UTF-8 takes for one UTF-16 code unit. */
export const MOST_BYTES_PER_UNIT = 3;

/** From this length on, in UTF-16 code units, `Buffer.write` costs less than the loop of `writeUtf8`. */
export const LONG_TEXT = 512;

/**
 * Writes a text as UTF-8 and returns the offset of its end. The buffer must have `MOST_BYTES_PER_UNIT` bytes for each
 * code unit. For the short texts of rows, this loop is faster than a call of `Buffer.write`, which leaves JavaScript.
 */
export function writeUtf8(buffer: Buffer, start: number, text: string): number {
  let at = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      buffer[at++] = unit;
    } else if (unit < 0x800) {
      buffer[at++] = 0xc0 | (unit >> 6);
      buffer[at++] = 0x80 | (unit & 0x3f);
    } else if (!isSurrogate(unit)) {
      buffer[at++] = 0xe0 | (unit >> 12);
      buffer[at++] = 0x80 | ((unit >> 6) & 0x3f);
      buffer[at++] = 0x80 | (unit & 0x3f);
    } else return at + buffer.write(text.slice(i), at, 'utf8');
  }
  return at;
}
