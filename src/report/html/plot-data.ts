import type { Language } from '../../messages/index.js';
import type { Unit } from './formats.js';

/** The data embedded into the page for its script. */
export interface PageData {
  readonly lang: Language;
  readonly plots: readonly Plot[];
  /** Empty where several runs share the plots. */
  readonly marks: Marks;
  readonly texts: Texts;
}

/** Words that the script writes. */
interface Texts {
  readonly time: string;
  readonly percentile: string;
  /** `1 in {n}`. */
  readonly oneIn: string;
  /** Names of the marks, as the legend of marks has them. */
  readonly marks: Readonly<Record<MarkName, string>>;
}

/** One plot, as the script draws it. */
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
  /** Thresholds on what the plot shows. */
  readonly limits: readonly Limit[];
  /** True: it shows a lane for each timed hazard, and no curves; left out of other plots. */
  readonly lanes?: true;
}

/** Curves over the same places on the x axis: those of one run. */
export interface CurveTable {
  /** Seconds since the start of the run, or 1/(1-p) of a percentile; ascending. */
  readonly xs: readonly number[];
  readonly curves: readonly Curve[];
}

/** One line of a plot. */
export interface Curve {
  readonly label: string;
  /** Index into the palette, from 0; `--curve-<n>` in the style. */
  readonly colour: number;
  /** `steps`: each value holds for the time before its place; the ground below it is tinted. */
  readonly line: 'solid' | 'dashed' | 'steps';
  readonly values: Values;
}

/** Values are null where nothing was measured. */
export type Values = readonly (number | null)[];

/** A threshold, as a line across the plot. */
export interface Limit {
  /** As the operator wrote it. */
  readonly label: string;
  /** In the unit of the plot. */
  readonly value: number;
  /** Null where that is not known, or differs between the runs of the plot. */
  readonly held: boolean | null;
  /** 1/(1-p) of its percentile, where the line ends; null: it crosses the whole plot. */
  readonly until: number | null;
}

/** From and to, in seconds since the start of a run. */
export type Span = readonly [from: number, to: number];

/** Events of a run that plots over time mark, in seconds since its start. */
export interface Marks {
  readonly paused: readonly Span[];
  /** Workers were without a connection. */
  readonly outages: readonly Span[];
  /** Seconds without a point of their own; the point after them covers them too. */
  readonly gaps: readonly Span[];
  readonly reconnects: readonly number[];
  readonly rejections: readonly number[];
  /** The critical failure that ended the run. */
  readonly failures: readonly number[];
  /** Beginnings of the load's stages. A run without stages has none. */
  readonly stages: readonly { readonly at: number; readonly label: string }[];
  /** A lane for each timed hazard that happened. */
  readonly hazards: readonly Lane[];
}

/** The times of a run at which one timed hazard happened. */
export interface Lane {
  readonly name: string;
  readonly times: number;
  /** In the order of time. */
  readonly spans: readonly {
    readonly from: number;
    readonly to: number;
    /** The hazard in words. */
    readonly text: string;
  }[];
}

/** The marks that have a name in the legend; stages carry their own text. */
export type MarkName = Exclude<keyof Marks, 'stages'>;

export const NO_MARKS: Marks = {
  paused: [],
  outages: [],
  gaps: [],
  reconnects: [],
  rejections: [],
  failures: [],
  stages: [],
  hazards: [],
};
