import { displayWidth } from './display-width.js';
import { wrapWords } from './wrap-words.js';

/** Columns by which further lines are indented where a line has no columns of its own. */
const HANGING = 2;
/** The last column of a line gets so many columns at least; in less room, text is hard to read. */
const NARROWEST = 24;
/** The gap before a column of a table. */
const GAP = / {2,}(?=\S)/g;

/**
 * Breaks lines that are wider than a terminal of so many columns, between words. The rest of a line stands below its
 * last column: a long value goes on below the value, not below its label. Where that has no room, the last column
 * begins a line of its own.
 */
export function fitLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => (displayWidth(line) <= columns ? line : fitLine(line, columns)))
    .join('\n');
}

function fitLine(line: string, columns: number): string {
  const margin = line.length - line.trimStart().length;
  const gaps = [...line.matchAll(GAP)].filter(({ index }) => index > 0);
  const gap = gaps.findLast(({ index }) => displayWidth(line.slice(0, index)) <= columns);
  if (gap === undefined) {
    return line.slice(0, margin) + wrapWords(line, columns, margin + HANGING, margin);
  }
  const head = line.slice(0, gap.index);
  const rest = line.slice(gap.index + gap[0].length);
  const start = displayWidth(head) + gap[0].length;
  if (gap === gaps.at(-1) && start + NARROWEST <= columns) {
    return head + gap[0] + wrapWords(rest, columns, start);
  }
  return `${head}\n${fitLines(' '.repeat(margin + HANGING) + rest, columns)}`;
}
