import { displayWidth } from './display-width.js';

/** Words, and commands in backticks, which are broken only where they are wider than a line. */
const WORD = /`[^`]*`\S*|\S+/g;

/** Breaks a text between words into lines of at most so many columns; lines after the first begin at column `indent`. */
export function wrapWords(text: string, columns: number, indent: number): string {
  const lines: string[] = [];
  let width = 0;
  const add = (word: string) => {
    const wide = displayWidth(word);
    if (lines.length > 0 && width + 1 + wide <= columns) {
      lines[lines.length - 1] += ` ${word}`;
      width += 1 + wide;
    } else {
      lines.push(word);
      width = indent + wide;
    }
  };
  for (const word of text.match(WORD) ?? []) {
    if (indent + displayWidth(word) <= columns) add(word);
    else for (const part of word.split(' ')) add(part);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
