import assert from 'node:assert/strict';
import test from 'node:test';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { Buckets, bucketSeconds, MOST_POINTS } from '../../../src/report/html/buckets.js';
import { marksOf } from '../../../src/report/html/marks.js';
import { embedded, html } from '../../../src/report/html/markup.js';
import { renderReport } from '../../../src/report/html/page.js';
import type { PageData } from '../../../src/report/html/plot-data.js';
import { flatten } from '../../../src/report/html/settings.js';
import { sampleRun } from '../../helpers/sample-run.js';

const en = messagesIn('en');

/** The data of the page's script. */
function dataOf(page: string): PageData {
  const [, json = ''] =
    /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) ?? [];
  return JSON.parse(json);
}

/** The page without its data, style and script. */
function bodyOf(page: string): string {
  return page.replace(/<(script|style)\b.*?<\/\1>/gs, '');
}

const plotIds = (page: string) => dataOf(page).plots.map(({ id }) => id);

test('text is escaped, markup is not, and lists are joined', () => {
  const items = ['<b>', 'a & b'].map((item) => html`<li title="${item}">${item}</li>`);
  assert.equal(
    html`<ul>${items}</ul>`.text,
    '<ul><li title="&lt;b&gt;">&lt;b&gt;</li><li title="a &amp; b">a &amp; b</li></ul>',
  );
  assert.equal(html`${'"\''}`.text, '&quot;&#39;');
  assert.equal(embedded({ a: '</script>' }).text, '{"a":"\\u003c/script>"}');
});

test('a hostile name stays text, in the page and in its data', () => {
  const hostile = '</script><img src=x onerror=alert(1)>';
  const run = sampleRun();
  const slots = [
    { name: hostile, active: true, retained_bytes: 10, lag_bytes: 1, wal_status: null },
  ];
  const series = run.series.map((point) => ({ ...point, slots }));
  const page = renderReport(
    [{ ...run, series, runId: hostile, settings: { [hostile]: hostile } }],
    en,
    'en',
  );
  assert.ok(!page.includes('<img'));
  assert.equal(page.match(/<\/script>/g)?.length, 2);
  assert.equal(
    dataOf(page).plots.find(({ id }) => id === 'slots')?.tables[0]?.curves[0]?.label,
    hostile,
  );
});

