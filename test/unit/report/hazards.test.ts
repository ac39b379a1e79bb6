import assert from 'node:assert/strict';
import test from 'node:test';
import { HAZARD_NAMES } from '../../../src/hazards/hazards.js';
import type { HazardTimes } from '../../../src/hazards/times.js';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { MOST_POINTS } from '../../../src/report/html/buckets.js';
import { lanesOf } from '../../../src/report/html/lanes.js';
import { html, withCode } from '../../../src/report/html/markup.js';
import { renderReport } from '../../../src/report/html/page.js';
import { Writer } from '../../../src/report/html/writer.js';
import { SeriesStats } from '../../../src/report/series-stats.js';
import { type RunFacts, summarize } from '../../../src/report/summarize.js';
import { WorkerStats } from '../../../src/run/worker-stats.js';
import type { HazardOccurrence } from '../../../src/runs/hazards.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { hospital } from '../../helpers/hospital.js';
import { sampleRun } from '../../helpers/sample-run.js';

const en = messagesIn('en');
const w = new Writer(en, 'en');

/** The page without its data, style and script. */
function bodyOf(page: string): string {
  return page.replace(/<(script|style)\b.*?<\/\1>/gs, '');
}

/** The section of hazards in the page of a run; empty where it has none. */
function sectionOf(run: RunRecord, lang: (typeof LANGUAGES)[number] = 'en'): string {
  const page = bodyOf(renderReport([run], messagesIn(lang), lang));
  return /<section aria-labelledby="hazards">.*?<\/section>/s.exec(page)?.[0] ?? '';
}

/** A hazard that was over in this second of the sample run. */
function over(second: number, changes: Partial<HazardOccurrence> = {}): HazardOccurrence {
  const at = new Date(Date.parse('2026-11-23T20:15:30Z') + second * 1000).toISOString();
  return { at, name: 'truncate', length_ms: 10, rows: 1, lsn: null, change: null, ...changes };
}

test('a run without hazards has no lanes, no section and no word of them', () => {
  const page = renderReport([sampleRun()], en, 'en');
  assert.doesNotMatch(bodyOf(page), /hazard/i);
  assert.doesNotMatch(page, /"id":"hazards"/);
});

test('the summary counts what was asked for, and only in a run with hazards', () => {
  const facts: RunFacts = {
    schema: hospital,
    runId: 'r',
    rng: 1,
    batchSize: 5,
    rate: null,
    curve: null,
    endMs: null,
    sheds: false,
  };
  const summaryOf = (hazards?: HazardTimes) =>
    summarize(
      facts,
      {
        stoppedBy: 'duration',
        seconds: 1,
        activeSeconds: 1,
        lost: false,
        ...(hazards === undefined ? {} : { hazards }),
      },
      [new WorkerStats(hospital)],
      new SeriesStats(1),
      [
        {
          text: 'hazard_ddl>=1',
          metric: 'hazard_ddl',
          comparison: '>=',
          limit: 1,
          unit: '',
          abort: false,
        },
      ],
    );
  const summary = summaryOf({ rollback: 7, ddl: 0 });
  assert.deepEqual(summary.hazards, { rollback: 7, ddl: 0 });
  assert.deepEqual(summary.thresholds, [
    { threshold: 'hazard_ddl>=1', held: false, value: 0, aborted: false },
  ]);
  for (const none of [summaryOf(), summaryOf({})]) assert.equal('hazards' in none, false);
});

