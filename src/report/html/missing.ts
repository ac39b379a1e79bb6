import type { RunRecord } from '../../runs/record.js';
import { type Content, html } from './markup.js';
import type { Marks } from './plot-data.js';
import type { Writer } from './writer.js';

/** Seconds until the WAL of a second is known: it takes two looks. */
const FIRST_LOOKS = 2;

/** Explains what the plots of a run lack: seconds, curves, whole plots; empty if they lack nothing. */
export function missingData(
  w: Writer,
  { series, summary, latency }: RunRecord,
  marks: Marks,
): Content {
  const { missing } = w.m;
  const every = <T>(pick: (point: (typeof series)[number]) => T, value: T) =>
    series.length > 0 && series.every((point) => pick(point) === value);
  const seconds = marks.gaps.reduce(
    (sum, [from, to]) => sum + Math.round(to) - Math.round(from) - 1,
    0,
  );
  const unseen = every(({ wal_bytes }) => wal_bytes ?? null, null);
  const unasked = series.filter(
    ({ wal_bytes, second }) => (wal_bytes ?? null) === null && second > FIRST_LOOKS + 1,
  ).length;
  const reasons = [
    series.length === 0 ? w.m.noSeries() : '',
    summary === null && series.length > 0 ? missing.end() : '',
    seconds > 0 ? missing.seconds({ count: seconds, shown: w.count(seconds) }) : '',
    every(({ offered }) => offered ?? null, null) ? missing.offered() : '',
    unseen ? missing.wal() : '',
    !unseen && unasked > 0 ? missing.walSeconds({ count: unasked, shown: w.count(unasked) }) : '',
    !unseen && every(({ slots }) => slots?.length ?? 0, 0) ? missing.slots() : '',
    summary !== null && latency === null ? missing.distribution() : '',
  ].filter((reason) => reason !== '');
  if (reasons.length === 0) return '';
  return html`<div class="missing"><h3>${missing.title()}</h3><ul>${reasons.map(
    (reason) => html`<li>${reason}</li>`,
  )}</ul></div>`;
}
