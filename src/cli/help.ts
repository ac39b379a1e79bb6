import { wrapWords } from '../lib/wrap-words.js';
import type { Messages } from '../messages/index.js';
import { actionsOf, COMMANDS, type Command, wordsOf } from '../settings/commands.js';
import { DEFAULT_CONFIG_FILE, DEFAULT_ENV_FILE, PROFILES_FOLDER } from '../settings/files.js';
import {
  COMMON_FLAGS,
  FILE_FLAG_NAMES,
  flagsOf,
  optionOfFlag,
  SHORT_FORMS,
} from '../settings/flags.js';
import { FILE_FLAGS, type SettingFlag, type Switch } from '../settings/options.js';

/** The help is not wider than this: longer lines are hard to read, and most terminals have no more columns. */
const WIDEST = 80;
const INDENT = 2;
const GAP = 2;

type Entry = readonly [name: string, text: string];

/** The help of a command, or that of the program, for a terminal of so many columns. */
export function renderHelp(command: Command | null, messages: Messages, columns = WIDEST): string {
  const width = Math.min(columns, WIDEST);
  return command === null
    ? renderProgramHelp(messages, width)
    : renderCommandHelp(command, messages, width);
}

/** The purpose of the program, its commands, and the flags that all of them take. */
function renderProgramHelp(messages: Messages, width: number): string {
  const { cli } = messages;
  return join([
    wrapWords(cli.about(), width, 0),
    section(cli.usageTitle(), [[cli.usage(), '']], width),
    section(
      cli.commandsTitle(),
      COMMANDS.map((command) => [command, cli.commands[command]()]),
      width,
    ),
    section(cli.commonTitle(), commonEntries(messages), width),
    section(
      cli.examplesTitle(),
      cli.examples().map((example) => [example, '']),
      width,
    ),
    wrapWords(cli.more(), width, 0),
  ]);
}

/** One command: its purpose, its own flags, the common ones, examples. */
function renderCommandHelp(command: Command, messages: Messages, width: number): string {
  const { cli } = messages;
  const { settings, switches } = flagsOf(command);
  const own: Entry[] = [
    ...settings.map((flag) => settingEntry(flag, command, messages)),
    ...switches.map((name) => switchEntry(name, messages)),
  ];
  return join([
    wrapWords(cli.details[command](), width, 0),
    section(
      cli.usageTitle(),
      [[cli.commandUsage(`${command}${wordsText(command)}`, own.length > 0), '']],
      width,
    ),
    own.length > 0 ? section(cli.flagsTitle(), own, width) : '',
    section(cli.commonTitle(), commonEntries(messages), width),
    section(
      cli.examplesTitle(),
      cli.commandExamples[command]().map((example) => [example, '']),
      width,
    ),
  ]);
}

/** The words that may follow a command, with a blank before them. */
function wordsText(command: Command): string {
  const actions = actionsOf(command);
  if (actions !== null) {
    const takesRun = Object.values(actions).includes('run');
    return ` ${Object.keys(actions).join('|')}${takesRun ? WORDS.run : ''}`;
  }
  const words = wordsOf(command);
  return words === null ? '' : WORDS[words];
}

/** The same in every language, as programs and scripts quote them. */
const WORDS = { run: ' [RUN]', runs: ' [RUN…]', command: ' [COMMAND]' } as const;

function commonEntries(messages: Messages): Entry[] {
  const { cli } = messages;
  const files = {
    config: DEFAULT_CONFIG_FILE,
    'env-file': DEFAULT_ENV_FILE,
    profile: PROFILES_FOLDER,
  };
  return [
    ...FILE_FLAG_NAMES.map(
      (flag): Entry => [
        `--${flag} ${cli.placeholders[FILE_FLAGS[flag]]()}`,
        cli.flag(cli.files[flag](), cli.anyFile(), files[flag]),
      ],
    ),
    ...COMMON_FLAGS.settings.map((flag) => settingEntry(flag, null, messages)),
    ...COMMON_FLAGS.switches.map((name) => switchEntry(name, messages)),
  ];
}

function settingEntry(name: SettingFlag, command: Command | null, messages: Messages): Entry {
  const option = optionOfFlag(name, command);
  const { placeholder, narrows } = option.flag;
  const { cli } = messages;
  const unset = narrows ? cli.allByDefault() : cli.noDefault();
  return [
    `--${name} ${cli.placeholders[placeholder]()}`,
    cli.flag(cli.settings[name](), option.validator.allowed(messages), option.default || unset),
  ];
}

function switchEntry(name: Switch, { cli }: Messages): Entry {
  const short = SHORT_FORMS[name];
  return [`${short === undefined ? '' : `${short}, `}--${name}`, cli.switches[name]()];
}

function section(title: string, entries: readonly Entry[], width: number): string {
  const left = Math.max(...entries.filter(([, text]) => text).map(([name]) => name.length), 0);
  const lines = entries.map(([name, text]) => {
    if (text === '') return `${' '.repeat(INDENT)}${name}`;
    const column = INDENT + left + GAP;
    return `${' '.repeat(INDENT)}${name.padEnd(left + GAP)}${wrapWords(text, width, column)}`;
  });
  return `${title}\n${lines.join('\n')}`;
}

function join(sections: readonly string[]): string {
  return `${sections.filter((part) => part !== '').join('\n\n')}\n`;
}
