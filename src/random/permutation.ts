import { GOLDEN, mix } from './hash.js';

/** With fewer rounds, neighbours of a small range stay near each other. */
const ROUNDS = 6;

/**
 * A permutation of the whole numbers in [0, size): each index has one image and no two share one.
 * A Feistel network over the two digits of the index in a mixed radix just above √size; the few
 * images at or beyond `size` are permuted again until they fall inside ("cycle walking").
 *
 * @param index whole number in [0, size)
 * @param size 1 to 2^52
 * @param key 32 bits; each key gives another permutation
 */
export function permute(index: number, size: number, key: number): number {
  const high = Math.ceil(Math.sqrt(size));
  const low = Math.ceil(size / high);
  let image = index;
  do {
    let left = Math.floor(image / low);
    let right = image - left * low;
    for (let round = 1; round <= ROUNDS; round += 2) {
      left = modulo(left + keyed(right, key, round), high);
      right = modulo(right + keyed(left, key, round + 1), low);
    }
    image = left * low + right;
  } while (image >= size);
  return image;
}

/** `value % divisor` of whole numbers below 2^52, twice as quick: `%` of doubles is a loop. */
function modulo(value: number, divisor: number): number {
  return value - Math.floor(value / divisor) * divisor;
}

function keyed(digit: number, key: number, round: number): number {
  return mix(mix(digit + Math.imul(round, GOLDEN)) ^ key) >>> 0;
}
