import { randomInt } from 'node:crypto';

const MAX_SEED = 1_000_000;

/**
 * The seed of a random test, to be printed in its title: `fixed`, so that a run can be repeated, unless the
 * environment variable gives another number, or `random`.
 */
export function seedFrom(variable: string, fixed: number): number {
  const given = process.env[variable] ?? '';
  if (given === '') return fixed;
  if (given === 'random') return randomInt(MAX_SEED);
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new Error(`${variable} must be a whole number or "random", not ${JSON.stringify(given)}`);
}

/** Numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x = (x + Math.imul(x ^ (x >>> 7), x | 61)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
