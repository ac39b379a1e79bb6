import type { LibpqParameter } from './libpq.js';
import { OPTION_KEYS, type OptionKey, optionOf } from './options.js';
import type { Problem } from './problems.js';
import type { Told } from './validators.js';

/** A value as somebody gave it, and where. */
export interface Given {
  readonly text: string;
  readonly where: Told;
  /** The same in a word, of no language: `PGHOST`, `PG_HOST (config/.env:3)`, `DATABASE_URL`. */
  readonly name: string;
}

/** One place that values come from, empty ones left out, with what was wrong in reading it. */
export interface Source {
  readonly given: ReadonlyMap<OptionKey, Given>;
  /** Connection parameters of libpq that are no options. */
  readonly libpq?: ReadonlyMap<LibpqParameter, Given>;
  readonly problems: readonly Problem[];
}

export const NO_SOURCE: Source = { given: new Map(), problems: [] };

/** The values of the command line. `flags`: flag name without dashes → text as typed. */
export function readFlags(flags: Readonly<Record<string, string>>): Source {
  const given = new Map<OptionKey, Given>();
  for (const key of OPTION_KEYS) {
    const { flag } = optionOf(key);
    const text = flag === undefined ? undefined : flags[flag];
    if (text !== undefined) given.set(key, { text, where: () => `--${flag}`, name: `--${flag}` });
  }
  return { given, problems: [] };
}