test('every hazard stands in the table with its times, and one that never happened has a sentence', () => {
  for (const lang of LANGUAGES) {
    const { hazards: words } = messagesIn(lang).page;
    const section = sectionOf(sampleRun({ hazards: true }), lang);
    const row = (name: 'copy' | 'huge' | 'publication') =>
      new RegExp(`<code>${name}</code></th>.*?</tr>`, 's')
        .exec(section)?.[0]
        .replace(/<.*?>/g, '|');
    assert.match(row('copy') ?? '', /\|570\|+–\|/);
    assert.match(row('huge') ?? '', /\|3\|+300[.,]000\|/);
    assert.match(row('publication') ?? '', new RegExp(`\\|${words.none()}\\|+–\\|`));
    assert.ok(section.includes(html`${withCode(words.never('publication'))}`.text));
    assert.equal(section.match(/class="remark never"/g)?.length, 1);
    assert.doesNotMatch(section, /undefined|NaN|\[object/);
    for (const name of HAZARD_NAMES) assert.ok(words.of[name]().length > 5, name);
  }
});

test('the first twenty of each timed hazard are listed, and the others counted', () => {
  const run = sampleRun({ hazards: true });
  const section = sectionOf(run);
  const [, list = ''] = section.split('<details>');
  const times = (name: string) => list.match(new RegExp(`<code>${name}</code>`, 'g'))?.length;
  assert.deepEqual(['key-change', 'ddl', 'huge'].map(times), [20, 20, 3]);
  assert.match(list, /<code>hazards\.ndjson<\/code> has the other 5, too/);
  assert.match(
    list,
    /0:04.*?<code>ddl<\/code>.*?add-column of prontuarios.*?0\/16B3748.*?31\u00a0ms/s,
  );
  assert.match(list, /add-enum-value of sinais_vitais \(stays\)/);
});

test('a lane has a span for each time, from its beginning to its end', () => {
  const run = {
    ...sampleRun(),
    occurrences: [
      over(20.5, { name: 'huge', length_ms: 8_200, rows: 100_000 }),
      over(0.02, { length_ms: 900 }),
      over(60, {
        name: 'ddl',
        rows: 0,
        change: { name: 'add-column', table: 'prontuarios', stays: false },
      }),
      over(301, { name: 'ddl', length_ms: 5_000 }),
    ],
  };
  assert.deepEqual(lanesOf(w, run), [
    {
      name: 'huge',
      times: 1,
      spans: [{ from: 12.3, to: 20.5, text: '100,000 rows · 8.2 s' }],
    },
    // A clock that was set, or a report that came late, moves nothing out of the run.
    { name: 'truncate', times: 1, spans: [{ from: 0, to: 0.02, text: '1 row · 900\u00a0ms' }] },
    {
      name: 'ddl',
      times: 2,
      spans: [
        { from: 59.99, to: 60, text: 'add-column of prontuarios · 10\u00a0ms' },
        { from: 296, to: 300, text: '1 row · 5 s' },
      ],
    },
  ]);
});

test('a lane of a long run has no more spans than its plots have points', () => {
  const { series, ...run } = sampleRun();
  const [first] = series;
  assert.ok(first !== undefined);
  const seconds = 4 * MOST_POINTS;
  const start = Date.parse(first.at) - 1000;
  const long = Array.from({ length: seconds }, (_, index) => ({
    ...first,
    second: index + 1,
    at: new Date(start + (index + 1) * 1000).toISOString(),
  }));
  const occurrences = long.map(({ second }) => over(second));
  const [lane] = lanesOf(w, { ...run, series: long, occurrences });
  assert.equal(lane?.times, seconds);
  assert.ok((lane?.spans.length ?? 0) <= MOST_POINTS + 1);
  assert.equal(lane?.spans[1]?.text, '4 times');
});

test('a killed run has the counts of its series, and 0 for what else was asked for', () => {
  const section = sectionOf(sampleRun({ hazards: true, killed: true }));
  assert.match(section, /<code>copy<\/code>.*?>360</s);
  assert.match(section, /<code>publication<\/code> was asked for and never happened/);
});

test('compared runs have their counts side by side', () => {
  const runs = [
    sampleRun({ hazards: true }),
    sampleRun({ runId: '20261124-080000-c3d4', hazards: true, killed: true }),
    sampleRun({ runId: '20261125-080000-e5f6' }),
  ];
  const page = bodyOf(renderReport(runs, en, 'en'));
  const cells = (name: string) =>
    [
      ...(new RegExp(`<code>${name}</code></th>(.*?)</tr>`, 's').exec(page)?.[1] ?? '').matchAll(
        /<td[^>]*>(.*?)<\/td>/gs,
      ),
    ].map(([, cell = '']) => cell.replace(/<.*?>/g, ''));
  assert.deepEqual(cells('copy'), ['570', '360', '–']);
  assert.deepEqual(cells('publication'), ['never', 'never', '–']);
  const [calm] = runs.slice(2);
  assert.ok(calm !== undefined);
  assert.doesNotMatch(bodyOf(renderReport([calm, calm], en, 'en')), /hazard/i);
});
