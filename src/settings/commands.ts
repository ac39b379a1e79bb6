/** The things that words after a command name. */
type Words = 'run' | 'runs' | 'command';

/** A command as the command line knows it. */
interface CommandShape {
  /** The section of the options that are the command's own; without it, the one of its name. */
  readonly section?: string;
  /** The words after the command name these; without it, there are none. */
  readonly words?: Words;
  /** A word that may stand in the place of the first of them. */
  readonly instead?: string;
  /** The first word after the command is one of these. Each may be followed by what it names; null: by nothing. */
  readonly actions?: Readonly<Record<string, 'run' | null>>;
  /** It takes the flag of every setting, also those of other commands. */
  readonly takesEverySetting?: true;
  /** It leaves no log files where it is run. */
  readonly writesNoLog?: true;
  /** It has the default settings: a shell runs it wherever it starts, and files there may be another program's. */
  readonly ignoresSettings?: true;
}

/** Every command, in the order that help shows. */
const COMMAND_SHAPES = {
  start: { section: 'stream' },
  'init-db': {},
  seed: {},
  stream: {},
  reset: { section: 'seed' },
  counts: {},
  check: {},
  runs: { actions: { list: null, show: 'run', prune: null } },
  report: { words: 'runs' },
  ledger: { actions: { show: 'run', resolve: 'run', check: 'run' } },
  doctor: {},
  metrics: {},
  // The run that begins next.
  verify: { words: 'run', instead: 'next' },
  'demo-cdc': { section: 'stream' },
  pause: {},
  resume: {},
  db: {},
  config: { actions: { show: null }, takesEverySetting: true, writesNoLog: true },
  completion: {
    actions: { bash: null, zsh: null, fish: null },
    writesNoLog: true,
    ignoresSettings: true,
  },
  help: { words: 'command' },
} as const satisfies Readonly<Record<string, CommandShape>>;

export type Command = keyof typeof COMMAND_SHAPES;

/** A command whose first word is an action. */
export type CommandWithActions = {
  [C in Command]: (typeof COMMAND_SHAPES)[C] extends { readonly actions: object } ? C : never;
}[Command];

export type ActionOf<C extends CommandWithActions> = keyof (typeof COMMAND_SHAPES)[C]['actions'] &
  string;

export const COMMANDS = Object.keys(COMMAND_SHAPES) as readonly Command[];

/** The section of the options that are the command's own. */
export function sectionOf(command: Command): string {
  return shapeOf(command).section ?? command;
}

/** The things that words after the command name; null: it takes none, or an action. */
export function wordsOf(command: Command): Words | null {
  return shapeOf(command).words ?? null;
}

/** A word in the place of those; null: there is none. */
export function insteadOf(command: Command): string | null {
  return shapeOf(command).instead ?? null;
}

/** The actions of a command, each with what the word after it names; null: it takes none. */
export function actionsOf(command: Command): Readonly<Record<string, 'run' | null>> | null {
  return shapeOf(command).actions ?? null;
}

/** Does the command take words at all? */
export function takesNames(command: Command): boolean {
  return wordsOf(command) !== null || actionsOf(command) !== null;
}

export function takesEverySetting(command: Command): boolean {
  return shapeOf(command).takesEverySetting === true;
}

export function writesLog(command: Command): boolean {
  return shapeOf(command).writesNoLog !== true;
}

export function ignoresSettings(command: Command): boolean {
  return shapeOf(command).ignoresSettings === true;
}

function shapeOf(command: Command): CommandShape {
  return COMMAND_SHAPES[command];
}
