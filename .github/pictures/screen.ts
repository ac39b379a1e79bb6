/** A stretch of text in one style. */
export interface Span {
  /** Column of its first character, from 0. */
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

export interface Style {
  /** 0 to 15, as a terminal numbers its colours; null: the terminal's own. */
  readonly color: number | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Cell {
  readonly character: string;
  readonly style: Style;
}

const PLAIN: Style = { color: null, bold: false, dim: false };

/** One control sequence, or one character. Sequences of private modes (`?25l`) change nothing that is drawn. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's sequences begin with ESC
const PIECE = /\u001b\[(?<private>\?)?(?<numbers>[\d;]*)(?<final>[A-Za-z])|\u001b[78=>]|./gsu;

/** The lines that a program wrote to a terminal, as they stood at its end: redrawn lines once. */
export class Screen {
  readonly #lines: Cell[][] = [[]];
  readonly #columns: number;
  #row = 0;
  #column = 0;
  #style = PLAIN;

  /** `columns`: the width at which the terminal wraps. */
  constructor(columns: number) {
    this.#columns = columns;
  }

  write(output: string): void {
    for (const { 0: piece, groups } of output.matchAll(PIECE)) {
      const { final, numbers = '' } = groups ?? {};
      if (final === undefined) this.#put(piece);
      else if (groups?.private === undefined) this.#obey(final, numbers.split(';').map(Number));
    }
  }

  /** The lines from the top, without blank ones at the end; each as its spans. */
  lines(): Span[][] {
    const last = this.#lines.findLastIndex((cells) =>
      cells.some((cell) => cell.character.trim() !== ''),
    );
    return this.#lines.slice(0, last + 1).map(spansOf);
  }

  #put(character: string): void {
    if (character === '\n') this.#row++;
    else if (character === '\r') this.#column = 0;
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (character >= ' ') {
      if (this.#column === this.#columns) {
        this.#row++;
        this.#column = 0;
      }
      this.#line()[this.#column++] = { character, style: this.#style };
    }
  }

  #obey(final: string, numbers: readonly number[]): void {
    const [first = 0] = numbers;
    const count = Math.max(1, first);
    if (final === 'm') for (const number of numbers) this.#style = styled(this.#style, number);
    else if (final === 'A') this.#row = Math.max(0, this.#row - count);
    else if (final === 'B') this.#row += count;
    else if (final === 'C') this.#column += count;
    else if (final === 'D') this.#column = Math.max(0, this.#column - count);
    else if (final === 'G') this.#column = count - 1;
    else if (final === 'K') this.#eraseLine(first);
    else if (final === 'J') this.#eraseBelow();
    else throw new Error(`the terminal was sent a sequence that is not known here: CSI ${final}`);
  }

  /** 0: from the cursor to the end; 1: up to the cursor; 2: all of it. */
  #eraseLine(part: number): void {
    const line = this.#line();
    if (part === 0) line.length = Math.min(line.length, this.#column);
    else if (part === 2) line.length = 0;
    else line.fill(BLANK, 0, this.#column + 1);
  }

  #eraseBelow(): void {
    this.#eraseLine(0);
    this.#lines.length = this.#row + 1;
  }

  #line(): Cell[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    const line = this.#lines[this.#row] ?? [];
    while (line.length < this.#column) line.push(BLANK);
    return line;
  }
}

const BLANK: Cell = { character: ' ', style: PLAIN };

function styled(style: Style, number: number): Style {
  if (number === 0) return PLAIN;
  if (number === 1) return { ...style, bold: true };
  if (number === 2) return { ...style, dim: true };
  if (number === 22) return { ...style, bold: false, dim: false };
  if (number === 39) return { ...style, color: null };
  if (number >= 30 && number <= 37) return { ...style, color: number - 30 };
  if (number >= 90 && number <= 97) return { ...style, color: number - 90 + 8 };
  return style;
}

function spansOf(cells: readonly Cell[]): Span[] {
  const spans: Span[] = [];
  for (const [column, { character, style }] of cells.entries()) {
    const last = spans.at(-1);
    if (last !== undefined && isSame(last.style, style)) {
      spans[spans.length - 1] = { ...last, text: last.text + character };
    } else {
      spans.push({ column, text: character, style });
    }
  }
  return spans;
}

function isSame(a: Style, b: Style): boolean {
  return a.color === b.color && a.bold === b.bold && a.dim === b.dim;
}
