import { displayWidth } from '../lib/display-width.js';

/** A text of a part of the live line, and its worth: the form of the least worth is given up first. */
export interface LiveForm {
  readonly text: string;
  readonly worth: number;
  /** True: a drawing, which lines of a log do without. */
  readonly isDrawing?: true;
}

/** A part of the live line: its forms, from the fullest to the shortest. The worth grows from one to the next. */
export type LivePart = readonly LiveForm[];

const SEPARATOR = ' · ';

/** The parts of the live line as a line of a log, in so many columns. */
export function layOutLine(parts: readonly LivePart[], columns: number): string {
  return layOut(
    parts.map((forms) => forms.filter(({ isDrawing }) => isDrawing !== true)),
    columns,
  );
}

/**
 * Lays the parts of the live line out in so many columns. While they are too wide, the form of the least worth gives
 * way to the next form of its part; after the last form the part is left out. One part always stays.
 */
export function layOut(parts: readonly LivePart[], columns: number): string {
  const chosen = parts.map(() => 0);
  const join = () =>
    parts.flatMap((forms, part) => forms[chosen[part] ?? 0]?.text ?? []).join(SEPARATOR);
  const steps = parts
    .flatMap((forms, part) => forms.map(({ worth }) => ({ part, worth })))
    .sort((a, b) => a.worth - b.worth);
  for (const { part } of steps.slice(0, -1)) {
    if (displayWidth(join()) <= columns) break;
    chosen[part] = (chosen[part] ?? 0) + 1;
  }
  return join();
}
