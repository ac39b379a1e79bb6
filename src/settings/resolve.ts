import { resolve as resolvePath } from 'node:path';
import * as v from 'valibot';
import type { ProgressForm } from '../log/settings.js';
import type { Language } from '../messages/index.js';
import { readEnvFile } from './env-file.js';
import { hazardsOf, notAsked, weightsOf } from './extensions.js';
import {
  DEFAULT_CONFIG_FILE,
  DEFAULT_ENV_FILE,
  type Place,
  readFile,
  readProfile,
} from './files.js';
import { LIBPQ_PARAMETERS, type LibpqParameter } from './libpq.js';
import { OPTION_KEYS, type OptionKey, optionOf, type Values } from './options.js';
import type { Given, Problem, Source } from './source.js';
import { readToml } from './toml.js';
import { invalid } from './validators.js';
import { readEnvironment, readLocale, type Variables } from './variables.js';

/** Where settings come from. */
export interface Inputs extends Place {
  /** Flag name without dashes → text as typed. */
  readonly flags: Readonly<Record<string, string>>;
  /** Problems of the command line, to be reported with those of the other sources. */
  readonly problems?: readonly Problem[];
  readonly env: Variables;
  /** Files that the operator named must exist; the usual ones need not. */
  readonly configFile?: string | null;
  readonly envFile?: string | null;
  /** A ready-made set of settings, by name or by file. */
  readonly profile?: string | null;
}

/** Everything that was given, read once. */
export interface Sources {
  /** By precedence: flags, environment, profile, `.env`, `settings.toml`, locale. */
  readonly list: readonly Source[];
  /** The process environment and the variables of `.env`. */
  readonly variables: readonly Variables[];
  /** Relative paths, in flags and in files alike, start here. */
  readonly cwd: string;
}

/** Reads every source. An obstacle is a problem of its source; nothing is thrown. */
export function readSources(inputs: Inputs): Sources {
  const { flags, env, cwd, configFile, profile = null, problems = [] } = inputs;
  const envFile = readFile(inputs.envFile, DEFAULT_ENV_FILE, inputs, readEnvFile);
  const toml = readFile(configFile, DEFAULT_CONFIG_FILE, inputs, readToml);
  return {
    list: [
      readFlags(flags, problems),
      readEnvironment(env),
      readProfile(profile, inputs),
      envFile,
      toml,
      readLocale(env),
    ],
    variables: [env, 'variables' in envFile ? envFile.variables : {}],
    cwd,
  };
}

/** The command line alone, with its problems. */
export function onlyFlags(sources: Sources): Sources {
  return { ...sources, list: sources.list.slice(0, 1) };
}

/** The values of the command line. `flags`: name without dashes → text as typed. */
function readFlags(flags: Readonly<Record<string, string>>, problems: readonly Problem[]): Source {
  const given = new Map<OptionKey, Given>();
  for (const key of OPTION_KEYS) {
    const { flag, deniedBy, enabledBy } = optionOf(key);
    const name = flag?.name ?? deniedBy ?? enabledBy;
    const text = name === undefined ? undefined : flags[name];
    if (text !== undefined) given.set(key, { text, where: () => `--${name}`, name: `--${name}` });
  }
  return { given, problems };
}

/** The language of messages; the default one if the given one does not exist. */
export function languageOf(sources: Sources): Language {
  // The option's own schema gave the value.
  return settle('app.lang', sources).value as Language;
}

/** How progress is shown on stderr; the default one if the given one does not exist. */
export function progressOf(sources: Sources): ProgressForm {
  return settle('logging.progress', sources).value as ProgressForm;
}

/** The value of one option. */
interface Settled {
  readonly value: unknown;
  /** null: nobody gave one, and the value is the default. */
  readonly given: Given | null;
  readonly problems: readonly Problem[];
}

