/**
 * Whether the bytes of `a` in `from` to `to` are those of `b` at `at`, which has as many. Eight are compared at a
 * time, as a double: of JSON, none is 0, and one that is no number is just not found to be the same.
 */
export function sameBytes(a: DataView, from: number, to: number, b: DataView, at: number): boolean {
  const shift = at - from;
  let p = from;
  if (to - from >= 8) {
    for (const last = to - 8; p < last; p += 8) {
      if (a.getFloat64(p, true) !== b.getFloat64(p + shift, true)) return false;
    }
    // The last ones overlap those before.
    return a.getFloat64(to - 8, true) === b.getFloat64(to - 8 + shift, true);
  }
  if (to - from >= 4) {
    return (
      a.getInt32(p, true) === b.getInt32(p + shift, true) &&
      a.getInt32(to - 4, true) === b.getInt32(to - 4 + shift, true)
    );
  }
  for (; p < to; p++) if (a.getUint8(p) !== b.getUint8(p + shift)) return false;
  return true;
}
