import { type LivePart, layOut, layOutLine } from '../../log/live-line.js';
import type { ComponentLog } from '../../log/logger.js';
import type { ProgressForm } from '../../log/settings.js';
import type { StatusLine } from '../../log/status-line.js';

/** The live line is drawn this often. */
const DRAW_MS = 500;
/** Lines come this often: signs of life, not a flood. */
const LINE_MS = 5_000;
const JSON_MS = 1_000;

/** A moment of a command's progress. */
export interface ProgressView {
  readonly parts: readonly LivePart[];
  /** Members of the JSON line. Their names are relied on from outside. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Returns the progress of the moment; null: there is nothing to show yet. */
type Look = () => ProgressView | null;

export interface ProgressParts {
  readonly form: ProgressForm;
  readonly status: StatusLine;
}

/**
 * Shows the progress of a command on stderr: as the live line where this program may draw one, as a line every few
 * seconds elsewhere, or as JSON. Where several displays are open, the one that was opened first is drawn.
 */
export class Progress {
  readonly #parts: ProgressParts;
  /** In the order in which they were opened. */
  readonly #displays = new Set<Look>();

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  /**
   * Opens a display; returns a function that closes it. `log` takes the lines. Where the operator did not ask for
   * lines, they are for a person at a terminal, or `always`: elsewhere other log lines are sign of life enough.
   */
  show(look: Look, log: ComponentLog, lines: 'at-terminal' | 'always' = 'at-terminal'): () => void {
    const { form } = this.#parts;
    if (form === 'none') return () => undefined;
    this.#displays.add(look);
    const write = (line: string) =>
      form === 'lines' || lines === 'always' ? log.info(line) : log.hint(line);
    const timer =
      form === 'json'
        ? setInterval(() => this.#writeJson(look), JSON_MS)
        : setInterval(this.#drawer(look, write), DRAW_MS);
    return () => {
      clearInterval(timer);
      this.#displays.delete(look);
      this.#parts.status.clear();
    };
  }

  #drawer(look: Look, write: (line: string) => void): () => void {
    const { form, status } = this.#parts;
    let sinceLine = 0;
    return () => {
      const [first] = this.#displays;
      if (first !== look) return;
      const view = look();
      if (view === null) return;
      sinceLine += DRAW_MS;
      if (form === 'auto' && status.show(layOut(view.parts, status.columns))) return;
      if (sinceLine < LINE_MS) return;
      sinceLine = 0;
      write(layOutLine(view.parts, status.live ? status.columns : Number.POSITIVE_INFINITY));
    };
  }

  #writeJson(look: Look): void {
    const view = look();
    if (view === null) return;
    const line = { type: 'progress', time: new Date().toISOString(), ...view.record };
    this.#parts.status.write(`${JSON.stringify(line)}\n`);
  }
}
