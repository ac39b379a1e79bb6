import type { Messages } from '../messages/index.js';
import {
  COMMAND_FLAGS,
  COMMANDS,
  COMMON_SETTINGS,
  COMMON_SWITCHES,
  type Command,
  FILE_FLAGS,
  optionsOfFlag,
  type SettingFlag,
} from '../settings/commands.js';
import { DEFAULT_CONFIG_FILE, DEFAULT_ENV_FILE, PROFILES_FOLDER } from '../settings/files.js';
import { optionOf } from '../settings/options.js';

/** Columns that help is laid out for. */
const WIDTH = 100;
const INDENT = 2;
const GAP = 2;

type Entry = readonly [name: string, text: string];

/** What the program is for, its commands, and the flags that all of them take. */
export function renderHelp(messages: Messages): string {
  const { cli } = messages;
  return join([
    cli.about(),
    section(cli.usageTitle(), [[cli.usage(), '']]),
    section(
      cli.commandsTitle(),
      COMMANDS.map((command) => [command, cli.commands[command]()]),
    ),
    section(cli.commonTitle(), commonEntries(messages)),
    section(
      cli.examplesTitle(),
      cli.examples().map((example) => [example, '']),
    ),
    wrap(cli.more(), 0),
  ]);
}

/** One command: what it does, its own flags, the common ones, examples. */
export function renderCommandHelp(command: Command, messages: Messages): string {
  const { cli } = messages;
  const { settings, switches, takesNames } = COMMAND_FLAGS[command];
  const own: Entry[] = [
    ...settings.map((flag) => settingEntry(flag, command, messages)),
    ...switches.map((name): Entry => [`--${name}`, cli.switches[name]()]),
  ];
  return join([
    wrap(cli.details[command](), 0),
    section(cli.usageTitle(), [
      [cli.commandUsage(command, own.length > 0, takesNames === true), ''],
    ]),
    own.length > 0 ? section(cli.flagsTitle(), own) : '',
    section(cli.commonTitle(), commonEntries(messages)),
    section(
      cli.examplesTitle(),
      cli.commandExamples[command]().map((example) => [example, '']),
    ),
  ]);
}

function commonEntries(messages: Messages): Entry[] {
  const { cli } = messages;
  const files = {
    config: DEFAULT_CONFIG_FILE,
    'env-file': DEFAULT_ENV_FILE,
    profile: PROFILES_FOLDER,
  };
  return [
    ...FILE_FLAGS.map(
      (flag): Entry => [
        `--${flag} ${cli.placeholders[flag]()}`,
        cli.flag(cli.files[flag](), cli.anyFile(), files[flag]),
      ],
    ),
    ...COMMON_SETTINGS.map((flag) => settingEntry(flag, undefined, messages)),
    ...COMMON_SWITCHES.map(
      (name): Entry => [
        { json: '--json', help: '-h, --help', version: '-v, --version' }[name],
        cli.switches[name](),
      ],
    ),
  ];
}

/** Flags that choose some of what there is: left out, it is all of it. */
const NARROWING: readonly SettingFlag[] = ['only', 'publication', 'slot', 'role'];

function settingEntry(flag: SettingFlag, command: Command | undefined, messages: Messages): Entry {
  const keys = optionsOfFlag(flag);
  const ofSeed = command === 'seed' || command === 'reset';
  const key = keys.find((candidate) => candidate.startsWith('seed.') === ofSeed) ?? keys[0]!;
  const { kind, fallback } = optionOf(key);
  const { cli } = messages;
  const doc = cli.settings[flag]();
  return [
    `--${flag} ${cli.placeholders[flag]()}`,
    cli.flag(
      doc,
      kind.allowed(messages),
      fallback || (NARROWING.includes(flag) ? cli.allByDefault() : cli.noDefault()),
    ),
  ];
}

function section(title: string, entries: readonly Entry[]): string {
  const left = Math.max(...entries.filter(([, text]) => text).map(([name]) => name.length), 0);
  const lines = entries.map(([name, text]) => {
    if (text === '') return `${' '.repeat(INDENT)}${name}`;
    const column = INDENT + left + GAP;
    return `${' '.repeat(INDENT)}${name.padEnd(left + GAP)}${wrap(text, column)}`;
  });
  return `${title}\n${lines.join('\n')}`;
}

/** Breaks text between words; every line after the first begins at `column`. */
function wrap(text: string, column: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && column + line.length + 1 + word.length <= WIDTH) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines.join(`\n${' '.repeat(column)}`);
}

function join(sections: readonly string[]): string {
  return `${sections.filter((part) => part !== '').join('\n\n')}\n`;
}
