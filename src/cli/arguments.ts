import { readFileSync } from 'node:fs';
import { type CAC, cac } from 'cac';
import { findNearest } from '../lib/nearest.js';
import type { Messages } from '../messages/index.js';
import {
  COMMAND_FLAGS,
  COMMANDS,
  COMMON_SETTINGS,
  COMMON_SWITCHES,
  type Command,
  FILE_FLAGS,
  REPEATABLE,
  SWITCHES,
  VALUE_FLAGS,
} from '../settings/commands.js';
import type { Problem } from '../settings/problems.js';
import { renderCommandHelp, renderHelp } from './help.js';

/** What the operator typed. */
export interface Arguments {
  /** null: none was named, or no such command exists; then there are problems, or help is due. */
  readonly command: Command | null;
  /** Settings by flag name without dashes, as the very text that was typed; the last one wins. */
  readonly flags: Readonly<Record<string, string>>;
  /** Words behind a command that takes some. */
  readonly names: readonly string[];
  readonly json: boolean;
  readonly configFile: string | null;
  readonly envFile: string | null;
  readonly profile: string | null;
  readonly yes: boolean;
  readonly dropForeignTables: boolean;
  readonly dryRun: boolean;
  readonly createSlot: boolean;
  readonly skipMalformed: boolean;
  readonly partial: boolean;
  /** Text to print: asked for, or due because no command was named. */
  readonly help: string | null;
  /** The package's version, when asked for. */
  readonly version: string | null;
  readonly problems: readonly Problem[];
}

const PROGRAM = 'oltp-simulator';

/**
 * Put before each value on its way through the parser, which would otherwise turn text that looks
 * like a number into one (`007` into 7) and an empty value into the next argument.
 */
const MARK = '\u0000';

/** `-5` and `-.5` are values; anything else that begins with a dash is a flag. */
const NEGATIVE_NUMBER = /^-\.?\d/;
const NEGATION = /^no-/;
const SHORT_SWITCHES: ReadonlyMap<string, string> = new Map([
  ['-h', '--help'],
  ['-v', '--version'],
]);

/**
 * Reads the command line, without the program's own two words. Throws nothing: what is wrong with
 * it is listed, to be reported together with what is wrong with the settings.
 */
export function parseArguments(argv: readonly string[], messages: Messages): Arguments {
  const { tokens, problems } = normalize(argv);
  const cli = declare();
  cli.parse(['node', PROGRAM, ...tokens], { run: false });
  const command = COMMANDS.find((name) => name === cli.matchedCommandName) ?? null;

  const flags: Record<string, string> = {};
  const switches = new Set<string>();
  for (const name of [...VALUE_FLAGS, ...SWITCHES]) {
    const key = toCamelCase(name.replace(NEGATION, ''));
    const values: unknown[] = [cli.options[key]].flat();
    // The parser takes `--no-x` for an option `x`, true until it is denied.
    const value = NEGATION.test(name) ? values.at(-1) === false : values.at(-1);
    if (value === undefined || value === false) continue;
    const { matchedCommand, globalCommand } = cli;
    const belongs =
      matchedCommand === undefined ||
      [matchedCommand, globalCommand].some((owner) => owner.hasOption(key));
    if (!belongs) problems.push((said) => said.config.flagOfOther(`--${name}`, command ?? ''));
    // A setting that is denied.
    else if (NEGATION.test(name)) flags[name] = 'false';
    else if (SWITCHES.includes(name)) switches.add(name);
    else {
      const texts = values.map((one) => String(one).slice(MARK.length));
      const joint = REPEATABLE[name];
      flags[name] = joint === undefined ? (texts.at(-1) ?? '') : texts.join(joint);
    }
  }
  const { config, 'env-file': envFile, profile, ...settings } = flags;

  const stray = cli.args.map(String);
  const takesNames = command !== null && COMMAND_FLAGS[command].takesNames === true;
  if (command === null && stray.length > 0) {
    const [given = ''] = stray;
    const nearest = findNearest(given, COMMANDS);
    problems.push((said) => said.config.unknownCommand(given, nearest));
  } else if (!takesNames) {
    problems.push(
      ...stray.map(
        (given): Problem =>
          (said) =>
            said.config.strayArgument(given, command ?? ''),
      ),
    );
  }

  const missing = command === null && stray.length === 0;
  if (missing) problems.push((said) => said.config.noCommand());
  const version = switches.has('version') ? readVersion() : null;
  const help = () =>
    command === null ? renderHelp(messages) : renderCommandHelp(command, messages);
  const asked = switches.has('help') || version !== null;
  return {
    command,
    flags: settings,
    names: takesNames ? stray : [],
    json: switches.has('json'),
    configFile: config ?? null,
    envFile: envFile ?? null,
    profile: profile ?? null,
    yes: switches.has('yes'),
    dropForeignTables: switches.has('drop-foreign-tables'),
    dryRun: switches.has('dry-run'),
    createSlot: switches.has('create-slot'),
    skipMalformed: switches.has('skip-malformed'),
    partial: switches.has('partial'),
    help: switches.has('help') || (missing && version === null) ? help() : null,
    version,
    problems: asked ? [] : problems,
  };
}

/** Every command with its flags, as the parser wants to be told. */
function declare(): CAC {
  const cli = cac(PROGRAM);
  for (const name of [...FILE_FLAGS, ...COMMON_SETTINGS]) cli.option(`--${name} <value>`, '');
  for (const name of COMMON_SWITCHES) cli.option(`--${name}`, '');
  for (const name of COMMANDS) {
    const declared = cli.command(name, '');
    for (const flag of COMMAND_FLAGS[name].settings) declared.option(`--${flag} <value>`, '');
    for (const flag of COMMAND_FLAGS[name].switches) declared.option(`--${flag}`, '');
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
    const token = SHORT_SWITCHES.get(argv[at]!) ?? argv[at]!;
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
      else problems.push((said) => said.config.missingValue(flag));
    } else if (SWITCHES.includes(name) && flag.startsWith('--')) {
      if (inline === undefined) tokens.push(flag);
      else problems.push((said) => said.config.switchWithValue(flag));
    } else {
      const nearest = findNearest(flag.replace(/^-+/, ''), [...VALUE_FLAGS, ...SWITCHES]);
      problems.push((said) => said.config.unknownFlag(flag, nearest && `--${nearest}`));
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

/** The name that the parser files a flag under. */
function toCamelCase(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function readVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
