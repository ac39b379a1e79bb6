/** Rounds to at most `digits` decimal places. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** A whole number with leading zeros: `digits(42, 6)` is `000042`. `width` up to 15. */
export function digits(value: number, width: number): string {
  return String(POWERS[width]! + value).slice(1);
}

const POWERS: readonly number[] = Array.from({ length: 16 }, (_, width) => 10 ** width);

/**
 * The index-th number (from 0) of `width` digits that is not one digit repeated. The repeated ones are multiples of
 * the repunit (1…1), so one number is skipped at 0 and after every repunit - 1 others.
 */
export function unrepeated(index: number, width: number): number {
  const run = (10 ** width - 1) / 9 - 1;
  return index + Math.floor(index / run) + 1;
}

/**
 * The character code of one digit of a whole number below 2^31: `digitCode(42, 10)` is that of `4`. Texts of fixed form
 * are made of these at once: V8 would keep joined texts as a tree, which has to be flattened before they are read.
 *
 * @param power of ten, of the digit
 */
export function digitCode(value: number, power: number): number {
  return ZERO + (((value / power) | 0) % 10);
}

/** The most digits that `writeDigits` writes. */
export const DIGITS = 10;

/** Writes the digits of a whole number from 0 to 2^31 - 1 and returns the offset of their end. */
export function writeDigits(buffer: Uint8Array, start: number, value: number): number {
  let count = 1;
  for (let power = 10; power <= value; power *= 10) count++;
  const end = start + count;
  let rest = value;
  for (let at = end - 1; at >= start; at--) {
    const next = (rest / 10) | 0;
    buffer[at] = ZERO + rest - 10 * next;
    rest = next;
  }
  return end;
}

const ZERO = 0x30;
