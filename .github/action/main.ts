/*
 * The step of `action.yml` that runs the simulator, in the working directory. Inputs are variables of the environment,
 * and so are the names of the files that GitHub reads: the step's outputs, and the summary of the job. Ends with the
 * program's exit code.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArguments } from '../../src/cli/arguments.js';
import { EXIT, OperatorError } from '../../src/errors.js';
import { messagesIn } from '../../src/messages/index.js';
import { runPath } from '../../src/runs/folder.js';
import { languageOf, readSources, type Sources } from '../../src/settings/resolve.js';
import { loadSettings } from '../../src/settings/settings.js';
import { commandLine } from './inputs.js';
import {
  type Ended,
  errorAnnotation,
  outcomeMarkdown,
  reasonOf,
  summaryOf,
  verdictOf,
} from './outcome.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
/** Characters of the log that are kept for its last error. */
const KEPT_LOG = 1 << 16;

const { env } = process;
const cwd = process.cwd();
const { sources, ended } = await runFromInputs();
const m = messagesIn(languageOf(sources));
const reason = reasonOf(m, ended);
append(env.GITHUB_OUTPUT, outputLines());
append(env.GITHUB_STEP_SUMMARY, outcomeMarkdown(m, ended));
if (reason !== null) process.stdout.write(`${errorAnnotation(reason)}\n`);
process.exitCode = ended.exitCode;

/** Runs the program as the inputs ask for it. */
async function runFromInputs(): Promise<{ sources: Sources; ended: Ended }> {
  try {
    const argv = commandLine(env);
    const sources = readSources({ ...parseArguments(argv), env, cwd });
    return { sources, ended: await runProgram(argv) };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const sources = readSources({ flags: {}, env, cwd });
    const document = { error: error.sentence(messagesIn(languageOf(sources))) };
    return { sources, ended: { exitCode: error.exitCode, document, log: '' } };
  }
}

/** Runs the program to its end. Its log is shown as it grows; the signals that cancel a job are passed on. */
function runProgram(argv: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  let stdout = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-KEPT_LOG);
    process.stderr.write(text);
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => {
      const document = stdout === '' ? null : (JSON.parse(stdout) as Ended['document']);
      done({ exitCode: code ?? EXIT.defect, document, log });
    });
  });
}

/** The outputs of `action.yml`. Those of a run are empty where there was none. */
function outputLines(): string {
  const runId = summaryOf(ended)?.run_id ?? '';
  const outputs = {
    verdict: verdictOf(ended),
    'exit-code': ended.exitCode,
    'run-id': runId,
    report: runId === '' ? '' : pageOf(runId),
  };
  return Object.entries(outputs)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** The page of a run; empty where it could not be written. */
function pageOf(runId: string): string {
  const { logging } = loadSettings(sources);
  const page = join(runPath(resolve(cwd, logging.dir), runId), 'report.html');
  return existsSync(page) ? page : '';
}

/** Adds to a file of GitHub's; outside of GitHub there is none. */
function append(file: string | undefined, text: string): void {
  if (file !== undefined && file !== '') appendFileSync(file, text);
}
