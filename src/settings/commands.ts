/** A command as the command line knows it. */
interface CommandShape {
  /** The section of the options that are the command's own; without it, the one of its name. */
  readonly section?: string;
  /** Words after the command name something, such as runs. */
  readonly takesNames?: true;
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
  report: { takesNames: true },
  ledger: { takesNames: true },
  doctor: {},
  metrics: {},
  verify: { takesNames: true },
  'demo-cdc': { section: 'stream' },
  pause: {},
  resume: {},
  db: {},
  help: { takesNames: true },
} as const satisfies Readonly<Record<string, CommandShape>>;

export type Command = keyof typeof COMMAND_SHAPES;

export const COMMANDS = Object.keys(COMMAND_SHAPES) as readonly Command[];

/** The section of the options that are the command's own. */
export function sectionOf(command: Command): string {
  const { section }: CommandShape = COMMAND_SHAPES[command];
  return section ?? command;
}

export function takesNames(command: Command): boolean {
  const shape: CommandShape = COMMAND_SHAPES[command];
  return shape.takesNames === true;
}
