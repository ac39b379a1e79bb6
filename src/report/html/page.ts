import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Language, Messages } from '../../messages/index.js';
import type { RunRecord } from '../../runs/record.js';
import { bucketSeconds } from './buckets.js';
import { verificationPlots } from './cdc-plots.js';
import { followCursor } from './client/cursor.js';
import { drawBands, drawLimits, drawMoments, drawStages } from './client/drawing.js';
import { drawHazards, drawLanes } from './client/lanes.js';
import { logSplits, plotOptions, yRange } from './client/options.js';
import { startPage } from './client/start.js';
import type { Parts } from './client/tools.js';
import { differingFacts, keyFigures, runHeads } from './comparison.js';
import { details } from './details.js';
import { cards } from './figures.js';
import { makeFormats } from './formats.js';
import { comparedHazards, hazardsSection } from './hazards.js';
import { comparisonHead, runHead } from './head.js';
import { lanesOf, lanesPlot } from './lanes.js';
import { marksOf } from './marks.js';
import { type Content, embedded, html, type Markup, trusted } from './markup.js';
import { missingData } from './missing.js';
import { letterOf } from './palette.js';
import { markNames, marksLegend, panel } from './panels.js';
import { percentilePlot } from './percentiles.js';
import { type Marks, NO_MARKS, type PageData, type Plot } from './plot-data.js';
import { comparedTimePlots, timePlots } from './plots.js';
import { comparedSettings, settingsTables } from './settings.js';
import { STYLE } from './style.js';
import { verificationSection } from './verification.js';
import { Writer } from './writer.js';

const { resolve } = createRequire(import.meta.url);

/** Content security policy: the page loads nothing from elsewhere, and runs no script but this one. */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:`;
}

/** Functions that the page's script starts with; `startPage` gets them as its arguments. */
const PARTS: Parts & { readonly makeFormats: typeof makeFormats } = {
  makeFormats,
  plotOptions,
  logSplits,
  yRange,
  drawBands,
  drawMoments,
  drawStages,
  drawLimits,
  drawHazards,
  drawLanes,
  followCursor,
};

/**
 * The report of one run, or the comparison of several: one HTML document that needs neither a
 * network nor another file. `links`: relative addresses of the compared runs' own pages; null without one.
 */
export function renderReport(
  runs: readonly RunRecord[],
  messages: Messages,
  lang: Language,
  links: readonly (string | null)[] = [],
): string {
  const w = new Writer(messages, lang);
  const [run] = runs;
  if (run === undefined) throw new Error('a report needs a run');
  if (runs.length > 1) {
    const plots = withPercentiles(comparedTimePlots(w.m, runs), percentilePlot(w.m, runs));
    const labels = runs.map((_, index) => letterOf(index));
    const body = [
      comparisonHead(w, runs, links),
      html`<section aria-labelledby="figures"><h2 id="figures">${w.m.figures()}</h2>
<p class="remark">${w.m.comparedWith({ first: letterOf(0) })}</p>
<div class="tables one">${keyFigures(w, runs)}${comparedHazards(w, runs)}${differingFacts(w, runs)}</div></section>`,
      plotsSection(w, runs, plots, NO_MARKS),
      html`<section aria-labelledby="settings"><h2 id="settings">${w.m.settings()}</h2>
<div class="tables one">${comparedSettings(w, runs, runHeads(w, runs), labels)}</div></section>`,
    ];
    return document(w, w.m.comparisonOf({ runs: runs.length }), body, plots, NO_MARKS);
  }
  const marks = { ...marksOf(run), hazards: lanesOf(w, run) };
  const plots = withPercentiles(
    [...timePlots(w.m, run), ...lanesPlot(w, run, marks.hazards)],
    percentilePlot(w.m, runs),
  );
  const verified = verificationPlots(w.m, run);
  const body = [
    runHead(w, run),
    cards(w, run),
    verificationSection(w, run, verified, marks),
    plotsSection(w, runs, plots, marks),
    hazardsSection(w, run),
    run.summary === null
      ? ''
      : html`<section aria-labelledby="details"><h2 id="details">${w.m.tables()}</h2>
<div class="tables">${details(w, run.summary)}</div></section>`,
    html`<section class="settings" aria-labelledby="settings"><h2 id="settings">${w.m.settings()}</h2>
<div class="tables one">${settingsTables(w, run)}</div></section>`,
  ];
  return document(w, w.m.reportOf({ runId: run.runId }), body, [...verified, ...plots], marks);
}

/** The wide plots first, since readers look at them first; then the percentiles; then the other small plots. */
function withPercentiles(plots: readonly Plot[], percentiles: readonly Plot[]): Plot[] {
  const small = [...percentiles, ...plots.filter(({ wide }) => !wide)];
  const last = small.length - 1;
  return [
    ...plots.filter(({ wide }) => wide),
    // Small plots stand side by side; a last one without a neighbour becomes wide.
    ...small.map((plot, index) =>
      index === last && index % 2 === 0 ? { ...plot, wide: true } : plot,
    ),
  ];
}

/** The section of all plots but the verification's. */
function plotsSection(
  w: Writer,
  runs: readonly RunRecord[],
  plots: readonly Plot[],
  marks: Marks,
): Content {
  const [run] = runs;
  const missing = run === undefined || runs.length > 1 ? '' : missingData(w, run, marks);
  if (plots.length === 0) return missing;
  const seconds = bucketSeconds(runs);
  return html`<section aria-labelledby="plots"><h2 id="plots">${w.m.plots()}</h2>
<p class="remark plot-help">${w.m.plotHelp()}</p>
${seconds > 1 ? html`<p class="remark">${w.m.thinned({ seconds })}</p>` : ''}
<noscript><p class="remark">${w.m.noScript()}</p></noscript>
${marksLegend(w.m, marks)}
<div class="panels">${plots.map((plot) => panel(w, plot, marks))}</div>
${missing}</section>`;
}

/** The HTML document around the sections, with its style, script and data. */
function document(
  w: Writer,
  title: string,
  body: Content,
  plots: readonly Plot[],
  marks: Marks,
): string {
  const data: PageData = {
    lang: w.lang,
    plots,
    marks,
    texts: {
      time: w.m.time(),
      percentile: w.m.percentile(),
      oneIn: w.m.oneIn({ count: '{n}' }),
      marks: markNames(w.m),
    },
  };
  const script = clientScript();
  const page: Markup = html`<!doctype html>
<html lang="${w.lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trusted(plotStyle())}
${trusted(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
<footer>${w.m.footer()}</footer>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${trusted(script)}</script>
</body>
</html>
`;
  return page.text;
}

/** The page's script: uPlot, and the functions of `client/` as the compiler wrote them. */
function clientScript(): string {
  const parts = Object.values(PARTS).map(String).join('\n');
  const names = Object.keys(PARTS).join(', ');
  return `${readPackaged('uPlot.iife.min.js')}
(() => {
${parts}
(${startPage})(window, { uPlot, ${names} });
})();`;
}

/** The style of the plots. */
function plotStyle(): string {
  return readPackaged('uPlot.min.css');
}

function readPackaged(file: string): string {
  return readFileSync(resolve(`uplot/dist/${file}`), 'utf8').trim();
}
