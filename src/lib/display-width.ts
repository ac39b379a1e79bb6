import { stripVTControlCharacters } from 'node:util';

/** Combining marks and joiners take no column of their own. */
const ZERO_WIDTH = /^[\p{Mark}\p{Cf}]$/u;
/** East Asian characters take two columns, as do emoji; symbols that only some terminals draw as emoji count so, too. */
const WIDE =
  /^[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

/** Columns that a text takes on a terminal, at most; its colours take none. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of stripVTControlCharacters(text)) columns += widthOf(character);
  return columns;
}

/** The beginning of a text that fits so many columns. */
export function cutToWidth(text: string, columns: number): string {
  let kept = '';
  let left = columns;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept;
}

function widthOf(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
