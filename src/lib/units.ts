/** The dimension of a figure. The program keeps each dimension in one unit. */
export type Dimension = 'ms' | 'seconds' | 'ratio' | 'bytes' | 'count' | 'rate' | 'cores';

/** The number has no unit. */
const PLAIN: ReadonlyMap<string, number> = new Map([['', 1]]);

/**
 * The accepted units of each dimension, as factors of the program's unit. Times, shares and sizes must have a unit:
 * 250 alone is ambiguous. Sizes are powers of 1024, as in PostgreSQL's settings (`kB`); `KB` is accepted, too.
 */
export const UNITS: Readonly<Record<Dimension, ReadonlyMap<string, number>>> = {
  ms: new Map([
    ['us', 0.001],
    ['ms', 1],
    ['s', 1000],
    ['m', 60_000],
  ]),
  seconds: new Map([
    ['us', 0.000_001],
    ['ms', 0.001],
    ['s', 1],
    ['m', 60],
  ]),
  ratio: new Map([['%', 0.01]]),
  bytes: new Map([
    ['B', 1],
    ['kB', 1024],
    ['KB', 1024],
    ['MB', 1024 ** 2],
    ['GB', 1024 ** 3],
    ['TB', 1024 ** 4],
  ]),
  count: PLAIN,
  rate: PLAIN,
  cores: PLAIN,
};

/** The names of a dimension's units; none where its numbers have no unit. */
export function unitsOf(dimension: Dimension): string[] {
  return [...UNITS[dimension].keys()].filter((unit) => unit !== '');
}
