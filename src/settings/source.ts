import { EXIT, OperatorError } from '../errors.js';
import type { LibpqParameter } from './libpq.js';
import { OPTION_KEYS, type OptionKey, optionOf } from './options.js';
import type { Localized } from './validators.js';

/** A sentence on one thing that is wrong in what the operator gave. */
export type Problem = Localized;

/** A value as it was given, and its place. */
export interface Given {
  readonly text: string;
  readonly where: Localized;
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

/** The values of the command line. `flags`: name without dashes → text as typed. */
export function readFlags(
  flags: Readonly<Record<string, string>>,
  problems: readonly Problem[],
): Source {
  const given = new Map<OptionKey, Given>();
  for (const key of OPTION_KEYS) {
    const { flag, deniedBy } = optionOf(key);
    const name = flag?.name ?? deniedBy;
    const text = name === undefined ? undefined : flags[name];
    if (text !== undefined) given.set(key, { text, where: () => `--${name}`, name: `--${name}` });
  }
  return { given, problems };
}

/** Throws every problem at once, as one error; does nothing when there is none. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new OperatorError(EXIT.usage, (messages) =>
    // One flag may set two options: its problem would be stated twice.
    messages.config.problems([...new Set(problems.map((problem) => problem(messages)))]),
  );
}
