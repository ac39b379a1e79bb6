import { EXIT, type ExitCode, OperatorError } from '../errors.js';
import { fitLines } from '../lib/fit-lines.js';
import { programVersion } from '../lib/package-root.js';
import { paintFor } from '../lib/paint.js';
import { countSignals, onAbort } from '../lib/signals.js';
import { consoleForm } from '../log/console-form.js';
import { LANGUAGES, type Messages, messagesIn } from '../messages/index.js';
import { schemaWith } from '../schemas/index.js';
import {
  COMMANDS as COMMAND_NAMES,
  type Command as CommandName,
  ignoresSettings,
  writesLog,
} from '../settings/commands.js';
import { readPipes } from '../settings/files.js';
import { misspeltVariables } from '../settings/known-variables.js';
import type { Switches } from '../settings/options.js';
import {
  languageOf,
  onlyFlags,
  progressOf,
  readSources,
  type Sources,
} from '../settings/resolve.js';
import { loadSettings } from '../settings/settings.js';
import { type Arguments, parseArguments, unknownCommand } from './arguments.js';
import type { Command, CommandContext } from './commands/context.js';
import { renderHelp } from './help.js';
import { Output } from './output.js';
import { resultText } from './result-text.js';
import { systemErrorOf } from './system-error.js';

/** Each command is loaded when it is run, so that `--help` answers at once. */
const COMMANDS: Readonly<Record<Exclude<CommandName, 'help'>, () => Promise<{ run: Command }>>> = {
  start: () => import('./commands/start.js'),
  'init-db': () => import('./commands/init-db.js'),
  seed: () => import('./commands/seed.js'),
  stream: () => import('./commands/stream.js'),
  reset: () => import('./commands/reset.js'),
  counts: () => import('./commands/counts.js'),
  check: () => import('./commands/check.js'),
  runs: () => import('./commands/runs.js'),
  report: () => import('./commands/report.js'),
  ledger: () => import('./commands/ledger.js'),
  doctor: () => import('./commands/doctor.js'),
  metrics: () => import('./commands/metrics.js'),
  verify: () => import('./commands/verify.js'),
  'demo-cdc': () => import('./commands/demo-cdc.js'),
  pause: () => import('./commands/pause.js'),
  resume: () => import('./commands/resume.js'),
  db: () => import('./commands/db.js'),
  config: () => import('./commands/config.js'),
  completion: () => import('./commands/completion.js'),
};

const output = new Output();
// Nobody reads stderr any more, and the command goes on without it.
process.stderr.on('error', () => undefined);

const interrupted = new AbortController();
const forced = new AbortController();

/** Makes `listener` the process's response to every signal that asks for its end. */
type Heed = (listener: () => void) => void;

/** Runs the command. A result that did not reach stdout is a failure, even if the command succeeded. */
export async function main(argv: readonly string[], heed: Heed): Promise<ExitCode> {
  let messages = messagesIn(LANGUAGES[0]);
  let exitCode: ExitCode;
  let write = writeStderr;
  try {
    const cwd = process.cwd();
    const args = parseArguments(argv);
    const pipes = await readPipes([args.configFile, args.envFile, args.profile], cwd);
    const sources = readSources({ ...args, env: process.env, cwd, pipes });
    messages = messagesIn(languageOf(sources));
    if (progressOf(sources) === 'json') write = writeJsonError;
    exitCode = await runArguments(args, sources, { messages, heed, write });
  } catch (error) {
    exitCode = reportError(error, messages, false, write);
  }
  const lost = await Promise.race([output.end(), untilForced()]);
  if (lost === null) return exitCode;
  write(messages.cli.outputLost({ reason: lost.message }));
  return exitCode === EXIT.done ? EXIT.state : exitCode;
}

/** Resolves on a forced end, which must not wait for a reader of stdout that has stopped reading. */
function untilForced(): Promise<null> {
  return new Promise((resolve) => {
    onAbort(forced.signal, () => resolve(null));
  });
}

/** The parts of the program that arguments are run in. */
interface Surroundings {
  readonly messages: Messages;
  readonly heed: Heed;
  /** Writes a sentence to stderr where there is no log. */
  readonly write: (text: string) => void;
}

async function runArguments(
  args: Arguments,
  sources: Sources,
  { messages, heed, write }: Surroundings,
): Promise<ExitCode> {
  const { command, json } = args;
  if (args.version) {
    output.write(`${programVersion()}\n`);
    return EXIT.done;
  }
  if (args.isCommandMissing && !args.help) {
    process.stderr.write(renderHelp(null, messages, columnsOf(process.stderr)));
    if (json) printJson({ error: messages.settings.noCommand(), exit_code: EXIT.usage });
    return EXIT.usage;
  }
  try {
    if (args.help || command === 'help') {
      output.write(renderHelp(topicOf(args), messages, columnsOf(process.stdout)));
      return EXIT.done;
    }
    const isAlone = command !== null && ignoresSettings(command);
    const settings = loadSettings(isAlone ? onlyFlags(sources) : sources);
    if (command === null) return EXIT.usage;
    return await runCommand(
      command,
      {
        ...args,
        settings,
        schema: schemaWith(settings.schema.extensions),
        sources,
        messages,
        cwd: sources.cwd,
      },
      heed,
    );
  } catch (error) {
    // The log is not open yet, or closed again: the operator reads stderr.
    return reportError(error, messages, json, write);
  }
}

