/**
 * Colours of the page. Curves have Okabe and Ito's palette, which people with every kind of colour blindness can
 * tell apart. Its light colours are darkened for white paper and its dark ones lightened for the dark scheme, to a
 * contrast of at least 3:1, which WCAG 2 asks of lines; text has at least 4.5:1.
 */
const LIGHT = `
  --page: #f5f6f8; --surface: #ffffff; --line: #d8dce3; --grid: #e8ebf0;
  --text: #18202b; --muted: #556070;
  --good: #00664a; --good-ground: #e2f4ed; --bad: #9c3800; --bad-ground: #fdeee5;
  --plain: #00548a; --plain-ground: #e5f1f9; --unsure: #6b5000; --unsure-ground: #fbf2d8; --pause: #d9dde4;
  --curve-0: #0072b2; --curve-1: #d55e00; --curve-2: #00805d;
  --curve-3: #b0568a; --curve-4: #a87000; --curve-5: #3987b8;
  --reconnect: #b34a00; --rejection: #93407a; --failure: #b00020; --stage: #8a94a3;
  --outage: #fbe3d8; --offered: #a870001f; --hazard: #6b4fb0;
  color-scheme: light;`;
const DARK = `
  --page: #11151b; --surface: #1a2029; --line: #343d4a; --grid: #2a323d;
  --text: #e8ecf2; --muted: #a5b0bf;
  --good: #5fd3a8; --good-ground: #12302a; --bad: #ffae7a; --bad-ground: #3a2115;
  --plain: #86c8f2; --plain-ground: #15293a; --unsure: #ecc95c; --unsure-ground: #332a10; --pause: #37404d;
  --curve-0: #56b4e9; --curve-1: #f08a3c; --curve-2: #2bbf94;
  --curve-3: #d794bb; --curve-4: #f0c14b; --curve-5: #8fa8ff;
  --reconnect: #f08a3c; --rejection: #e29ac6; --failure: #ff7b89; --stage: #76818f;
  --outage: #43281c; --offered: #f0c14b2b; --hazard: #b9a4ff;
  color-scheme: dark;`;

