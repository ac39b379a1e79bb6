/** UTF-8 takes no more bytes than this for one code unit of a string. */
export const MOST_BYTES_PER_UNIT = 3;

/**
 * Writes a text as UTF-8 and returns where it ends; there must be room for `MOST_BYTES_PER_UNIT`
 * bytes a code unit. Names, reasons and dates are short: to write them here, unit by unit, is quicker
 * than a call out of JavaScript for each.
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
    } else {
      // Rare: what is left may hold surrogate pairs.
      return at + buffer.write(text.slice(i), at, 'utf8');
    }
  }
  return at;
}
