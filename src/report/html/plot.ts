import type { Language } from '../../messages/index.js';
import type { Unit } from './client/formats.js';

/** Values are null where nothing was measured. */
export type Values = readonly (number | null)[];

/** One line of a plot. */
export interface Curve {
  readonly label: string;
  /** Place in the palette, from 0; `--curve-<n>` in the style. */
  readonly colour: number;
  readonly dashed: boolean;
  readonly values: Values;
}

/** Curves over the same places on the x axis: those of one run. */
export interface CurveTable {
  /** Seconds since the start of the run, or 1/(1-p) of a percentile; ascending. */
  readonly xs: readonly number[];
  readonly curves: readonly Curve[];
}

/** One plot, as the page draws it. */
export interface Plot {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly x: 'time' | 'percentile';
  readonly unit: Unit;
  /** Logarithmic y axis. */
  readonly log: boolean;
  /** As wide as the page. */
  readonly wide: boolean;
  readonly tables: readonly CurveTable[];
}

/** What happened at a moment of a run, in seconds since its start. */
export interface Marks {
  readonly paused: readonly (readonly [from: number, to: number])[];
  readonly reconnects: readonly number[];
  readonly rejections: readonly number[];
  /** Where a critical failure ended the run. */
  readonly failures: readonly number[];
}

/** What is embedded into the page for its script. */
export interface PageData {
  readonly lang: Language;
  readonly plots: readonly Plot[];
  /** Empty where several runs share the plots. */
  readonly marks: Marks;
  readonly texts: {
    readonly time: string;
    readonly percentile: string;
    readonly maximum: string;
  };
}

/** Where the maximum stands on the axis of percentiles: behind 99.9 %, which is at 1,000. */
export const MAXIMUM_PLACE = 10_000;

/** The least that a logarithmic axis shows, in milliseconds: it has no place for 0. */
export const LEAST_MS = 0.01;
