import assert from 'node:assert/strict';
import test from 'node:test';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { verificationPlots } from '../../../src/report/html/cdc-plots.js';
import { html } from '../../../src/report/html/markup.js';
import { renderReport } from '../../../src/report/html/page.js';
import type { PageData } from '../../../src/report/html/plot-data.js';
import { VERDICT_CODES, type Verdict } from '../../../src/verify/verdict/accounting.js';
import { sampleRun } from '../../helpers/sample-run.js';

const en = messagesIn('en');
const VERDICTS = Object.keys(VERDICT_CODES) as Verdict[];

/** The section about the pipeline; empty where there is none. */
function sectionOf(page: string): string {
  return /<section aria-labelledby="cdc">.*?<\/section>/s.exec(page)?.[0] ?? '';
}

/** A verified run, and its verification. */
function verified(verdict: Verdict) {
  const run = sampleRun({ verdict });
  return { run, verification: run.verification ?? assert.fail() };
}

test('a run that was not verified has no section about the pipeline', () => {
  const page = renderReport([sampleRun()], en, 'en');
  assert.equal(sectionOf(page), '');
  assert.ok(!page.includes('cdc-latency'));
});

test('every verdict is shown in both languages, with its doubts', () => {
  for (const lang of LANGUAGES) {
    const messages = messagesIn(lang);
    for (const verdict of VERDICTS) {
      const { run, verification } = verified(verdict);
      const section = sectionOf(renderReport([run], messages, lang));
      const { document } = verification;
      assert.ok(section.includes(`<strong>${messages.verify.verdictNames[verdict]}</strong>`));
      assert.ok(section.includes(document.accounting.committed.toLocaleString(lang)));
      assert.ok(section.includes(document.source));
      assert.equal(
        section.includes('<ul><li>'),
        Object.keys(document.doubts).length + document.notes.length > 0,
      );
      assert.doesNotMatch(section, /undefined|NaN|\[object|Infinity|`/);
    }
  }
});

test('the newest verdict is shown, and the others are listed with their files', () => {
  const { run, verification } = verified('exact');
  const { document } = verification;
  const earlier = { ...document, verdict: 'violation' as const, began: '2026-11-20T10:00:00.000Z' };
  const verdicts = [
    { file: 'verify-2.json', document },
    { file: 'verify-1.json', document: earlier },
  ];
  const section = sectionOf(renderReport([{ ...run, verdicts }], en, 'en'));
  assert.ok(section.includes('<strong>exact</strong>'));
  const list = section.split(en.page.cdc.earlier()).at(-1) ?? '';
  assert.ok(list.includes('<code>verify-1.json</code>'));
  assert.ok(list.includes(en.verify.verdictNames.violation));
  assert.ok(!section.includes('verify-2.json'));
  const alone = sectionOf(renderReport([{ ...run, verdicts: [verdicts[0]!] }], en, 'en'));
  assert.ok(!alone.includes(en.page.cdc.earlier()));
});

test('violations are named, with the places where to look them up', () => {
  const { run } = verified('violation');
  const section = sectionOf(renderReport([run], en, 'en'));
  for (const text of [
    '52 missing, 1 altered, 1 inconsistent.',
    en.page.cdc.firstExamples(),
    'this event of the transaction did not arrive, though others did',
    '<code>internacoes</code>',
    '<code>9007199254740993</code>',
    '<code>81234</code>',
    '<code>0/3A60D10</code>',
    'worker-2.ledger#412',
    'input 10512',
    'missing: 51',
  ]) {
    assert.ok(section.includes(text), text);
  }
  assert.ok(!section.includes('/var/lib/runs'));
  const good = sectionOf(renderReport([verified('exact').run], en, 'en'));
  assert.ok(!good.includes(en.page.cdc.firstExamples()));
});

test('a share just below all is not rounded up to 100%', () => {
  const { run, verification } = verified('exact');
  const { document } = verification;
  const share = (delivered: number) => {
    const accounting = { ...document.accounting, committed: 100_000, delivered };
    const changed = { ...verification, document: { ...document, accounting } };
    const section = sectionOf(renderReport([{ ...run, verification: changed }], en, 'en'));
    return /of 100,000 expected · ([\d.]+%)/.exec(section)?.[1];
  };
  assert.equal(share(99_999), '99.9%');
  assert.equal(share(100_000), '100%');
});

test('the offset between the clocks stands with the latencies, also when it was not measured', () => {
  const { run, verification } = verified('exact');
  const { document } = verification;
  const section = sectionOf(renderReport([run], en, 'en'));
  assert.ok(section.includes(html`${en.verify.commitToConnector()}`.text));
  assert.match(section, /clock is 12\.5 ms ahead of this one, ± 0\.21 ms\./);
  const unknown = { ...verification, document: { ...document, clock_offset_ms: null } };
  const without = sectionOf(renderReport([{ ...run, verification: unknown }], en, 'en'));
  assert.match(without, /The difference between the clocks was not measured\./);
});

test('latency is plotted at the seconds of the run, also when the clock of the server is off', () => {
  const { run, verification } = verified('exact');
  const [plot] = verificationPlots(en.page, run);
  const [arrivals, ofRun] = plot?.tables ?? [];
  const { points } = verification;
  assert.equal(arrivals?.xs.length, points.length);
  assert.equal(arrivals?.xs[0], 1);
  assert.deepEqual(
    arrivals?.curves.map(({ label }) => label),
    ['p50', 'p99', 'max'],
  );
  // The outage and the pause of the sample.
  assert.ok(!arrivals?.xs.includes(170) && !arrivals?.xs.includes(210));
  assert.deepEqual(
    ofRun?.xs,
    run.series.map(({ second }) => second),
  );
  // A clock that is an hour fast shifts every point, and the measured offset.
  const hour = 3_600_000;
  const { clock_offset_ms } = verification.document;
  const fast = {
    points: points.map((point) => ({ ...point, at: point.at + hour })),
    document: {
      ...verification.document,
      clock_offset_ms: { value: (clock_offset_ms?.value ?? 0) + hour, error: 1 },
    },
  };
  const [same] = verificationPlots(en.page, { ...run, verification: fast });
  assert.deepEqual(same?.tables[0]?.xs, arrivals?.xs);
  // Without a series the plot begins with the first second that has arrivals.
  const [alone] = verificationPlots(en.page, { ...run, series: [] });
  assert.equal(alone?.tables.length, 1);
  assert.equal(alone?.tables[0]?.xs[0], 1);
});

test('a verification that began after the run has no latency, and the page says so', () => {
  const { run, verification } = verified('exact');
  const none = { events: 0, p50: null, p90: null, p99: null, max: null };
  const document = {
    ...verification.document,
    latency_ms: {
      commit_to_connector: none,
      connector_to_received: none,
      commit_to_received: none,
    },
  };
  const late = { ...run, verification: { document, points: [] } };
  const section = sectionOf(renderReport([late], en, 'en'));
  assert.ok(section.includes('No event was committed while <code>verify</code> listened'));
  assert.ok(section.includes(en.page.cdc.notMeasured()));
  assert.ok(!section.includes('class="plot'));
  assert.doesNotMatch(section, /undefined|NaN/);
});

test('a hostile record stays text', () => {
  const hostile = '</script><img src=x onerror=alert(1)>';
  const { run, verification } = verified('violation');
  const [example] = verification.document.examples;
  const document = {
    ...verification.document,
    source: hostile,
    examples: [
      {
        ...(example ?? assert.fail()),
        table: hostile as never,
        operation: hostile as never,
        key: hostile,
        lsn: hostile,
        ledger: { file: hostile, intent: 1 },
      },
    ],
  };
  const page = renderReport([{ ...run, verification: { ...verification, document } }], en, 'en');
  assert.ok(!page.includes('<img'));
  assert.equal(page.match(/<\/script>/g)?.length, 2);
  const [, json = ''] = /id="data">(.*?)<\/script>/s.exec(page) ?? [];
  assert.equal((JSON.parse(json) as PageData).plots[0]?.id, 'cdc-latency');
});

test('compared runs have their verdicts side by side, if any was verified', () => {
  const runs = [
    sampleRun({ runId: 'first', verdict: 'exact' }),
    sampleRun({ runId: 'second', verdict: 'violation' }),
    sampleRun({ runId: 'third' }),
  ];
  const page = renderReport(runs, en, 'en');
  const [, row = ''] = /<tr>(<th scope="row">CDC verdict.*?)<\/tr>/s.exec(page) ?? [];
  assert.match(row, /good">exact<.*bad">violation<.*>not verified</s);
  assert.match(page, /<th scope="row">CDC latency p99<\/th>/);
  const unverified = renderReport([sampleRun(), sampleRun({ runId: 'second' })], en, 'en');
  assert.ok(!unverified.includes(en.page.cdc.verdict()));
});
