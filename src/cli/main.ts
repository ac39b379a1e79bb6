import { EXIT, type ExitCode, OperatorError } from '../errors.js';
import { countSignals, onAbort } from '../lib/signals.js';
import { LANGUAGES, type Messages, messagesIn } from '../messages/index.js';
import type { Command as CommandName } from '../settings/commands.js';
import { chooseLanguage } from '../settings/language.js';
import { type Pipes, readPipes } from '../settings/pipes.js';
import { parseArguments } from './arguments.js';
import type { Command, CommandContext } from './commands/context.js';
import { Output } from './output.js';
import { systemErrorOf } from './system-error.js';

/** Each command is loaded when it is run, so that `--help` answers at once. */
const COMMANDS: Readonly<Record<CommandName, () => Promise<{ run: Command }>>> = {
  start: () => import('./commands/start.js'),
  'init-db': () => import('./commands/init-db.js'),
  seed: () => import('./commands/seed.js'),
  stream: () => import('./commands/stream.js'),
  reset: () => import('./commands/reset.js'),
  counts: () => import('./commands/counts.js'),
  check: () => import('./commands/check.js'),
  report: () => import('./commands/report.js'),
  ledger: () => import('./commands/ledger.js'),
  doctor: () => import('./commands/doctor.js'),
  verify: () => import('./commands/verify.js'),
  'demo-cdc': () => import('./commands/demo-cdc.js'),
  pause: () => import('./commands/pause.js'),
  resume: () => import('./commands/resume.js'),
  db: () => import('./commands/db.js'),
};

const output = new Output();
// There is nobody left to tell.
process.stderr.on('error', () => undefined);

const interrupted = new AbortController();
const forced = new AbortController();

/** Has the process call `listener` at every signal that asks for its end. */
type Heed = (listener: () => void) => void;

/** Runs the command, and takes a result that did not reach stdout for no success. */
export async function main(argv: readonly string[], heed: Heed): Promise<ExitCode> {
  let messages = messagesIn(LANGUAGES[0]);
  let exitCode: ExitCode;
  try {
    const cwd = process.cwd();
    const pipes = await readPipes(argv, cwd);
    messages = messagesIn(chooseLanguage(argv, process.env, cwd, pipes));
    exitCode = await runArguments(argv, { cwd, pipes, messages, heed });
  } catch (error) {
    exitCode = tell(error, messages, false, sayOnStderr);
  }
  const lost = await Promise.race([output.end(), untilForced()]);
  if (lost === null) return exitCode;
  sayOnStderr(messages.cli.outputLost({ reason: lost.message }));
  return exitCode === EXIT.done ? EXIT.state : exitCode;
}

/** Whoever forces the end does not wait for a reader of stdout that has stopped reading. */
function untilForced(): Promise<null> {
  return new Promise((resolve) => {
    onAbort(forced.signal, () => resolve(null));
  });
}

interface Surroundings {
  readonly cwd: string;
  readonly pipes: Pipes;
  readonly messages: Messages;
  readonly heed: Heed;
}

async function runArguments(
  argv: readonly string[],
  { cwd, pipes, messages, heed }: Surroundings,
): Promise<ExitCode> {
  const args = parseArguments(argv, messages);
  if (args.version !== null) {
    output.write(`${args.version}\n`);
    return EXIT.done;
  }
  if (args.help !== null) {
    const asked = args.problems.length === 0;
    if (asked) {
      output.write(args.help);
      return EXIT.done;
    }
    process.stderr.write(args.help);
    if (args.json) printJson({ error: messages.config.noCommand(), exit_code: EXIT.usage });
    return EXIT.usage;
  }
  try {
    const { loadSettings } = await import('../settings/load.js');
    const settings = loadSettings({ ...args, env: process.env, cwd, pipes });
    if (args.command === null) return EXIT.usage;
    return await runCommand(args.command, { ...args, settings, messages, cwd }, heed);
  } catch (error) {
    // The log is not open yet, or closed again: the operator reads stderr.
    return tell(error, messages, args.json, sayOnStderr);
  }
}

type Prepared = Pick<
  CommandContext,
  | 'settings'
  | 'messages'
  | 'cwd'
  | 'json'
  | 'yes'
  | 'dropForeignTables'
  | 'dryRun'
  | 'createSlot'
  | 'skipMalformed'
  | 'partial'
  | 'names'
>;

/** Opens the log, runs the command, and puts what it throws into the log. */
async function runCommand(name: CommandName, prepared: Prepared, heed: Heed): Promise<ExitCode> {
  const { settings, messages, json } = prepared;
  const [{ createLog }, { createStatusLine }, { run }] = await Promise.all([
    import('../log/logger.js'),
    import('../log/status-line.js'),
    COMMANDS[name](),
  ]);
  const status = createStatusLine(process.stderr);
  // Before there is a file to finish.
  heed(countSignals(onSignal));
  const log = createLog({ settings: settings.logging, messages, console: status });
  let printed = false;
  try {
    return await run({
      ...prepared,
      log,
      status,
      interrupted: interrupted.signal,
      forced: forced.signal,
      print: (result) => {
        // A command that was left to itself prints no more.
        if (forced.signal.aborted) return;
        printed = true;
        status.clear();
        if (json) printJson(result.json);
        else output.write(result.text);
      },
    });
  } catch (error) {
    status.clear();
    const out = log.component(name);
    // The operator asked for it: no error.
    const asked = error instanceof OperatorError && error.exitCode === EXIT.forced;
    return tell(error, messages, json && !printed, asked ? out.warning : out.error);
  } finally {
    await log.close();
    status.clear();
  }
}

/** The first wish asks for the end, the second demands it, the third takes it. */
function onSignal(times: number): void {
  if (times === 1) interrupted.abort(new OperatorError(EXIT.forced, (m) => m.server.interrupted()));
  else if (times === 2) forced.abort(new OperatorError(EXIT.forced, (m) => m.stream.forced()));
  else process.exit(EXIT.forced);
}

/** Says what went wrong, once, and with `--json` as the document that was promised. */
function tell(
  error: unknown,
  messages: Messages,
  json: boolean,
  write: (text: string) => void,
): ExitCode {
  const expected = error instanceof OperatorError ? error : systemErrorOf(error);
  const exitCode = expected?.exitCode ?? EXIT.defect;
  const text =
    expected?.tell(messages) ??
    messages.cli.defect(error instanceof Error ? (error.stack ?? error.message) : String(error));
  write(text);
  if (json) printJson({ error: text, exit_code: exitCode });
  return exitCode;
}

function sayOnStderr(text: string): void {
  process.stderr.write(`${text}\n`);
}

function printJson(document: unknown): void {
  output.write(`${JSON.stringify(document)}\n`);
}
