import { displayWidth } from './display-width.js';
import { wrapWords } from './wrap-words.js';

/** Columns by which further lines are indented where a line has no columns of its own. */
const HANGING = 2;
/** The last column of a line gets so many columns at least; in less room, text is hard to read. */
const NARROWEST = 24;
/** The gap before a column of a table. */
const GAP = / {2,}(?=\S)/g;

/**
 * Breaks lines that are wider than a terminal of so many columns, between words. What follows stands below the last
 * column of its line: a long value below the value, not below its label. Where that has no room, the last column
 * begins a line of its own.
 */
export function fitLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => (displayWidth(line) <= columns ? line : fitLine(line, columns)))
    .join('\n');
}

function fitLine(line: string, columns: number): string {
  const gaps = [...line.matchAll(GAP)];
  const gap = gaps.at(-1);
  const at = gap === undefined ? 0 : gap.index + gap[0].length;
  const head = line.slice(0, at);
  const last = line.slice(at);
  const start = displayWidth(head);
  const margin = line.length - line.trimStart().length;
  // The only gap is the indent of the whole line.
  if (head.trim() === '') return head + wrapWords(last, columns, margin + HANGING, margin);
  if (start + NARROWEST <= columns) return head + wrapWords(last, columns, start);
  const below = margin + HANGING;
  return `${head.trimEnd()}\n${' '.repeat(below)}${wrapWords(last, columns, below)}`;
}
