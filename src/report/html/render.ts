import type { Language, Messages } from '../../messages/index.js';
import type { RunRecord } from '../../runs/record.js';
import { bucketSeconds } from './buckets.js';
import { cards } from './cards.js';
import { clientScript, plotStyle } from './client.js';
import { comparisonHead, keyFigures } from './comparison.js';
import { details } from './details.js';
import { figure } from './figure.js';
import { runHead } from './head.js';
import { marksLegend, marksOf, NO_MARKS } from './marks.js';
import { type Content, embedded, html, type Markup, trusted } from './markup.js';
import { percentilePlot } from './percentiles.js';
import type { Marks, PageData, Plot } from './plot.js';
import { comparedTimePlots, timePlots } from './plots.js';
import { settingsTable } from './settings.js';
import { STYLE } from './style.js';
import { verificationSection } from './verification.js';
import { verificationPlots } from './verification-plot.js';
import { Writer } from './writer.js';

/** What the page may load: nothing but what stands in it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/**
 * The report of one run, or the comparison of several: one HTML document that needs neither a
 * network nor another file.
 */
export function renderReport(
  runs: readonly RunRecord[],
  messages: Messages,
  lang: Language,
): string {
  const w = new Writer(messages, lang);
  const [run] = runs;
  if (run === undefined) throw new Error('a report needs a run');
  if (runs.length > 1) {
    const plots = withPercentiles(comparedTimePlots(w.m, runs), percentilePlot(w.m, runs));
    const body = [comparisonHead(w, runs), keyFigures(w, runs), panels(w, runs, plots, NO_MARKS)];
    return document(w, w.m.comparisonOf({ runs: runs.length }), body, plots, NO_MARKS);
  }
  const marks = marksOf(run);
  const plots = withPercentiles(timePlots(w.m, run), percentilePlot(w.m, runs));
  const verified = verificationPlots(w.m, run);
  const body = [
    runHead(w, run),
    cards(w, run),
    verificationSection(w, run, verified, marks),
    run.series.length === 0 ? html`<p class="remark">${w.m.noSeries()}</p>` : '',
    panels(w, runs, plots, marks),
    html`<section aria-labelledby="details"><h2 id="details">${w.m.tables()}</h2>
<div class="tables">${run.summary === null ? '' : details(w, run.summary)}<div class="wide settings">${settingsTable(w, run)}</div></div></section>`,
  ];
  return document(w, w.m.reportOf({ runId: run.runId }), body, [...verified, ...plots], marks);
}

/** Behind the wide plots, which are what a reader looks at first. */
function withPercentiles(plots: readonly Plot[], percentiles: readonly Plot[]): Plot[] {
  const small = [...percentiles, ...plots.filter(({ wide }) => !wide)];
  const last = small.length - 1;
  return [
    ...plots.filter(({ wide }) => wide),
    // Two side by side: one that would be alone takes the place of both.
    ...small.map((plot, index) =>
      index === last && index % 2 === 0 ? { ...plot, wide: true } : plot,
    ),
  ];
}

function panels(
  w: Writer,
  runs: readonly RunRecord[],
  plots: readonly Plot[],
  marks: Marks,
): Content {
  if (plots.length === 0) return '';
  const seconds = bucketSeconds(runs);
  return html`<section aria-labelledby="plots"><h2 id="plots">${w.m.plots()}</h2>
<p class="remark">${w.m.plotHelp()}${seconds > 1 ? ` ${w.m.thinned({ seconds })}` : ''}</p>
<noscript><p class="remark">${w.m.noScript()}</p></noscript>
${marksLegend(w.m, marks)}
<div class="panels">${plots.map((plot) => figure(w, plot))}</div></section>`;
}

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
    texts: { time: w.m.time(), percentile: w.m.percentile(), maximum: w.m.maximum() },
  };
  const page: Markup = html`<!doctype html>
<html lang="${w.lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
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
<script>${trusted(clientScript())}</script>
</body>
</html>
`;
  return page.text;
}
