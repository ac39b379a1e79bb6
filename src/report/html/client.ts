import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { makeFormats } from './client/formats.js';
import { drawMoments, drawPauses } from './client/marks.js';
import { logSplits, plotOptions } from './client/options.js';
import { startPage } from './client/start.js';

const { resolve } = createRequire(import.meta.url);

/** Functions that run in the browser: each names only its arguments and what a browser knows. */
const PARTS = { makeFormats, logSplits, drawPauses, drawMoments, plotOptions };

/** The page's script: uPlot, and the functions of `client/` as the compiler wrote them. */
export function clientScript(): string {
  const parts = Object.values(PARTS).map(String).join('\n');
  const names = Object.keys(PARTS).join(', ');
  return `${readPackaged('uPlot.iife.min.js')}
(() => {
${parts}
(${startPage})(window, { uPlot, ${names} });
})();`;
}

/** The style of the plots themselves. */
export function plotStyle(): string {
  return readPackaged('uPlot.min.css');
}

function readPackaged(file: string): string {
  return readFileSync(resolve(`uplot/dist/${file}`), 'utf8').trim();
}
