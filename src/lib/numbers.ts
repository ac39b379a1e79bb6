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
