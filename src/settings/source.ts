import type { Sentence } from '../errors.js';
import type { LibpqParameter } from './libpq.js';
import type { OptionKey } from './options.js';

/** A sentence on one thing that is wrong in what the operator gave. */
export type Problem = Sentence;

/** A value as it was given, and its place. */
export interface Given {
  readonly text: string;
  readonly where: Sentence;
  /** The place in a word of no language: `PGHOST`, `PG_HOST (config/.env:3)`, `DATABASE_URL`. */
  readonly name: string;
}

/** The values of one place, without empty ones, and the problems of reading it. */
export interface Source {
  readonly given: ReadonlyMap<OptionKey, Given>;
  /** Connection parameters of libpq that are no options. */
  readonly libpq?: ReadonlyMap<LibpqParameter, Given>;
  readonly problems: readonly Problem[];
}

export const NO_SOURCE: Source = { given: new Map(), problems: [] };
