import type uPlot from 'uplot';
import type { Formats } from '../formats.js';
import type { followCursor } from './cursor.js';
import type { drawBands, drawLimits, drawMoments, drawStages } from './drawing.js';
import type { drawHazards, drawLanes } from './lanes.js';
import type { logSplits, plotOptions, yRange } from './options.js';

/** Looks up a colour of the page's style by the name of its custom property without the dashes. */
export type Colours = (name: string) => string;

/** The page's functions. Each is embedded as the compiler wrote it, so they reach each other through this. */
export interface Parts {
  readonly plotOptions: typeof plotOptions;
  readonly logSplits: typeof logSplits;
  readonly yRange: typeof yRange;
  readonly drawBands: typeof drawBands;
  readonly drawMoments: typeof drawMoments;
  readonly drawStages: typeof drawStages;
  readonly drawLimits: typeof drawLimits;
  readonly drawHazards: typeof drawHazards;
  readonly drawLanes: typeof drawLanes;
  readonly followCursor: typeof followCursor;
}

/** Everything that drawing a plot needs besides its data. */
export interface Tools extends Parts {
  readonly uPlot: typeof uPlot;
  readonly formats: Formats;
  readonly colours: Colours;
  /** Pixels of the canvas in a pixel of the page. */
  readonly ratio: number;
}
