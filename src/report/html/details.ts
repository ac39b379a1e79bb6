import type {
  GeneratorFigures,
  RunSummary,
  ThresholdResult,
  TypeFigures,
} from '../../runs/summary.js';
import { OPERATIONS, type Operation } from '../../schema/changes.js';
import { type Content, html, type Markup, table } from './markup.js';
import type { Writer } from './writer.js';

type ByOperation = Partial<Record<Operation, TypeFigures>>;

/** Tables of a summary's other figures: those that are not headlines. */
export function details(w: Writer, summary: RunSummary): Content[] {
  return [
    thresholds(w, summary.thresholds),
    latency(w, summary),
    byType(w, summary),
    rows(w, summary),
    html`<div class="stack">${[
      slots(w, summary),
      // Runs of earlier versions lack the generator's figures.
      summary.generator === undefined ? '' : generator(w, summary.generator),
    ]}</div>`,
  ];
}

function thresholds(w: Writer, results: readonly ThresholdResult[]): Content {
  const { m } = w;
  if (results.length === 0) return '';
  return table({
    caption: m.thresholds(),
    head: [m.threshold(), m.result(), m.measured()],
    words: 2,
    rows: results.map(({ threshold, held, value, aborted }) => [
      html`<code>${threshold}</code>`,
      held
        ? html`<span class="held">✓ ${m.held()}</span>`
        : html`<span class="broken">✕ ${aborted ? m.aborted() : m.notHeld()}</span>`,
      w.plain(value),
    ]),
  });
}

function latency(w: Writer, { latency_ms }: RunSummary): Markup {
  const { m } = w;
  return table({
    caption: m.quantiles(),
    head: [m.measure(), 'p50', 'p90', 'p99', 'p99.9', m.maximum()],
    rows: (['response', 'service', 'lag'] as const).map((name) => {
      const { p50, p90, p99, p999, max } = latency_ms[name];
      return [m[name](), ...[p50, p90, p99, p999, max].map((value) => w.millis(value))];
    }),
  });
}

function byType(w: Writer, summary: RunSummary): Content {
  const { m } = w;
  const types: [string, ByOperation | undefined][] = Object.entries(summary.by_type);
  const cells = types.flatMap(([type, operations]) =>
    OPERATIONS.flatMap((operation) => {
      const figures = operations?.[operation];
      return figures === undefined ? [] : [{ type, operation, figures }];
    }),
  );
  if (cells.length === 0) return '';
  return html`<div class="wide">${table({
    caption: m.byType(),
    words: 2,
    head: [
      m.type(),
      m.operation(),
      m.eventCount(),
      ...['p50', 'p99', m.maximum()].map((quantile) => `${m.response()} ${quantile}`),
      ...['p50', 'p99', m.maximum()].map((quantile) => `${m.service()} ${quantile}`),
    ],
    rows: cells.map(({ type, operation, figures: { events, response, service } }) => [
      type,
      m.operationName(operation),
      w.count(events),
      ...[response, service].flatMap(({ p50, p99, max }) =>
        [p50, p99, max].map((value) => w.millis(value)),
      ),
    ]),
  })}</div>`;
}

function rows(w: Writer, summary: RunSummary): Markup {
  const { m } = w;
  const counts = Object.entries(summary.rows).map(([name, row]) => {
    const each = OPERATIONS.map((operation) => row[operation]);
    return { name, each: [...each, each.reduce((sum, count) => sum + count, 0)] };
  });
  const totals = [...OPERATIONS, 'total'].map((_, column) =>
    counts.reduce((sum, { each }) => sum + (each[column] ?? 0), 0),
  );
  return table({
    caption: m.rows(),
    head: [m.table(), ...OPERATIONS.map((operation) => m[operation]()), m.total()],
    rows: counts.map(({ name, each }) => [name, ...each.map((count) => w.count(count))]),
    foot: [m.total(), ...totals.map((count) => w.count(count))],
  });
}

function slots(w: Writer, summary: RunSummary): Content {
  const { m } = w;
  const seen = Object.entries(summary.slots);
  if (seen.length === 0) return '';
  return table({
    caption: m.slotTable(),
    head: [m.slot(), m.retained(), m.unconfirmed()],
    rows: seen.map(([name, { retained_bytes, lag_bytes }]) => [
      name,
      w.bytes(retained_bytes),
      w.bytes(lag_bytes),
    ]),
  });
}

function generator(w: Writer, figures: GeneratorFigures): Markup {
  const { m } = w;
  // The head of the page names a bottleneck.
  const { bottleneck } = figures;
  return html`<div>${table({
    caption: m.generator(),
    head: [m.figure(), m.value()],
    rows: [
      [m.cpuMean(), m.coresOf({ cores: w.cores(figures.cpu_cores) })],
      [m.rssPeak(), w.bytes(figures.rss_peak_bytes)],
      [m.rssGrowth(), w.bytes(figures.rss_growth_bytes)],
      [m.late(), w.ms(figures.late_ms)],
    ],
  })}
${bottleneck === null ? html`<p class="remark">${m.noBottleneck()}</p>` : ''}</div>`;
}
