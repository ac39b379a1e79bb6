import { COMMANDS, type Command, sectionOf, takesEverySetting } from './commands.js';
import {
  FILE_FLAGS,
  type FileFlag,
  type Flag,
  OPTION_KEYS,
  type Option,
  type OptionKey,
  optionOf,
  type SettingFlag,
  SWITCHES,
  type Switch,
} from './options.js';

interface CommandFlags {
  readonly settings: readonly SettingFlag[];
  readonly switches: readonly Switch[];
}

/** Flags of every command. */
export const COMMON_FLAGS: CommandFlags = {
  settings: namesOf(OPTION_KEYS.filter((key) => optionOf(key).flag?.commands === 'all')),
  switches: switchNames().filter((name) => SWITCHES[name] === 'all'),
};

/** The flags that a command takes besides the common ones, in the order that its help shows. */
export function flagsOf(command: Command): CommandFlags {
  const taken = OPTION_KEYS.filter((key) => isTaker(command, optionOf(key).flag?.commands));
  const isOwn = (key: OptionKey) => key.startsWith(`${sectionOf(command)}.`);
  return {
    settings: namesOf([...taken.filter(isOwn), ...taken.filter((key) => !isOwn(key))]),
    switches: switchNames().filter((name) => isTaker(command, SWITCHES[name])),
  };
}

/** Every flag that a command accepts besides the common ones: `config` takes those of all settings, too. */
export function acceptedFlags(command: Command): CommandFlags {
  if (!takesEverySetting(command)) return flagsOf(command);
  const others = COMMANDS.filter((other) => other !== command).map(flagsOf);
  const setters = switchNames().filter((name) => DENIERS.includes(name) || ENABLERS.includes(name));
  return {
    settings: [...new Set(others.flatMap(({ settings }) => settings))],
    switches: [...flagsOf(command).switches, ...setters],
  };
}

/** Switches that set an option to false. */
const DENIERS = OPTION_KEYS.flatMap((key) => optionOf(key).deniedBy ?? []);

/** Switches that set an option to true. */
export const ENABLERS: readonly string[] = OPTION_KEYS.flatMap(
  (key) => optionOf(key).enabledBy ?? [],
);

/** Flags that name a file of settings; every command takes them. */
export const FILE_FLAG_NAMES = Object.keys(FILE_FLAGS) as readonly FileFlag[];

/** Every flag that is followed by a value. */
export const VALUE_FLAGS: readonly string[] = [
  ...new Set([
    ...COMMANDS.flatMap((command) => flagsOf(command).settings),
    ...COMMON_FLAGS.settings,
    ...FILE_FLAG_NAMES,
  ]),
];

/** Every flag that stands alone. */
export const SWITCH_NAMES: readonly string[] = switchNames();

/** Switches that have a short form. */
export const SHORT_FORMS: Readonly<Partial<Record<Switch, string>>> = {
  help: '-h',
  version: '-V',
  verbose: '-v',
};

/**
 * The option that a flag of a command sets: `seed --workers` is not that of `stream`. null: a flag of every command. For
 * a command that takes every setting, the first of those that share the flag.
 */
export function optionOfFlag(
  name: SettingFlag,
  command: Command | null,
): Option & { readonly flag: Flag } {
  const options = OPTION_KEYS.map(optionOf).filter(hasFlag);
  const isAny = command === null || takesEverySetting(command);
  const found = options.find(
    ({ flag }) => flag.name === name && (isAny || isTaker(command, flag.commands)),
  );
  if (found === undefined) throw new Error(`${command} has no flag --${name}`);
  return found;
}

function hasFlag(option: Option): option is Option & { readonly flag: Flag } {
  return option.flag !== undefined;
}

/** Joins the values of a flag that was repeated; null: the last one wins. */
export function joinerOf(flag: string): string | null {
  const key = OPTION_KEYS.find((candidate) => optionOf(candidate).flag?.name === flag);
  return (key && optionOf(key).flag?.joiner) ?? null;
}

function namesOf(keys: readonly OptionKey[]): SettingFlag[] {
  // The type holds the names of all flags of the table.
  return keys.flatMap((key) => (optionOf(key).flag?.name as SettingFlag | undefined) ?? []);
}

function switchNames(): Switch[] {
  return Object.keys(SWITCHES) as Switch[];
}

function isTaker(command: Command, takers: readonly Command[] | 'all' | undefined): boolean {
  return takers !== undefined && takers !== 'all' && takers.includes(command);
}
