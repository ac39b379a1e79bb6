const MINUS = 0x2d;
const ZERO = 0x30;

/** A number of more digits has no exact double. */
const MOST_DIGITS = 16;
/** So many digits make a whole number of 32 bits. */
const HALF_DIGITS = 9;

/** The whole number that these bytes are the digits of; NaN where it is none of less than 2^53. */
export function wholeNumber(bytes: Uint8Array, start: number, stop: number): number {
  let p = start;
  const negative = bytes[p] === MINUS;
  if (negative) p++;
  const digits = stop - p;
  if (digits < 1 || digits > MOST_DIGITS) return Number.NaN;
  // Two whole numbers of 32 bits instead of a double: their products are quicker.
  let high = 0;
  for (const half = stop - HALF_DIGITS; p < half; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    high = (Math.imul(high, 10) + digit) | 0;
  }
  let low = 0;
  for (; p < stop; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    low = (Math.imul(low, 10) + digit) | 0;
  }
  const value = high * 1e9 + low;
  if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return negative ? 0 - value : value;
}
