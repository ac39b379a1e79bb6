import { editDistance, findNearest } from '../lib/nearest.js';
import { LIBPQ_PARAMETERS, OTHER_LIBPQ_VARIABLES, variableOf } from './libpq.js';
import { OPTION_KEYS, optionOf } from './options.js';
import type { Problem } from './source.js';
import { isGiven, type Variables } from './variables.js';

const KNOWN_VARIABLES: readonly string[] = [
  'DATABASE_URL',
  ...OPTION_KEYS.flatMap((key) => [optionOf(key).env, ...(optionOf(key).libpq ?? [])]),
  ...LIBPQ_PARAMETERS.flatMap((parameter) => variableOf(parameter) ?? []),
  ...OTHER_LIBPQ_VARIABLES,
  'PGREQUIRESSL',
];

export function isKnownVariable(name: string): boolean {
  return KNOWN_VARIABLES.includes(name);
}

/** The known variable that an unknown name in the program's own file may mean. */
export function nearestVariable(name: string): string | undefined {
  return typoOf(name) ?? findNearest(name, KNOWN_VARIABLES);
}

/**
 * A sentence on each variable of the process environment that looks like a typing error of a known one. Other programs
 * own the environment too, so only the nearest names count.
 */
export function misspeltVariables(env: Variables): Problem[] {
  return Object.keys(env).flatMap((name) => {
    const meant = isKnownVariable(name) || !isGiven(env, name) ? undefined : typoOf(name);
    return meant === undefined ? [] : [(m) => m.settings.misspeltVariable(name, meant)];
  });
}

/** Words shorter than this must be spelt right: `LOG_DIRS`, `DATABASE_URI` and `STREAM_URL` are other programs'. */
const SHORT_WORD = 4;
/** Words of this length may have two wrong letters. */
const LONG_WORD = 8;

/** The known variable that a name misses by a letter or an underscore, or by following the key in settings.toml. */
function typoOf(name: string): string | undefined {
  const upper = name.toUpperCase();
  const byKey = OPTION_KEYS.map(optionOf).find(
    ({ env }, i) => keyName(OPTION_KEYS[i]!) === upper && isFamily(upper) && env !== upper,
  );
  return byKey?.env ?? KNOWN_VARIABLES.find((known) => isTypoOf(upper, known));
}

/** `stream.batch_size` → `STREAM_BATCH_SIZE`; its variable is `BATCH_SIZE`. */
function keyName(key: string): string {
  return key.replace('.', '_').toUpperCase();
}

/** Whether options of this program begin so; `DB_` and `LOGGING_` belong to others. */
function isFamily(name: string): boolean {
  const [first] = name.split('_');
  return KNOWN_VARIABLES.some((known) => known.startsWith(`${first}_`));
}

function isTypoOf(name: string, known: string): boolean {
  const [words, given] = [known.split('_'), name.split('_')];
  if (words.length !== given.length) {
    // PG_SSL_MODE, but not LOGLEVEL, which other programs read.
    return words[0] === given[0] && words.join('') === given.join('');
  }
  return words.every((word, i) => isNearWord(given[i]!, word));
}

function isNearWord(given: string, known: string): boolean {
  if (given === known) return true;
  // The first letter is seldom the wrong one: PATCH_SIZE and STREAM_DATE are other words.
  if (known.length < SHORT_WORD || given[0] !== known[0]) return false;
  return editDistance(given, known) <= (known.length >= LONG_WORD ? 2 : 1);
}
