import { fitLines } from '../lib/fit-lines.js';
import type { Messages } from '../messages/index.js';
import type { Result } from './commands/context.js';

/** The text of a result, in lines of so many columns: its verdict first, and the path of its page last. */
export function resultText(
  { verdict = '', text, page = null }: Result,
  { report }: Messages,
  columns: number,
): string {
  const body = fitLines([verdict, text].filter((part) => part !== '').join('\n'), columns);
  // A path is not wrapped: it would be cut for whoever copies it.
  return page === null ? body : `${body}\n${report.at(page)}\n`;
}
