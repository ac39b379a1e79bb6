import { displayWidth } from './display-width.js';

/** Words, and commands in backticks, which are broken only where they are wider than a line. */
const WORD = /`[^`]*`\S*|\S+/g;

/**
 * Breaks a text between words into lines of at most so many columns. Lines after the first begin at column `indent`;
 * the first one is to be written at column `start`.
 */
export function wrapWords(text: string, columns: number, indent: number, start = indent): string {
  const lines: string[] = [];
  let width = 0;
  const add = (word: string) => {
    const wide = displayWidth(word);
    if (lines.length > 0 && width + 1 + wide <= columns) {
      lines[lines.length - 1] += ` ${word}`;
      width += 1 + wide;
    } else {
      width = (lines.length === 0 ? start : indent) + wide;
      lines.push(word);
    }
  };
  for (const word of text.match(WORD) ?? []) {
    if (indent + displayWidth(word) <= columns) add(word);
    else for (const part of word.split(' ')) add(part);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
