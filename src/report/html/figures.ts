import type { SeriesPoint } from '../../run/series.js';
import { rejectedTotal } from '../../run/worker-stats.js';
import type { RunRecord } from '../../runs/record.js';

/** The figures that a run is judged by; null where they are not known. */
export interface Figures {
  readonly achieved: number | null;
  readonly target: number | null;
  readonly events: number;
  readonly seconds: number;
  readonly pausedSeconds: number;
  readonly rejected: number;
  readonly shed: number;
  readonly offered: number | null;
  readonly reconnects: number;
  readonly retries: number | null;
  readonly inDoubt: number | null;
  readonly settled: number | null;
  readonly rssPeak: number | null;
  /** The most WAL that any slot kept, in bytes. */
  readonly retainedPeak: number | null;
}

/** From the summary, or from the series of a run that left none. */
export function figuresOf({ summary, series }: RunRecord): Figures {
  const rssPeak = highest(series.map(({ rss_bytes }) => rss_bytes));
  const retained = series.flatMap(({ slots }) => (slots ?? []).map((slot) => slot.retained_bytes));
  if (summary !== null) {
    const { transactions } = summary;
    return {
      achieved: summary.achieved_rate,
      target: summary.target_rate,
      events: summary.events,
      seconds: summary.seconds,
      pausedSeconds: summary.paused_seconds,
      rejected: rejectedTotal(summary.rejected),
      shed: summary.shed,
      offered: summary.offered,
      reconnects: summary.reconnects,
      retries: summary.retries,
      inDoubt: transactions.in_doubt,
      settled: transactions.settled,
      rssPeak: summary.generator?.rss_peak_bytes ?? rssPeak,
      retainedPeak: highest([
        ...Object.values(summary.slots).map((slot) => slot.retained_bytes),
        ...retained,
      ]),
    };
  }
  const sum = (pick: (point: SeriesPoint) => number | null, points = series) =>
    points.reduce((total, point) => total + (pick(point) ?? 0), 0);
  const seconds = series.at(-1)?.second ?? 0;
  const pausedSeconds = series.filter(({ paused }) => paused).length;
  const events = sum((point) => point.committed);
  const targets = series.filter(({ target, paused }) => target !== null && !paused);
  return {
    achieved: seconds > pausedSeconds ? events / (seconds - pausedSeconds) : null,
    target: targets.length === 0 ? null : sum((point) => point.target, targets) / targets.length,
    events,
    seconds,
    pausedSeconds,
    rejected: sum((point) => point.rejected),
    shed: sum((point) => point.shed),
    offered: targets.length === 0 ? null : sum((point) => point.offered),
    reconnects: sum((point) => point.reconnects),
    retries: null,
    inDoubt: null,
    settled: null,
    rssPeak,
    retainedPeak: highest(retained),
  };
}

function highest(values: readonly (number | null | undefined)[]): number | null {
  return values.reduce<number | null>(
    (most, value) => (typeof value === 'number' && value > (most ?? -1) ? value : most),
    null,
  );
}
