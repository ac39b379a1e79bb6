import { stripVTControlCharacters } from 'node:util';
import { EXIT } from '../../src/errors.js';
import type { Messages } from '../../src/messages/index.js';

/** The end of the program, as the step sees it. */
export interface Ended {
  readonly exitCode: number;
  /** The verdict and the figures of the run; empty where there was none. */
  readonly result: string;
  /** The end of the program's log. */
  readonly log: string;
}

/** `held`: all thresholds did; `not-held`: the run was whole, and one did not; `failed`: the run did not get so far. */
type Verdict = 'held' | 'not-held' | 'failed';

export function verdictOf({ exitCode }: Ended): Verdict {
  if (exitCode === EXIT.done) return 'held';
  return exitCode === EXIT.notHeld ? 'not-held' : 'failed';
}

/** A line of the log, in the text form: its level and its message. */
const LOG_LINE = /^\d{4}-\d\d-\d\d \S+ ([A-Z]+) \S+ \[\w+\] - (.*)$/;

/** Why the job fails, in sentences; null: it does not. */
export function reasonOf(m: Messages, ended: Ended): string | null {
  if (ended.exitCode === EXIT.done) return null;
  // The verdict: a line for each reason, and then an empty one.
  const [verdict = ''] = plain(ended.result).split('\n\n');
  if (verdict !== '') return verdict;
  const lines = plain(ended.log).split('\n');
  const errors = lines.map((line) => LOG_LINE.exec(line)).filter((line) => line?.[1] === 'ERROR');
  // Errors of the command line are reported before there is a log.
  const others = lines.filter((line) => line !== '' && !LOG_LINE.test(line));
  return errors.at(-1)?.[2] ?? (others.join('\n') || m.action.ended(ended));
}

/** The outcome in GitHub's Markdown, for the page of the job. */
export function outcomeMarkdown(m: Messages, ended: Ended): string {
  const result = plain(ended.result).trimEnd();
  const shown = result === '' ? (reasonOf(m, ended) ?? '') : result;
  // Longer than any fence in the text.
  const fence = '`````';
  return `## oltp-simulator: ${m.action.verdict(verdictOf(ended))}\n\n${fence}text\n${shown}\n${fence}\n`;
}

function plain(text: string): string {
  return stripVTControlCharacters(text);
}

/** A workflow command that shows `text` as an error of the job. */
export function errorAnnotation(text: string): string {
  const escaped = text.replace(/[%\r\n]/g, (character) => encodeURIComponent(character));
  return `::error title=oltp-simulator::${escaped}`;
}