test('the report of a run has every plot and table, in both languages', () => {
  for (const lang of LANGUAGES) {
    const messages = messagesIn(lang);
    const page = renderReport([sampleRun()], messages, lang);
    assert.ok(page.startsWith(`<!doctype html>\n<html lang="${lang}">`));
    assert.deepEqual(plotIds(page), [
      'throughput',
      'latency',
      'percentiles',
      'memory',
      'cpu',
      'wal',
      'slots',
    ]);
    for (const text of [
      messages.page.thresholds(),
      messages.page.rows(),
      messages.page.byType(),
      messages.page.generator(),
      messages.page.settings(),
      messages.page.mark.reconnects(),
    ]) {
      assert.ok(page.includes(html`${text}`.text), text);
    }
    assert.doesNotMatch(bodyOf(page), /undefined|NaN|\[object|Infinity/);
  }
});

test('figures are grouped as the language does', () => {
  const run = sampleRun();
  const events = run.summary?.events ?? 0;
  for (const lang of LANGUAGES) {
    const page = renderReport([run], messagesIn(lang), lang);
    assert.ok(page.includes(events.toLocaleString(lang)));
  }
});

test('the page loads nothing from elsewhere', () => {
  const page = renderReport([sampleRun()], en, 'en');
  assert.equal(/\b(src|href)=(?!"data:)/.exec(bodyOf(page)), null);
  assert.equal(/@import|url\(|fetch\(|XMLHttpRequest/.exec(page), null);
  assert.ok(page.includes('default-src &#39;none&#39;'));
});

test('no password is anywhere in the page', () => {
  const page = renderReport([sampleRun()], en, 'en');
  assert.ok(!page.includes('hunter2'));
  assert.ok(page.includes('db.example'));
});

test('secrets are left out of the settings at any depth', () => {
  const settings = {
    PG_PASSWORD: 'x',
    secrets: { inner: 'x' },
    list: [{ databaseUrl: 'x', name: 'kept' }],
    empty: { passphrase: null },
    where: 'see postgres://me:x@host/db',
    at: 'postgres://me:p@x@host/db',
  };
  assert.deepEqual(flatten(settings, '***'), [
    ['PG_PASSWORD', '***'],
    ['secrets', '***'],
    ['list', 'databaseUrl=*** name=kept'],
    ['empty.passphrase', ''],
    ['where', 'see postgres://***@host/db'],
    ['at', 'postgres://***@host/db'],
  ]);
});

test('a run that was killed shows the figures of its series, and says that it left no summary', () => {
  const run = sampleRun({ killed: true });
  const page = renderReport([run], en, 'en');
  assert.ok(page.includes(en.page.fromSeries()));
  assert.ok(plotIds(page).includes('throughput'));
  assert.ok(!plotIds(page).includes('percentiles'));
  const events = run.series.reduce((sum, { committed }) => sum + committed, 0);
  assert.ok(page.includes(en.number(events)));
  assert.doesNotMatch(bodyOf(page), /undefined|NaN|\[object|Infinity/);
});

test('a run without a series, or without anything, has a page too', () => {
  const run = sampleRun();
  const withoutSeries = renderReport([{ ...run, series: [] }], en, 'en');
  assert.ok(withoutSeries.includes(en.page.noSeries()));
  assert.deepEqual(plotIds(withoutSeries), ['percentiles']);
  const empty = renderReport([{ ...run, series: [], summary: null, settings: null }], en, 'en');
  assert.ok(empty.includes(en.page.noSettings()));
  assert.doesNotMatch(bodyOf(empty), /undefined|NaN|\[object|Infinity/);
});

test('panels of unmeasured figures are left out', () => {
  const run = sampleRun();
  const series = run.series.map((point) => ({
    ...point,
    wal_bytes: null,
    slots: null,
    target: null,
    offered: null,
  }));
  const page = renderReport([{ ...run, series }], en, 'en');
  assert.deepEqual(plotIds(page), ['throughput', 'latency', 'percentiles', 'memory', 'cpu']);
  const [throughput] = dataOf(page).plots;
  assert.deepEqual(
    throughput?.tables[0]?.curves.map(({ label }) => label),
    [en.page.committed(), en.page.shedCurve()],
  );
});

test('several runs share their plots, with a colour and a column each', () => {
  const runs = [
    sampleRun({ runId: 'first', rate: 800 }),
    sampleRun({ runId: 'second', rate: 1200 }),
    sampleRun({ runId: 'third', killed: true }),
  ];
  const page = renderReport(runs, en, 'en');
  const { plots } = dataOf(page);
  assert.deepEqual(
    plots.map(({ id }) => id),
    ['throughput', 'response', 'percentiles', 'service', 'memory', 'wal'],
  );
  const curves = plots[0]?.tables.flatMap((table) => table.curves) ?? [];
  assert.deepEqual(
    curves.map(({ label }) => label),
    ['A · first', 'B · second', 'C · third'],
  );
  assert.equal(new Set(curves.map(({ colour }) => colour)).size, 3);
  for (const { runId } of runs) {
    assert.match(page, new RegExp(`<th scope="col" class="figure">.*<abbr title="${runId}">`));
  }
  assert.doesNotMatch(bodyOf(page), /undefined|NaN|\[object|Infinity/);
});

test('adjacent paused seconds are one span, and marks have the seconds of their events', () => {
  const marks = marksOf(sampleRun());
  assert.deepEqual(marks.paused, [[200, 215]]);
  assert.deepEqual(marks.reconnects, [247]);
  assert.deepEqual(marks.rejections, [60, 61, 133, 247]);
  assert.deepEqual(marks.failures, []);
});

test('a run of a day is thinned: a bucket has the mean of rates and the highest of latencies', () => {
  const [point] = sampleRun().series;
  assert.ok(point);
  const series = Array.from({ length: 86_400 }, (_, index) => ({
    ...point,
    second: index + 1,
    committed: index % 2 === 0 ? 10 : 20,
    response_ms: { p50: 1, p99: index === 100 ? 500 : 2, max: 5 },
  }));
  const step = bucketSeconds([{ series }]);
  const buckets = new Buckets(series, step);
  assert.ok(buckets.xs.length <= MOST_POINTS + 1, `${buckets.xs.length} points`);
  assert.equal(
    Math.max(...buckets.values(({ response_ms }) => response_ms.p99, 'highest').map(Number)),
    500,
  );
  const mean = buckets.values(({ committed }) => committed, 'mean')[5] ?? 0;
  assert.ok(mean > 14 && mean < 16, String(mean));
});

/** Text of the page's head, without markup. */
function headOf(page: string): string {
  const [head = ''] = /<header class="head">.*?<\/header>/s.exec(page) ?? [];
  return head.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
}

test('the worst of what is known is the headline, and the other reasons stand below it', () => {
  const verified = headOf(renderReport([sampleRun({ verdict: 'violation' })], en, 'en'));
  assert.match(verified, /✕ CDC: 52 events missing/);
  assert.match(verified, /Did not hold: slot\.debezium_hospital\.retained 65\.2 MB, limit 64 MB/);
  assert.ok(verified.indexOf('CDC:') < verified.indexOf('Did not hold'));
  const [run] = [sampleRun()];
  const summary = run.summary ?? assert.fail();
  const held = { ...summary, thresholds: summary.thresholds.slice(0, 1) };
  const page = renderReport([{ ...run, summary: held }], en, 'en');
  assert.match(headOf(page), /✓ Held: response\.p99 26\.9 ms, limit 50 ms/);
  const generator = { ...summary.generator, bottleneck: 'cpu' as const };
  const busy = renderReport([{ ...run, summary: { ...held, generator } }], en, 'en');
  assert.ok(headOf(busy).includes(en.report.bottleneck('cpu').slice(1)));
});

test('the head names load, server, machine and program, as far as they were recorded', () => {
  const run = sampleRun();
  const head = headOf(renderReport([run], en, 'en'));
  for (const fact of [
    'constant:800/120s, then constant:2000/30s',
    'PostgreSQL 16.4 · db.example:5432',
    '8 cores · Sample CPU @ 3.00GHz · 17.2 GB',
    'oltp-simulator 0.1.0 · Node.js v20.19.0',
  ]) {
    assert.ok(head.includes(fact), `${fact} in ${head}`);
  }
  const older = headOf(renderReport([{ ...run, description: null, settings: null }], en, 'en'));
  assert.ok(!older.includes(en.page.fact.machine()), older);
});

test('settings that differ from the defaults stand in front, the others are folded away', () => {
  const run = sampleRun();
  const [front = '', folded = ''] = bodyOf(renderReport([run], en, 'en'))
    .split('<details>')
    .map((part) => part.replace(/<[^>]+>/g, ' '));
  const [, changed = ''] = front.split(en.page.changedSettings());
  for (const key of ['stream.stages', 'server.host']) assert.ok(changed.includes(key), key);
  assert.ok(!changed.includes('stream.batchSize'));
  assert.ok(folded.includes('stream.batchSize'));
  const older = bodyOf(renderReport([{ ...run, description: null }], en, 'en'));
  assert.ok(!older.includes(en.page.changedSettings()));
  assert.match(older, /<summary>All \d+ settings<\/summary>/);
});

test('gaps in the data are explained', () => {
  const run = sampleRun();
  const explained = (changes: object) => bodyOf(renderReport([{ ...run, ...changes }], en, 'en'));
  assert.ok(!explained({}).includes(en.page.missing.title()));
  const without = (field: string, value: unknown) => ({
    series: run.series.map((point) => ({ ...point, [field]: value })),
  });
  assert.ok(explained(without('wal_bytes', null)).includes(en.page.missing.wal()));
  const away = run.series.map((point) =>
    point.second > 100 && point.second <= 105 ? { ...point, wal_bytes: null } : point,
  );
  assert.ok(
    explained({ series: away }).includes(en.page.missing.walSeconds({ count: 5, shown: '5' })),
  );
  assert.ok(explained(without('slots', [])).includes(en.page.missing.slots()));
  assert.ok(explained(without('offered', null)).includes(en.page.missing.offered()));
  assert.ok(explained({ latency: null }).includes(en.page.missing.distribution()));
  assert.ok(explained({ summary: null }).includes(en.page.missing.end()));
  const holes = { series: run.series.filter(({ second }) => second < 50 || second > 52) };
  assert.ok(explained(holes).includes(en.page.missing.seconds({ count: 3, shown: '3' })));
});

test('compared figures say what is better and what is worse, by figure', () => {
  const run = sampleRun({ runId: 'first' });
  const summary = run.summary ?? assert.fail();
  const response = { ...summary.latency_ms.response, p99: 40 };
  const other = {
    ...run,
    runId: 'second',
    summary: {
      ...summary,
      achieved_rate: summary.achieved_rate * 1.1,
      events: summary.events * 2,
      reconnects: 0,
      latency_ms: { ...summary.latency_ms, response },
    },
  };
  const page = bodyOf(renderReport([run, other], en, 'en', ['first/report.html', null]));
  const cells = (label: string) =>
    (new RegExp(`<th scope="row">${label}</th>(.*?)</tr>`, 's').exec(page)?.[1] ?? '')
      .split('</td>')
      .map((cell) =>
        cell
          .replace(/<[^>]+>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim(),
      );
  assert.match(cells('Achieved rate \\(events/s\\)')[1] ?? '', /\+10% better$/);
  assert.match(cells(en.page.responseP99())[1] ?? '', /^40 ms \+48\.8% worse$/);
  assert.equal(cells(en.page.reconnects())[1], '0 −100% better');
  assert.match(cells(en.page.events())[1] ?? '', /\+100%$/);
  assert.equal(cells(en.page.memoryPeak())[1], cells(en.page.memoryPeak())[0]);
  assert.ok(page.includes('<a href="first/report.html">first</a>'));
  assert.ok(page.includes('<strong>B · second</strong>'));
});

test('a run that left no figures is not better than one that did', () => {
  const run = sampleRun({ runId: 'first' });
  const bare = { ...run, runId: 'second', series: [], summary: null };
  const page = bodyOf(renderReport([run, bare], en, 'en'));
  const [, row = ''] = /Rejected rows.*?<\/th>(.*?)<\/tr>/s.exec(page) ?? [];
  assert.match(row, />8<.*>–</);
  assert.doesNotMatch(page, /class="change/);
});

test('a rate is no better because more was asked for', () => {
  const runs = [sampleRun({ runId: 'first' }), sampleRun({ runId: 'second', rate: 1600 })];
  const page = bodyOf(renderReport(runs, en, 'en'));
  const [, row = ''] = /Achieved rate.*?<\/th>(.*?)<\/tr>/s.exec(page) ?? [];
  assert.doesNotMatch(row, /better|worse/);
});

test('settings that differ between runs stand side by side, equal ones are folded away', () => {
  const runs = [sampleRun({ runId: 'first' }), sampleRun({ runId: 'second', rate: 900 })];
  const [front = '', folded = ''] = bodyOf(renderReport(runs, en, 'en')).split('<details>');
  const [, differing = ''] = front.split(`<span>${en.page.differingSettings()}`);
  assert.match(differing, /stream\.stages.*constant:800\/120s.*constant:900\/120s/s);
  assert.ok(!differing.includes('stream.batchSize'));
  assert.ok(folded.includes('stream.batchSize'));
});

test('a run with a name and a note shows them, with its id', () => {
  const run = sampleRun();
  const stream = { ...(run.settings?.stream as object), name: 'nightly soak', note: 'after <b>' };
  const named = { ...run, settings: { ...run.settings, stream } };
  const page = renderReport([named], en, 'en');
  assert.ok(page.includes('<h1>Report of run nightly soak</h1>'));
  assert.match(headOf(page), /20261123-201530-a1b2 · November 23, 2026/);
  assert.ok(page.includes('<p class="note">after &lt;b&gt;</p>'));
  const [throughput] = dataOf(renderReport([named, run], en, 'en')).plots;
  assert.deepEqual(
    throughput?.tables.map(({ curves }) => curves[0]?.label),
    ['A · nightly soak', 'B · 20261123-201530-a1b2'],
  );
});
