import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.js';
import type { Messages } from '../../messages/index.js';
import { actionsOf, COMMANDS, type Command, insteadOf, wordsOf } from '../../settings/commands.js';
import { PROFILES_FOLDER, profilesIn } from '../../settings/files.js';
import {
  acceptedFlags,
  COMMON_FLAGS,
  FILE_FLAG_NAMES,
  optionOfFlag,
  SHORT_FORMS,
} from '../../settings/flags.js';
import {
  FILE_FLAGS,
  type FileFlag,
  type SettingFlag,
  type Switch,
} from '../../settings/options.js';

/** The values that a shell offers. `isList`: several of the words, separated by commas. */
type Values =
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean }
  | { readonly kind: 'file' }
  | { readonly kind: 'profile' }
  /** Any text: there is nothing to offer. */
  | { readonly kind: 'text' };

/** A flag, without dashes. */
export interface FlagCompletion {
  readonly name: string;
  /** One letter; null: it has no short form. */
  readonly short: string | null;
  readonly about: string;
  /** Null: it stands alone. */
  readonly value: (Values & { readonly placeholder: string }) | null;
  readonly isRepeatable: boolean;
}

export interface CommandCompletion {
  readonly name: Command;
  readonly about: string;
  /** Besides those of every command. */
  readonly flags: readonly FlagCompletion[];
  /** Words that may come first, and those of them that a run may follow; null: there are no actions. */
  readonly actions: { readonly all: readonly string[]; readonly ofRun: readonly string[] } | null;
  readonly words: ReturnType<typeof wordsOf>;
  /** A word that may stand in the place of the first one; null: there is none. */
  readonly instead: string | null;
}

/** Everything that a shell can offer. */
export interface Completions {
  readonly commands: readonly CommandCompletion[];
  /** Flags of every command. */
  readonly common: readonly FlagCompletion[];
  /** Names of the profiles that come with the program. */
  readonly profiles: readonly string[];
}

/** A run's id without its name, as a shell's pattern. */
export const RUN_ID = '????????-??????-????';

/** The program's name, and that of the shells' functions, which allow fewer characters. */
export const PROGRAM = 'oltp-simulator';
export const FUNCTION = '_oltp_simulator';

/** Reads the completions off the tables of commands and options. */
export function completionsOf(messages: Messages): Completions {
  return {
    commands: COMMANDS.map((name) => {
      const { settings, switches } = acceptedFlags(name);
      return {
        name,
        about: messages.cli.commands[name](),
        flags: [
          ...settings.map((flag) => settingFlag(flag, name, messages)),
          ...switches.map((flag) => switchFlag(flag, messages)),
        ],
        actions: actionsIn(name),
        words: wordsOf(name),
        instead: insteadOf(name),
      };
    }),
    common: [
      ...FILE_FLAG_NAMES.map((flag) => fileFlag(flag, messages)),
      ...COMMON_FLAGS.settings.map((flag) => settingFlag(flag, null, messages)),
      ...COMMON_FLAGS.switches.map((flag) => switchFlag(flag, messages)),
    ],
    profiles: profilesIn(join(packageRoot(), PROFILES_FOLDER)).sort(),
  };
}

/** Every flag, once each: a flag has the same values with every command. */
export function flagsOfAll({ commands, common }: Completions): FlagCompletion[] {
  const all = [...common, ...commands.flatMap(({ flags }) => flags)];
  return [...new Map(all.map((flag) => [flag.name, flag])).values()];
}

function actionsIn(command: Command): CommandCompletion['actions'] {
  const actions = actionsOf(command);
  if (actions === null) return null;
  const all = Object.keys(actions);
  return { all, ofRun: all.filter((action) => actions[action] === 'run') };
}

function settingFlag(
  name: SettingFlag,
  command: Command | null,
  { cli }: Messages,
): FlagCompletion {
  const { flag, validator } = optionOfFlag(name, command);
  const { words, isList = false, isPath } = validator;
  const values: Values =
    words !== undefined
      ? { kind: 'words', words, isList }
      : { kind: isPath === true ? 'file' : 'text' };
  return {
    name,
    short: null,
    about: cli.settings[name](),
    value: { ...values, placeholder: cli.placeholders[flag.placeholder]() },
    isRepeatable: flag.joiner !== undefined,
  };
}

function fileFlag(name: FileFlag, { cli }: Messages): FlagCompletion {
  return {
    name,
    short: null,
    about: cli.files[name](),
    value: {
      kind: name === 'profile' ? 'profile' : 'file',
      placeholder: cli.placeholders[FILE_FLAGS[name]](),
    },
    isRepeatable: false,
  };
}

function switchFlag(name: Switch, { cli }: Messages): FlagCompletion {
  return {
    name,
    short: SHORT_FORMS[name]?.slice(1) ?? null,
    about: cli.switches[name](),
    value: null,
    isRepeatable: false,
  };
}
