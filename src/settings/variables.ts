import type { Sentence } from '../errors.js';
import { readDatabaseUrl } from './database-url.js';
import { LIBPQ_PARAMETERS, type LibpqParameter, variableOf } from './libpq.js';
import { OPTION_KEYS, type OptionKey, optionOf } from './options.js';
import type { Given, Source } from './source.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** The place of a variable. */
export interface VariablePlace {
  readonly where: Sentence;
  /** The place in a word of no language: `PG_HOST`, `PG_HOST (config/.env:3)`. */
  readonly name: string;
}

/** libpq's older way to say `PGSSLMODE=require`. */
const REQUIRE_SSL = 'PGREQUIRESSL';

/** Values from the process environment. Variables of other programs are ignored. */
export function readEnvironment(variables: Variables): Source {
  return readVariables(variables, placeInEnvironment);
}

function placeInEnvironment(name: string): VariablePlace {
  return { where: (messages) => messages.settings.inEnvironment(name), name };
}

/** The variables of a locale, from the one that wins, as POSIX orders them for messages. */
const LOCALE = ['LC_ALL', 'LC_MESSAGES', 'LANG'] as const;
/** `pt`, `pt_BR.UTF-8`, `pt-PT`. */
const PORTUGUESE = /^pt(?![a-z])/i;

/** The language of the environment's locale: Portuguese, or no value. */
export function readLocale(variables: Variables): Source {
  const name = LOCALE.find((candidate) => isGiven(variables, candidate));
  const given = new Map<OptionKey, Given>();
  if (name !== undefined && PORTUGUESE.test(variables[name]!)) {
    given.set('app.lang', { text: 'pt-BR', ...placeInEnvironment(name) });
  }
  return { given, problems: [] };
}

/** Values from variables of one place. DATABASE_URL precedes `PG_…`, which precedes libpq's `PG…`. */
export function readVariables(
  variables: Variables,
  place: (name: string) => VariablePlace,
): Source {
  const given = new Map<OptionKey, Given>();
  const libpq = new Map<LibpqParameter, Given>();
  for (const key of OPTION_KEYS) {
    const { env, libpq: others = [] } = optionOf(key);
    const name = [env, ...others].find((candidate) => isGiven(variables, candidate));
    if (name !== undefined) given.set(key, { text: variables[name]!, ...place(name) });
  }
  if (variables[REQUIRE_SSL] === '1' && !given.has('db.sslmode')) {
    given.set('db.sslmode', { text: 'require', ...place(REQUIRE_SSL) });
  }
  for (const parameter of LIBPQ_PARAMETERS) {
    const name = variableOf(parameter);
    if (name === undefined || !isGiven(variables, name)) continue;
    libpq.set(parameter, { text: variables[name]!, ...place(name) });
  }
  if (!isGiven(variables, 'DATABASE_URL')) return { given, libpq, problems: [] };
  const { where, name } = place('DATABASE_URL');
  const url = readDatabaseUrl(variables.DATABASE_URL!, where, name);
  return {
    given: new Map([...given, ...url.given]),
    libpq: new Map([...libpq, ...(url.libpq ?? [])]),
    problems: url.problems,
  };
}

/** True when the variable is set and not empty. */
export function isGiven(variables: Variables, name: string): boolean {
  return (variables[name] ?? '') !== '';
}
