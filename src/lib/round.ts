/** A figure as a report keeps it: so many digits behind the point at most. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