export const STYLE = `
:root {${LIGHT}
}
@media (prefers-color-scheme: dark) { :root:not([data-print]) {${DARK}
} }
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main, footer { max-width: 1240px; margin: 0 auto; padding: 0 clamp(16px, 3vw, 32px); }
main { padding-top: clamp(20px, 4vw, 40px); }
footer { color: var(--muted); font-size: 14px; padding-top: 24px; padding-bottom: 40px; }
h1 { font-size: clamp(1.4rem, 4.5vw, 2rem); line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 40px 0 12px; }
h3 { font-size: 1rem; line-height: 1.4; margin: 0; }
p { margin: 0; }
code { font: 0.875em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: break-word; }
small { font-size: 0.55em; font-weight: 500; color: var(--muted); }
.kind { color: var(--muted); font-size: 14px; font-weight: 600; margin-bottom: 8px; }
.when, .remark { color: var(--muted); } .head .note { margin-top: 8px; max-width: 90ch; }
.remark { max-width: 90ch; text-wrap: pretty; margin-bottom: 12px; }
.verdict { display: flex; gap: 12px; align-items: flex-start; margin-top: 20px; padding: 12px 16px; border-radius: 8px; font-weight: 500; }
.sign { display: inline-block; flex: none; width: 20px; height: 20px; border-radius: 50%; font-size: 13px; font-weight: 700; line-height: 20px; text-align: center; }
.sign.good, .sign.bad, .sign.plain, .sign.unsure { color: var(--surface); }
.verdict > .sign { width: 28px; height: 28px; font-size: 16px; line-height: 28px; }
.good { color: var(--good); background: var(--good-ground); } .sign.good { background: var(--good); }
.bad { color: var(--bad); background: var(--bad-ground); } .sign.bad { background: var(--bad); }
.plain { color: var(--plain); background: var(--plain-ground); } .sign.plain { background: var(--plain); }
.unsure { color: var(--unsure); background: var(--unsure-ground); } .sign.unsure { background: var(--unsure); }
.verdict strong { display: block; font-size: 1.2rem; line-height: 28px; overflow-wrap: anywhere; } .statement strong::first-letter { text-transform: uppercase; }
.verdict p { color: var(--muted); font-weight: 400; font-size: 15px; margin-top: 4px; }
.reasons { list-style: none; margin: 6px 0 0; padding: 0; color: var(--text); }
.reasons li, .runs p { display: flex; gap: 8px; align-items: flex-start; margin-top: 4px; } .reasons .sign, .runs .sign { margin-top: 2px; }
.statement { margin-bottom: 12px; max-width: 90ch; } .statement strong { font-size: 1.1rem; } .statement ul { margin: 4px 0 0; padding-left: 1.2em; } .statement p + p { margin-top: 6px; }
.word { font-weight: 600; background: none; }
a { color: var(--plain); }
:focus-visible { outline: 2px solid var(--curve-0); outline-offset: 2px; border-radius: 4px; }
.facts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 4px 32px; margin: 16px 0 0; font-size: 15px; }
.facts div { display: flex; gap: 8px; min-width: 0; }
.facts dt { flex: none; width: 9ch; color: var(--muted); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.missing { color: var(--muted); font-size: 15px; margin-top: 16px; max-width: 90ch; }
.missing ul { margin: 4px 0 0; padding-left: 1.2em; }
.cards { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 12px; margin: 0; }
.card, .panel, .scroll { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 14px 16px; min-width: 0; }
.card dt { color: var(--muted); font-size: 14px; font-weight: 500; }
.card dd { margin: 0; overflow-wrap: anywhere; }
.card .value { font-size: clamp(1.35rem, 5vw, 1.75rem); font-weight: 650; line-height: 1.25; margin: 2px 0; }
.card .note { color: var(--muted); font-size: 14px; line-height: 1.35; }
.card.notable .value { color: var(--bad); }
.panels, .tables { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
.tables.one { grid-template-columns: minmax(0, 1fr); }
.tables { align-items: start; }
.panel { margin: 0; padding: 16px; min-width: 0; }
.wide { grid-column: 1 / -1; }
.panel figcaption { margin-bottom: 8px; }
.panel figcaption p { color: var(--muted); font-size: 14px; line-height: 1.4; }
.plot { min-height: 278px; width: 100%; overflow: hidden; }
.plot.tall { min-height: 338px; } .plot.lanes { min-height: 0; }
.uplot { font-family: inherit; }
.u-legend { font-size: 13px; color: var(--text); line-height: 1.4; margin: 8px 0 0; text-align: left; }
.u-legend th { font-weight: 500; }
.u-inline tr { margin-right: 10px; }
.u-series:first-child .u-marker { display: none; }
.u-legend .u-marker { height: 0; width: 18px; border-width: 3px 0 0 !important; margin-right: 6px; }
.u-legend .u-value { min-width: 5ch; text-align: left; }
.uplot:not([data-cursor]) .u-value { visibility: hidden; } .u-legend .u-series:first-child { display: none; }
.uplot:not([data-cursor]) .u-inline.u-live th::after { visibility: hidden; }
.u-over { touch-action: pan-y; }
.uplot:focus-visible { outline-offset: 6px; }
.values {
  position: absolute; top: 6px; z-index: 10; pointer-events: none; width: max-content; max-width: min(340px, 100%);
  padding: 8px 10px; border: 1px solid var(--line); border-radius: 8px; background: var(--surface);
  box-shadow: 0 2px 10px #0003; font-size: 13px; line-height: 1.45; white-space: nowrap;
}
.values[hidden] { display: none; }
.values .at { font-weight: 650; }
.values .row { display: flex; align-items: center; gap: 8px; }
.values .label { overflow: hidden; text-overflow: ellipsis; } .values .value { margin-left: auto; padding-left: 12px; font-weight: 600; }
.values .swatch { width: 14px; margin: 0; }
.values .note { color: var(--muted); overflow: hidden; text-overflow: ellipsis; }
.u-select { background: color-mix(in srgb, var(--curve-0) 18%, transparent); }
.u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--muted); }
.marks { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 0 0 12px; padding: 0; font-size: 14px; }
.marks li, .runs li { display: flex; align-items: center; gap: 8px; }
.mark-pause { fill: var(--pause); } .mark-outage { fill: var(--outage); } .mark-gap { stroke: var(--muted); fill: none; }
.mark-reconnect { stroke: var(--reconnect); stroke-width: 1.5; } .mark-reconnect-head { fill: var(--reconnect); }
.mark-rejection { stroke: var(--rejection); stroke-width: 2; } .mark-failure { stroke: var(--failure); stroke-width: 3; }
.mark-hazard { fill: var(--hazard); }
.scroll { overflow-x: auto; min-width: 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
.u-legend { width: auto; }
caption { text-align: left; font-size: 1rem; font-weight: 650; padding: 14px 16px 8px; }
.scroll th, .scroll td { padding: 7px 16px; text-align: left; vertical-align: top; border-top: 1px solid var(--grid); }
.scroll thead th { color: var(--muted); font-weight: 500; border-top: 0; white-space: nowrap; }
.scroll tbody th { font-weight: 500; }
.cards + .tables { margin-top: 16px; } .tables + .marks, .tables + .panels, section > .tables + .remark { margin-top: 16px; }
.examples td:nth-child(2) { min-width: 26ch; } .hazards td:nth-child(2), .hazards details td:nth-child(3) { min-width: 22ch; } .hazards details td:nth-child(2) { min-width: 0; }
.settings td { overflow-wrap: anywhere; } .scroll code { white-space: nowrap; }
.scroll th:first-child { position: sticky; left: 0; background: var(--surface); }
caption span { display: inline-block; position: sticky; left: 16px; max-width: calc(100vw - 66px); }
.scroll tfoot th, .scroll tfoot td { font-weight: 650; border-top: 1px solid var(--line); }
.scroll .figure { text-align: right; white-space: nowrap; }
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
.tables .remark { margin: 10px 0 0; padding: 0 4px; font-size: 15px; } .tables ul.remark { padding-left: 1.4em; }
details { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; min-width: 0; }
summary { cursor: pointer; padding: 12px 16px; font-weight: 550; }
details .remark { margin: 0 !important; padding: 8px 16px 12px !important; }
details .scroll { border-width: 1px 0 0; border-radius: 0; } details caption { display: none; }
abbr { text-decoration: none; } .scroll small { font-size: 12px; }
.change { color: var(--muted); display: block; font-size: 13px; white-space: nowrap; }
.held { color: var(--good); font-weight: 600; } .broken, .remark.broken { color: var(--bad); font-weight: 600; }
.runs { list-style: none; margin: 12px 0 20px; padding: 0; }
.runs li { flex-wrap: wrap; gap: 0 8px; margin-bottom: 12px; } .runs p { flex-basis: 100%; font-size: 15px; }
.swatch { display: inline-block; flex: none; width: 20px; border-top: 3px solid; vertical-align: middle; margin-right: 8px; }
.runs .swatch { margin: 0; } .swatch.dashed { border-top-style: dashed; }
@media (max-width: 900px) {
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .panels, .tables, .facts { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 640px) {
  .stacks thead { display: none; }
  .stacks tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); border-top: 1px solid var(--grid); padding: 6px 10px; }
  .stacks tbody th { grid-column: 1 / -1; border: 0; padding: 0 !important; color: var(--muted); position: static; }
  .stacks td { border: 0 !important; padding: 0 8px 0 0 !important; text-align: left !important; white-space: normal !important; overflow-wrap: anywhere; }
  .stacks .change { white-space: normal; }
  .stacks td::before { content: attr(data-label) ' '; color: var(--muted); font-weight: 500; }
}
@media (max-width: 480px) {
  .panel { padding: 12px; }
  .card { padding: 12px; }
  .scroll th, .scroll td { padding: 7px 10px; }
  caption { padding: 12px 10px 6px; }
  caption span { left: 10px; max-width: calc(100vw - 54px); }
}
@media print {
  @page { size: A4; margin: 14mm; }
  :root {${LIGHT}
  }
  body { background: #ffffff; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  .tables { display: block; } .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; }
  .panel, .card, .verdict, .facts, .missing, .scroll, tr { break-inside: avoid; }
  .values, .plot-help { display: none; } .plot, .plot.tall { min-height: 0; } .marks, .never { break-after: avoid; break-inside: avoid; }
  .scroll { margin-bottom: 12px; } .panel { padding: 12px 16px; }
  h2, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 9pt; } .wide table { font-size: 8pt; } .scroll th, .scroll td { padding: 3px 5px; } caption { padding: 8px 5px; font-size: 11pt; }
  .scroll thead th { white-space: normal; } details:not([open]) { display: none; }
  .u-legend .u-value { display: none; }
  .u-inline.u-live th::after { content: ''; }
  .scroll th:first-child { position: static; }
  .examples table { font-size: 8pt; } .examples td:nth-child(2), .hazards td:nth-child(2) { min-width: 0; } .examples code { white-space: normal; }
  .tables .remark { margin-bottom: 12px; }
  .cards { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .card .value { font-size: 15pt; }
}
`;
