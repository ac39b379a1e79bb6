import { wrapWords } from '../lib/wrap-words.js';
import type { Messages } from '../messages/index.js';
import type { Result } from './commands/context.js';

/** Columns by which the lines after the first of a wrapped sentence are indented. */
const HANGING = 2;

/** The text of a result: its verdict first, wrapped for a terminal, and the path of its page last. */
export function resultText(
  { verdict = '', text, page = null }: Result,
  { report }: Messages,
  { isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>,
): string {
  // A path is not wrapped: it would be cut for whoever copies it.
  const last = page === null ? '' : `${report.at(page)}\n`;
  const first = isTTY && columns > 0 ? wrapLines(verdict, columns) : verdict;
  return [first, text, last].filter((part) => part !== '').join('\n');
}

function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapWords(line, columns, HANGING))
    .join('\n');
}
