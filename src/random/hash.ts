/**
 * Scrambles 32 bits: a bijection in which every input bit moves every output bit. Shape and
 * constants are "lowbias32" of Chris Wellons' hash prospector, which searched for the least bias.
 *
 * @returns a signed 32-bit integer: V8 keeps those out of the heap
 */
export function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** 2³² over the golden ratio: steps of it spread evenly over 32 bits. */
export const GOLDEN = 0x9e3779b9;

/** Bits 32 and up of a whole number below 2^53; `n | 0` gives the ones below. */
export const highWord = (n: number): number => (n / 0x1_0000_0000) | 0;