/** The command that help is asked for; null: the program. Throws an OperatorError for a word that is not a command. */
function topicOf({ command, help, names }: Arguments): CommandName | null {
  if (command !== 'help' || help) return command;
  // More words may follow: `help ledger show`.
  const [given] = names;
  if (given === undefined) return null;
  const topic = COMMAND_NAMES.find((name) => name === given);
  if (topic === undefined) throw new OperatorError(EXIT.usage, unknownCommand(given));
  return topic;
}

/** The parts of a command's context that exist before its log is open. */
type Prepared = Omit<
  CommandContext,
  'log' | 'resultLog' | 'progress' | 'interrupted' | 'forced' | 'paint' | 'print'
> &
  Pick<Switches, 'verbose'>;

/** Opens the log, runs the command, and logs its error. */
async function runCommand(
  name: keyof typeof COMMANDS,
  prepared: Prepared,
  heed: Heed,
): Promise<ExitCode> {
  const { settings, messages, json, verbose } = prepared;
  const [{ createLog }, { createStatusLine }, { SharedTerminal }, { Progress }, { run }] =
    await Promise.all([
      import('../log/logger.js'),
      import('../log/status-line.js'),
      import('../log/shared-terminal.js'),
      import('./progress/progress.js'),
      COMMANDS[name](),
    ]);
  const { stderr } = process;
  const status = createStatusLine(stderr, stderr.isTTY ? new SharedTerminal(stderr.fd) : undefined);
  // Before the log opens its file, which a signal must not leave unfinished.
  heed(countSignals(onSignal));
  const { logging } = settings;
  const form = consoleForm({ ...logging, live: status.live, verbose });
  const files = writesLog(name);
  const log = createLog({ settings: logging, messages, console: status, form, files });
  const progress = new Progress({ form: logging.progress, status });
  for (const sentence of misspeltVariables(process.env)) {
    log.component('settings').warning(sentence(messages));
  }
  let printed = false;
  try {
    return await run({
      ...prepared,
      log,
      resultLog: (component) => {
        const out = log.component(component);
        return process.stdout.isTTY && !json ? out.detail : out;
      },
      progress,
      interrupted: interrupted.signal,
      forced: forced.signal,
      paint: paintFor(process.stdout),
      print: (result) => {
        // After a forced end the command may still run; its result is not wanted.
        if (forced.signal.aborted) return;
        printed = true;
        status.clear();
        if (json) printJson(result.json);
        else output.write(resultText(result, messages, columnsOf(process.stdout)));
      },
    });
  } catch (error) {
    status.clear();
    const out = log.component(name);
    // The operator asked for this end: it is no error.
    const isAsked = error instanceof OperatorError && error.exitCode === EXIT.forced;
    return reportError(error, messages, json && !printed, isAsked ? out.warning : out.error);
  } finally {
    await log.close();
    status.clear();
  }
}

/** The first signal asks for the end, the second forces it, the third exits at once. */
function onSignal(times: number): void {
  if (times === 1) interrupted.abort(new OperatorError(EXIT.forced, (m) => m.server.interrupted()));
  else if (times === 2) forced.abort(new OperatorError(EXIT.forced, (m) => m.stream.forced()));
  else process.exit(EXIT.forced);
}

/** Writes the sentence of an error, and with `--json` the one document; returns the exit code. */
function reportError(
  error: unknown,
  messages: Messages,
  json: boolean,
  write: (text: string) => void,
): ExitCode {
  const expected = error instanceof OperatorError ? error : systemErrorOf(error);
  const exitCode = expected?.exitCode ?? EXIT.defect;
  const text =
    expected?.sentence(messages) ??
    messages.cli.defect(error instanceof Error ? (error.stack ?? error.message) : String(error));
  write(text);
  if (json) printJson({ error: text, exit_code: exitCode });
  return exitCode;
}

/** The columns of a terminal; without end elsewhere. */
function columnsOf({ isTTY, columns }: NodeJS.WriteStream): number {
  // A terminal of an unknown width says 0.
  return isTTY && columns > 0 ? columns : Number.POSITIVE_INFINITY;
}

function writeStderr(text: string): void {
  process.stderr.write(`${fitLines(text, columnsOf(process.stderr))}\n`);
}

/** For programs that read stderr: an object like those of the log. */
function writeJsonError(msg: string): void {
  const record = { level: 'ERROR', time: new Date().toISOString(), component: 'cli', msg };
  process.stderr.write(`${JSON.stringify(record)}\n`);
}

function printJson(document: unknown): void {
  output.write(`${JSON.stringify(document)}\n`);
}
