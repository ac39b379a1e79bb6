import { labelsOf, type RunRecord } from '../../runs/record.js';
import type { Curve } from './plot-data.js';

/** Indices into the palette; a measure has the same one in every plot. */
export const BLUE = 0;
export const VERMILION = 1;
export const GREEN = 2;
export const PURPLE = 3;
export const AMBER = 4;
export const COLOURS = 6;

/** Letters of the alphabet, for the names of runs. */
const LETTERS = 26;

/** The short name of a run among those that it is compared with: A, B, … Z, A1. */
export function letterOf(index: number): string {
  const round = Math.floor(index / LETTERS);
  return `${String.fromCharCode(65 + (index % LETTERS))}${round === 0 ? '' : round}`;
}

/** The name of a run, or its id where it has none. */
export function titleOf(run: RunRecord): string {
  return labelsOf(run).name ?? run.runId;
}

/** Label, colour and line of a run among those that it is compared with. */
export function lookOfRun(run: RunRecord, index: number): Omit<Curve, 'values'> {
  return {
    label: `${letterOf(index)} · ${titleOf(run)}`,
    colour: index % COLOURS,
    line: index >= COLOURS ? 'dashed' : 'solid',
  };
}
