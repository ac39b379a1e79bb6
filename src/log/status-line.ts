import { cutToWidth } from '../lib/display-width.js';

/** The part of `process.stderr` that the status line needs. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
  write(chunk: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Shares a terminal with the other programs that draw on it. */
export interface TerminalTurn {
  /** Whether this program may draw its live line now: it is in the foreground, and no other program's line is there. */
  takes(): boolean;
  /** Whether another program's live line is on the terminal. */
  isTaken(): boolean;
  /** Whether the terminal takes text now: it stops a background program that writes after `stty tostop`. */
  isWritable(): boolean;
}

/**
 * One live line at the bottom of a terminal, with whole lines of log going past above it. Where
 * there is no terminal the line is never shown and everything else passes through.
 */
export interface StatusLine {
  /** True on a terminal that can draw the line; elsewhere `show` does nothing. */
  readonly live: boolean;
  /** True on a terminal with colours, unless `NO_COLOR` is set. */
  readonly colors: boolean;
  /** Columns that the line may have: one less than the width, since a full line would make the terminal wrap. */
  readonly columns: number;
  /** Replaces the line by plain text (no colour codes), cut to the terminal's width; false: it may not be drawn now. */
  show(text: string): boolean;
  /** Takes the line away, until the next `show`. */
  clear(): void;
  /** Writes whole lines above the live one. */
  write(chunk: string): void;
}

/** Back to the first column and erase to the end of the line. */
const ERASE = '\r\u001b[K';
/** Columns of terminals that report no width, or 0. */
const USUAL_WIDTH = 80;

/** A terminal that no other program draws on. */
const ALONE: TerminalTurn = { takes: () => true, isTaken: () => false, isWritable: () => true };

/** The status line of a terminal, usually `process.stderr`. */
export function createStatusLine(terminal: Terminal, turn: TerminalTurn = ALONE): StatusLine {
  const live = terminal.isTTY === true && process.env.TERM !== 'dumb';
  let shown = '';
  const columns = () => Math.max((terminal.columns || USUAL_WIDTH) - 1, 0);
  // A terminal or pipe that is closed must not end the run.
  terminal.on('error', () => {});

  return {
    live,
    colors: live && terminal.hasColors?.() === true,
    get columns() {
      return columns();
    },
    show(text) {
      if (!live) return false;
      if (!turn.takes()) {
        shown = '';
        return false;
      }
      shown = cutToWidth(text.replaceAll(/\s/g, ' '), columns());
      // Also the same text: another program may have written over it.
      terminal.write(ERASE + shown);
      return true;
    },
    clear() {
      if (!live || !turn.isWritable()) return;
      // Also another program's: it would stand before the text that follows, and is drawn again.
      if (shown === '' && !turn.isTaken()) return;
      shown = '';
      terminal.write(ERASE);
    },
    write(chunk) {
      if (!live) terminal.write(chunk);
      else if (turn.isWritable()) {
        // One write, so that no other output can come between.
        terminal.write(shown === '' && !turn.isTaken() ? chunk : ERASE + chunk + shown);
      }
    },
  };
}
