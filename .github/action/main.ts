/*
 * The step of `action.yml` that runs the simulator, in the working directory. Inputs are variables of the environment,
 * and so are the names of the files that GitHub reads: the step's outputs, and the summary of the job. Ends with the
 * program's exit code.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArguments } from '../../src/cli/arguments.js';
import { EXIT, OperatorError } from '../../src/errors.js';
import { type Messages, messagesIn } from '../../src/messages/index.js';
import { runNames, runPath } from '../../src/runs/folder.js';
import { languageOf, readSources } from '../../src/settings/resolve.js';
import { loadSettings } from '../../src/settings/settings.js';
import { commandLine } from './inputs.js';
import { type Ended, errorAnnotation, outcomeMarkdown, reasonOf, verdictOf } from './outcome.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
/** Characters of the log that are kept for its last error. */
const KEPT_LOG = 1 << 16;

const { env } = process;
const cwd = process.cwd();
try {
  const argv = commandLine(env);
  const sources = readSources({ ...parseArguments(argv), env, cwd });
  const logs = loadSettings(sources).logging.dir;
  const earlier = runNames(logs);
  const ended = await runProgram(argv);
  const runId = runNames(logs).find((name) => !earlier.includes(name));
  conclude(messagesIn(languageOf(sources)), ended, {
    'run-id': runId ?? '',
    report: runId === undefined ? '' : pageOf(runPath(logs, runId)),
  });
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  const m = messagesIn(languageOf(readSources({ flags: {}, env, cwd })));
  const ended = { exitCode: error.exitCode, result: '', log: error.sentence(m) };
  conclude(m, ended, { 'run-id': '', report: '' });
}

/** Runs the program to its end, and shows its output as it grows. The signals that cancel a job are passed on. */
function runProgram(argv: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  let result = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result += text;
    process.stdout.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-KEPT_LOG);
    process.stderr.write(text);
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ exitCode: code ?? EXIT.defect, result, log }));
  });
}

/** The page of a run; empty where it could not be written. */
function pageOf(folder: string): string {
  const page = join(folder, 'report.html');
  return existsSync(page) ? page : '';
}

/** Writes outputs, summary and annotation, and sets the exit code. `outputs`: those of the run. */
function conclude(m: Messages, ended: Ended, outputs: Readonly<Record<string, string>>): void {
  const all = { ...outputs, verdict: verdictOf(ended), 'exit-code': ended.exitCode };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
  append(env.GITHUB_OUTPUT, lines.join(''));
  append(env.GITHUB_STEP_SUMMARY, outcomeMarkdown(m, ended));
  const reason = reasonOf(m, ended);
  if (reason !== null) process.stdout.write(`${errorAnnotation(reason)}\n`);
  process.exitCode = ended.exitCode;
}

/** Adds to a file of GitHub's; outside of GitHub there is none. */
function append(file: string | undefined, text: string): void {
  if (file !== undefined && file !== '') appendFileSync(file, text);
}
