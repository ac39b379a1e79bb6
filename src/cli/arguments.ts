import { type CAC, cac } from 'cac';
import { findNearest } from '../lib/nearest.js';
import { COMMANDS, type Command, takesNames } from '../settings/commands.js';
import {
  acceptedFlags,
  COMMON_FLAGS,
  ENABLERS,
  FILE_FLAG_NAMES,
  joinerOf,
  SHORT_FORMS,
  SWITCH_NAMES,
  VALUE_FLAGS,
} from '../settings/flags.js';
import { type Switches, toCamelCase } from '../settings/options.js';
import type { Problem } from '../settings/source.js';

/** The command line, read. Each switch is a member: true when it was given. */
export interface Arguments extends Switches {
  /** null: missing or unknown. */
  readonly command: Command | null;
  /** True when no command was named, not even an unknown one, and nothing else is wrong. */
  readonly isCommandMissing: boolean;
  /** Settings by flag name without dashes, as the very text that was typed; the last one wins. */
  readonly flags: Readonly<Record<string, string>>;
  /** Words after a command that takes some. */
  readonly names: readonly string[];
  readonly configFile: string | null;
  readonly envFile: string | null;
  readonly profile: string | null;
  readonly problems: readonly Problem[];
}

const PROGRAM = 'oltp-simulator';

/**
 * Precedes each value on its way through the parser, which would otherwise turn text that looks like a number into
 * one (`007` into 7), and take the next argument for an empty value.
 */
const MARK = '\u0000';

/** `-5` and `-.5` are values; anything else that begins with a dash is a flag. */
const NEGATIVE_NUMBER = /^-\.?\d/;
const NEGATION = /^no-/;
const LONG_FORMS: ReadonlyMap<string, string> = new Map(
  Object.entries(SHORT_FORMS).map(([name, short]) => [short, `--${name}`]),
);

/**
 * Reads the command line, without the program's own two words. Throws nothing: its problems are listed, to be
 * reported together with those of the settings.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const { tokens, problems } = normalize(argv);
  const cli = declare();
  cli.parse(['node', PROGRAM, ...tokens], { run: false });
  const command = COMMANDS.find((name) => name === cli.matchedCommandName) ?? null;

  const flags: Record<string, string> = {};
  const switches = Object.fromEntries(SWITCH_NAMES.map((name) => [toCamelCase(name), false]));
  for (const name of [...VALUE_FLAGS, ...SWITCH_NAMES]) {
    const key = toCamelCase(name.replace(NEGATION, ''));
    const values: unknown[] = [cli.options[key]].flat();
    // To the parser, `--no-x` is an option `x` that is true by default.
    const value = NEGATION.test(name) ? values.at(-1) === false : values.at(-1);
    if (value === undefined || value === false) continue;
    const { matchedCommand, globalCommand } = cli;
    const belongs =
      matchedCommand === undefined ||
      [matchedCommand, globalCommand].some((owner) => owner.hasOption(key));
    if (!belongs) problems.push((m) => m.settings.flagOfOther(`--${name}`, command ?? ''));
    // These switches set an option.
    else if (NEGATION.test(name)) flags[name] = 'false';
    else if (ENABLERS.includes(name)) flags[name] = 'true';
    else if (SWITCH_NAMES.includes(name)) switches[key] = true;
    else {
      const texts = values.map((one) => String(one).slice(MARK.length));
      const joiner = joinerOf(name);
      flags[name] = joiner === null ? (texts.at(-1) ?? '') : texts.join(joiner);
    }
  }
  const { config, 'env-file': envFile, profile, ...settings } = flags;

  const words = cli.args.map(String);
  const named = command !== null && takesNames(command);
  if (command === null && words.length > 0) {
    const [given = ''] = words;
    problems.push(unknownCommand(given));
  } else if (command === null) {
    problems.push((m) => m.settings.noCommand());
  } else if (!named) {
    problems.push(
      ...words.map(
        (given): Problem =>
          (m) =>
            m.settings.strayArgument(given, command),
      ),
    );
  }
  return {
    command,
    isCommandMissing: command === null && words.length === 0 && problems.length === 1,
    flags: settings,
    names: named ? words : [],
    // One member for each name of the table.
    ...(switches as unknown as Switches),
    configFile: config ?? null,
    envFile: envFile ?? null,
    profile: profile ?? null,
    problems: switches.help || switches.version ? [] : problems,
  };
}

/** The problem of a word that is not a command, with the most similar one. */
export function unknownCommand(given: string): Problem {
  const nearest = findNearest(given, COMMANDS);
  return (m) => m.settings.unknownCommand(given, nearest);
}

/** Declares every command and its flags to the parser. */
function declare(): CAC {
  const cli = cac(PROGRAM);
  for (const name of [...FILE_FLAG_NAMES, ...COMMON_FLAGS.settings]) {
    cli.option(`--${name} <value>`, '');
  }
  for (const name of COMMON_FLAGS.switches) cli.option(`--${name}`, '');
  for (const name of COMMANDS) {
    const declared = cli.command(name, '');
    const { settings, switches } = acceptedFlags(name);
    for (const flag of settings) declared.option(`--${flag} <value>`, '');
    for (const flag of switches) declared.option(`--${flag}`, '');
  }
  return cli;
}

/**
 * Makes the command line unambiguous: each value is joined to its flag (`--rate -5`), unknown flags
 * are taken out, with their values, and reported.
 */
function normalize(argv: readonly string[]): { tokens: string[]; problems: Problem[] } {
  const tokens: string[] = [];
  const problems: Problem[] = [];
  for (let at = 0; at < argv.length; at++) {
    const token = LONG_FORMS.get(argv[at]!) ?? argv[at]!;
    if (!token.startsWith('-') || token === '-') {
      tokens.push(token);
      continue;
    }
    const [flag, inline] = splitFlag(token);
    const name = flag.slice(2);
    const next = argv[at + 1];
    const following = next !== undefined && isValue(next) ? next : undefined;
    if (VALUE_FLAGS.includes(name) && flag.startsWith('--')) {
      const value = inline ?? following;
      if (inline === undefined && following !== undefined) at++;
      if (value) tokens.push(`${flag}=${MARK}${value}`);
      else problems.push((m) => m.settings.missingValue(flag));
    } else if (SWITCH_NAMES.includes(name) && flag.startsWith('--')) {
      if (inline === undefined) tokens.push(flag);
      else problems.push((m) => m.settings.switchWithValue(flag));
    } else {
      const nearest = findNearest(flag.replace(/^-+/, ''), [...VALUE_FLAGS, ...SWITCH_NAMES]);
      problems.push((m) => m.settings.unknownFlag(flag, nearest && `--${nearest}`));
      const isCommand = (COMMANDS as readonly (string | undefined)[]).includes(following);
      if (inline === undefined && following !== undefined && !isCommand) at++;
    }
  }
  // Switches go last: the parser would take a word that follows one for its value.
  return { tokens: tokens.sort((a, b) => Number(isSwitch(a)) - Number(isSwitch(b))), problems };
}

function isSwitch(token: string): boolean {
  return token.startsWith('--') && !token.includes('=');
}

function isValue(token: string): boolean {
  return !token.startsWith('-') || NEGATIVE_NUMBER.test(token);
}

function splitFlag(token: string): [string, string | undefined] {
  const at = token.indexOf('=');
  return at === -1 ? [token, undefined] : [token.slice(0, at), token.slice(at + 1)];
}
