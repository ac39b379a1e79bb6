/** What a figure measures. Each is kept in one unit, to which all that may be written is brought. */
export type Dimension = 'ms' | 'seconds' | 'ratio' | 'bytes' | 'count' | 'rate' | 'cores';

/** Nothing written after the number. */
const PLAIN: ReadonlyMap<string, number> = new Map([['', 1]]);

/**
 * How much of the dimension's own unit one of each written unit is. Times, shares and sizes must say
 * theirs: 250 could mean too many things. Sizes are powers of 1024, as PostgreSQL reads them in its
 * settings (`kB` included), with `KB` for those who write it so.
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