export interface Resolved {
  readonly values: Values;
  /** The options that were given; the others hold their defaults. */
  readonly given: ReadonlyMap<OptionKey, Given>;
  /** The connection parameters of libpq that were given and are no options. */
  readonly libpq: ReadonlyMap<LibpqParameter, Given>;
  readonly problems: readonly Problem[];
}

/**
 * One value for each option: the first source that has it wins, then the default. A refused value is a problem,
 * and the default takes its place so that all problems are found.
 */
export function resolve(sources: Sources): Resolved {
  const settled = OPTION_KEYS.map((key) => [key, settle(key, sources)] as const);
  const given = settled.flatMap(([key, one]) =>
    one.given === null ? [] : [[key, one.given] as const],
  );
  const libpq = LIBPQ_PARAMETERS.flatMap((name) => {
    const found = sources.list.map((source) => source.libpq?.get(name)).find((value) => value);
    return found === undefined ? [] : [[name, found] as const];
  });
  return {
    // Every key of the table was filled by that key's own schema.
    values: Object.fromEntries(settled.map(([key, { value }]) => [key, value])) as Values,
    given: new Map(given),
    libpq: new Map(libpq),
    problems: [
      ...sources.list.flatMap(({ problems }) => problems),
      ...settled.flatMap(([, { problems }]) => problems),
    ],
  };
}

function settle(key: OptionKey, { list, cwd }: Sources): Settled {
  const { validator, secret, default: standard } = optionOf(key);
  const given = list.map((source) => source.given.get(key)).find((value) => value) ?? null;
  const result = v.safeParse(validator.schema, given?.text ?? standard);
  const value = result.success ? result.output : v.parse(validator.schema, standard);
  const final = validator.isPath && value !== null ? resolvePath(cwd, String(value)) : value;
  if (given === null || result.success) return { value: final, given, problems: [] };
  const special = validator.problems?.(given.where, given.text) ?? [];
  return {
    value: final,
    given,
    problems: special.length > 0 ? special : [invalid(validator, given, secret === true)],
  };
}

/** Rules between options, each on its own already valid. */
export function checkTogether({ values, given }: Resolved): Problem[] {
  const problems: Problem[] = [];
  const describe =
    (...keys: OptionKey[]): Problem =>
    (messages) =>
      keys
        .map((key) => `${given.get(key)?.where(messages) ?? key} = ${values[key]}`)
        .join(messages.settings.and());
  const ratios = describe('stream.update_ratio', 'stream.delete_ratio');
  if (values['stream.update_ratio'] + values['stream.delete_ratio'] > 1) {
    problems.push((messages) => messages.settings.ratiosAboveOne(ratios(messages)));
  }
  const delays = describe('stream.reconnect_base_seconds', 'stream.reconnect_max_seconds');
  if (values['stream.reconnect_base_seconds'] > values['stream.reconnect_max_seconds']) {
    problems.push((messages) => messages.settings.baseAboveMax(delays(messages)));
  }
  if (values['stream.stages'].length > 0 && values['stream.rate'] !== null) {
    const rate = describe('stream.rate');
    problems.push((messages) => messages.settings.stagesAndRate(rate(messages)));
  }
  const scheduled = values['stream.stages'].length > 0 || typeof values['stream.rate'] === 'number';
  if (values['stream.on_lag'] === 'shed' && !scheduled) {
    problems.push((messages) => messages.settings.nothingToShed());
  }
  const where = given.get('stream.hazards')?.where;
  if (
    where !== undefined &&
    !values['stream.ledger'] &&
    Object.keys(hazardsOf(values)).length > 0
  ) {
    problems.push((messages) => messages.settings.hazardsWithoutLedger(where(messages)));
  }
  problems.push(...notAsked(values, given));
  const weights = weightsOf(values);
  const only = values['stream.only'].filter((type) => type in weights);
  if (only.length > 0 && only.every((type) => weights[type] === 0)) {
    const types = describe('stream.only');
    problems.push((messages) => messages.settings.nothingToDo(types(messages)));
  }
  return problems;
}
