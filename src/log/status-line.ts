/** The part of `process.stderr` that the status line needs. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
  write(chunk: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * One live line at the bottom of a terminal, with whole lines of log going past above it. Where
 * there is no terminal the line is never shown and everything else passes through.
 */
export interface StatusLine {
  /** True on a terminal; elsewhere `show` does nothing. */
  readonly live: boolean;
  /** True on a terminal with colours, unless `NO_COLOR` is set. */
  readonly colors: boolean;
  /** Replaces the line by plain text (no colour codes), cut to the terminal's width. */
  show(text: string): void;
  /** Takes the line away, until the next `show`. */
  clear(): void;
  /** Writes whole lines above the live one. */
  write(chunk: string): void;
}

/** Back to the first column and erase to the end of the line. */
const ERASE = '\r\u001b[K';
/** Columns of terminals that report no width, or 0. */
const USUAL_WIDTH = 80;

/** The status line of a terminal, usually `process.stderr`. */
export function createStatusLine(terminal: Terminal): StatusLine {
  const live = terminal.isTTY === true && process.env.TERM !== 'dumb';
  let shown = '';
  // A terminal or pipe that is closed must not end the run.
  terminal.on('error', () => {});

  return {
    live,
    colors: live && terminal.hasColors?.() === true,
    show(text) {
      if (!live) return;
      const next = cut(text, terminal.columns || USUAL_WIDTH);
      if (next === shown) return;
      shown = next;
      terminal.write(ERASE + shown);
    },
    clear() {
      if (shown === '') return;
      shown = '';
      terminal.write(ERASE);
    },
    write(chunk) {
      // One write, so that no other output can come between.
      terminal.write(shown === '' ? chunk : ERASE + chunk + shown);
    },
  };
}

/** At most one column less than the width: a full line would make the terminal wrap. */
function cut(text: string, columns: number): string {
  const characters = [...text.replaceAll(/\s/g, ' ')];
  const room = Math.max(columns - 1, 0);
  return characters.length <= room ? characters.join('') : characters.slice(0, room).join('');
}
