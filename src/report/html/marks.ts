import type { Messages } from '../../messages/index.js';
import type { RunRecord } from '../../runs/record.js';
import { type Content, html, type Markup } from './markup.js';
import type { Marks } from './plot.js';

export const NO_MARKS: Marks = { paused: [], reconnects: [], rejections: [], failures: [] };

/** What happened at a moment of the run. */
export function marksOf({ series, summary }: RunRecord): Marks {
  const paused: [number, number][] = [];
  let before = 0;
  for (const point of series) {
    const open = paused.at(-1);
    if (point.paused) {
      if (open !== undefined && open[1] === before) open[1] = point.second;
      else paused.push([before, point.second]);
    }
    before = point.second;
  }
  const secondsWith = (field: 'reconnects' | 'rejected') =>
    series.filter((point) => point[field] > 0).map(({ second }) => second);
  const last = series.at(-1);
  return {
    paused,
    reconnects: secondsWith('reconnects'),
    rejections: secondsWith('rejected'),
    failures: summary?.stopped_by === 'critical' && last !== undefined ? [last.second] : [],
  };
}

/** Explains those marks that occur in the plots. */
export function marksLegend(m: Messages['page'], marks: Marks): Content {
  const entries: [readonly unknown[], string, Markup][] = [
    [marks.paused, m.pausedMark(), html`<rect class="mark-pause" width="16" height="16" rx="2"/>`],
    [
      marks.reconnects,
      m.reconnectMark(),
      html`<path class="mark-reconnect" d="M8 0v16" stroke-dasharray="4 3"/><path class="mark-reconnect-head" d="M3 0h10l-5 7z"/>`,
    ],
    [marks.rejections, m.rejectionMark(), html`<path class="mark-rejection" d="M8 3v10"/>`],
    [marks.failures, m.failureMark(), html`<path class="mark-failure" d="M8 0v16"/>`],
  ];
  const shown = entries.filter(([moments]) => moments.length > 0);
  if (shown.length === 0) return '';
  return html`<ul class="marks" aria-label="${m.marks()}">${shown.map(
    ([, label, shape]) =>
      html`<li><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${shape}</svg>${label}</li>`,
  )}</ul>`;
}
