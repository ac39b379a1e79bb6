import assert from 'node:assert/strict';
import type { CliResult } from '../../helpers/cli.js';

/** The end of a log line's head, after which the sentence begins. */
const LOG_HEAD = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ oltp\.simulator \[[^\]]+\] - /;

/**
 * Checks the result of a refused command: the exit code, nothing on stdout,
 * and on stderr one line with `sentence` and no stack trace.
 */
export function assertRefused(
  { code, stdout, stderr }: CliResult,
  exitCode: number,
  sentence: RegExp,
): void {
  assert.equal(code, exitCode, stderr);
  assert.equal(stdout, '');
  const errors = stderr.trimEnd().split('\n').filter(isError);
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0]!.replace(LOG_HEAD, ''), sentence);
  assert.doesNotMatch(stderr, /\n\s+at |\.js:\d+/, 'no stack trace');
}

/** Log lines below ERROR are no part of the refusal. */
function isError(line: string): boolean {
  return !LOG_HEAD.test(line) || / ERROR /.test(line);
}

/** Reads stdout as the one JSON document that `--json` promises. */
export function readDocument<T>({ stdout, stderr }: CliResult): T {
  assert.match(stdout, /^[^\n]+\n$/, `one document in one line, but: ${stdout}\n${stderr}`);
  return JSON.parse(stdout) as T;
}
