import type { HazardName } from '../../hazards/hazards.js';
import { listHazards, neverHappened } from '../../hazards/times.js';
import { hazardTimes } from '../../runs/hazards.js';
import type { RunRecord } from '../../runs/record.js';
import { runHeads } from './comparison.js';
import { lengthText, type Placed, placedHazards } from './lanes.js';
import { type Content, html, type Markup, table, withCode } from './markup.js';
import { letterOf } from './palette.js';
import { NOTHING, type Writer } from './writer.js';

/** Occurrences of each hazard that the page lists: its file has all of them. */
const MOST_LISTED = 20;

/** The hazards of a run: how often each happened, which never did, and the timed ones one by one; empty without any. */
export function hazardsSection(w: Writer, run: RunRecord): Content {
  const counts = listHazards(hazardTimes(run));
  if (counts.length === 0) return '';
  const { hazards: words } = w.m;
  const never = neverHappened(hazardTimes(run)).map(
    (name) => html`<p class="remark never">${withCode(words.never(name))}</p>`,
  );
  return html`<section aria-labelledby="hazards"><h2 id="hazards">${words.title()}</h2>
${never}
<div class="tables one hazards">${countsTable(w, run, counts)}${occurrencesTable(w, placedHazards(run))}</div></section>`;
}

function countsTable(w: Writer, run: RunRecord, counts: readonly [HazardName, number][]): Markup {
  const { hazards: words } = w.m;
  const rowsOf = (name: HazardName) =>
    run.occurrences
      .filter((occurrence) => occurrence.name === name)
      .reduce((sum, { rows }) => sum + rows, 0);
  return table({
    caption: words.counts(),
    words: 2,
    head: [words.hazard(), words.what(), words.times(), words.rows()],
    rows: counts.map(([name, times]) => [
      html`<code>${name}</code>`,
      words.of[name](),
      times === 0 ? html`<span class="word unsure">${words.none()}</span>` : w.count(times),
      rowsOf(name) === 0 ? NOTHING : w.count(rowsOf(name)),
    ]),
  });
}

/** The first occurrences of each timed hazard, in the order of time, and how many more there were. */
function occurrencesTable(w: Writer, placed: readonly Placed[]): Content {
  if (placed.length === 0) return '';
  const { hazards: words } = w.m;
  const seen = new Map<string, number>();
  const listed = placed.filter(({ occurrence: { name } }) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before < MOST_LISTED;
  });
  const more = placed.length - listed.length;
  return html`<details><summary>${words.occurrences({ shown: w.count(placed.length) })}</summary>
${table({
  caption: words.occurrences({ shown: w.count(placed.length) }),
  words: 4,
  head: [words.began(), words.hazard(), words.change(), 'LSN', words.length(), words.rows()],
  rows: listed.map(({ occurrence: { name, change, lsn, length_ms, rows }, from }) => [
    w.clock(from),
    html`<code>${name}</code>`,
    change === null ? NOTHING : words.changeOf(change),
    lsn === null ? NOTHING : html`<code>${lsn}</code>`,
    lengthText(w, length_ms),
    rows === 0 ? NOTHING : w.count(rows),
  ]),
})}
${more === 0 ? '' : html`<p class="remark">${withCode(words.more({ most: MOST_LISTED, shown: w.count(more) }))}</p>`}</details>`;
}

/** How often each hazard happened in these runs, with a column a run; empty for runs without hazards. */
export function comparedHazards(w: Writer, runs: readonly RunRecord[]): Content {
  const counts = runs.map(hazardTimes);
  const names = listHazards(Object.assign({}, ...counts)).map(([name]) => name);
  if (names.length === 0) return '';
  return table({
    caption: w.m.hazards.counts(),
    head: [w.m.hazards.hazard(), ...runHeads(w, runs)],
    labels: ['', ...runs.map((_, index) => letterOf(index))],
    rows: names.map((name) => [
      html`<code>${name}</code>`,
      ...counts.map(({ [name]: times }) =>
        times === 0 ? html`<span class="word unsure">${w.m.hazards.none()}</span>` : w.count(times),
      ),
    ]),
  });
}
