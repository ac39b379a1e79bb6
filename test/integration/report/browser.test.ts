import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { renderReport } from '../../../src/report/html/page.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { sampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const CHROMIUM = '/usr/bin/chromium';
const SKIP = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}; install it to run this`;
/** Folder for screenshots of the pages, for a person to look at; no screenshots without it. */
const SHOTS = process.env.REPORT_SHOTS;

const WIDTHS = [400, 1400];
const SCHEMES = ['light', 'dark'] as const;

const RUN_PLOTS = ['throughput', 'latency', 'percentiles', 'memory', 'cpu', 'wal', 'slots'];
const COMPARED_PLOTS = ['throughput', 'response', 'percentiles', 'service', 'memory', 'wal'];
/** The latency of a verified run stands with the verdict, above the others. */
const VERIFIED_PLOTS = ['cdc-latency', ...RUN_PLOTS];
const KILLED_PLOTS = RUN_PLOTS.filter((id) => id !== 'percentiles');

/** Counts the painted pixels of each plot; runs in the page. */
const PAINTED = `Object.fromEntries([...document.querySelectorAll('.plot')].map((plot) => {
  const canvas = plot.querySelector('canvas');
  if (canvas === null) return [plot.id, 0];
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) painted++;
  return [plot.id, painted];
}))`;

/** Pixels that a plot's grid and labels alone do not reach. */
const LEAST_PAINTED = 3_000;

let browser: Browser | undefined;

before(async () => {
  if (SKIP !== false) return;
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});

after(async () => {
  await browser?.close();
});

/** Opens the page of these runs from the file system; `complaints` has the browser's errors and requests. */
async function withPage(
  runs: readonly RunRecord[],
  lang: (typeof LANGUAGES)[number],
  options: { width: number; scheme: (typeof SCHEMES)[number] },
  body: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const file = join(folder, 'report.html');
    await writeFile(file, renderReport(runs, messagesIn(lang), lang));
    const context = await browser?.newContext({
      viewport: { width: options.width, height: 900 },
      colorScheme: options.scheme,
      offline: true,
    });
    assert.ok(context);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(request.url()));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    await body(page, complaints);
    await context.close();
  });
}

async function assertWhole(page: Page, plots: readonly string[], name: string): Promise<void> {
  const painted = await page.evaluate<Record<string, number>>(PAINTED);
  assert.deepEqual(
    Object.keys(painted),
    plots.map((id) => `plot-${id}`),
  );
  for (const [id, pixels] of Object.entries(painted)) {
    assert.ok(pixels > LEAST_PAINTED, `${name}: ${id} has ${pixels} painted pixels`);
  }
  const [scrollWidth, innerWidth] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, window.innerWidth]',
  );
  assert.ok(scrollWidth <= innerWidth, `${name}: ${scrollWidth} > ${innerWidth}`);
  if (SHOTS === undefined) return;
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

const PAGES: readonly [name: string, runs: readonly RunRecord[], plots: readonly string[]][] = [
  ['run', [sampleRun()], RUN_PLOTS],
  ['verified', [sampleRun({ verdict: 'violation' })], VERIFIED_PLOTS],
  ['killed', [sampleRun({ killed: true })], KILLED_PLOTS],
  [
    'comparison',
    [
      sampleRun(),
      sampleRun({ runId: '20261124-080000-c3d4', rate: 1200, verdict: 'duplicates' }),
      sampleRun({ runId: '20261124-090000-e5f6', rate: 1000, killed: true }),
    ],
    COMPARED_PLOTS,
  ],
];

for (const [name, runs, plots] of PAGES) {
  for (const lang of LANGUAGES) {
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        test(
          `${name}: the page is whole in ${lang}, ${scheme}, ${width} pixels wide`,
          { skip: SKIP },
          () =>
            withPage(runs, lang, { width, scheme }, async (page, complaints) => {
              await assertWhole(page, plots, `${name}-${lang}-${scheme}-${width}`);
              assert.deepEqual(complaints, []);
            }),
        );
      }
    }
  }
}

test('a run of one second, and one without a series, show without a complaint', {
  skip: SKIP,
}, async () => {
  const run = sampleRun();
  const short = { ...run, series: run.series.slice(1, 2) };
  await withPage([short], 'en', { width: 1400, scheme: 'light' }, async (page, complaints) => {
    await assertWhole(page, RUN_PLOTS, 'run-of-a-second');
    assert.deepEqual(complaints, []);
  });
  const bare = { ...run, series: [] };
  await withPage([bare], 'en', { width: 1400, scheme: 'light' }, async (page, complaints) => {
    await assertWhole(page, ['percentiles'], 'run-without-series');
    assert.deepEqual(complaints, []);
  });
});

test('every verdict has a page that is whole', { skip: SKIP }, async () => {
  for (const [index, verdict] of (['exact', 'duplicates', 'indeterminate'] as const).entries()) {
    const scheme = SCHEMES[index % 2] ?? 'light';
    const runs = [sampleRun({ verdict })];
    await withPage(runs, 'pt-BR', { width: 1400, scheme }, async (page, complaints) => {
      await assertWhole(page, VERIFIED_PLOTS, verdict);
      assert.deepEqual(complaints, []);
    });
  }
  // A run with nothing but its ledger can be verified too.
  const bare = { ...sampleRun({ verdict: 'exact' }), series: [], summary: null };
  await withPage([bare], 'en', { width: 400, scheme: 'dark' }, async (page, complaints) => {
    await assertWhole(page, ['cdc-latency'], 'verified-without-series');
    assert.deepEqual(complaints, []);
  });
});

test('plots follow the width of the window and the colours of the system', { skip: SKIP }, () =>
  withPage([sampleRun()], 'en', { width: 1400, scheme: 'light' }, async (page, complaints) => {
    const width = () =>
      page.evaluate<number>("document.querySelector('#plot-throughput canvas').clientWidth");
    const before = await width();
    await page.setViewportSize({ width: 500, height: 900 });
    await page.waitForFunction(
      `document.querySelector('#plot-throughput canvas').clientWidth < ${before / 2}`,
    );
    await page.emulateMedia({ colorScheme: 'dark' });
    await assertWhole(page, RUN_PLOTS, 'run-en-resized');
    assert.deepEqual(complaints, []);
  }),
);

test('the cursor stands at the same moment in all plots over time', { skip: SKIP }, () =>
  withPage(
    [sampleRun({ verdict: 'exact' })],
    'en',
    { width: 1400, scheme: 'light' },
    async (page, complaints) => {
      await page.hover('#plot-throughput .u-over', { position: { x: 300, y: 100 } });
      const moments = await page.evaluate<string[]>(
        "['throughput', 'cdc-latency', 'latency', 'memory', 'slots'].map((id) => document.querySelector('#plot-' + id + ' .u-value').textContent)",
      );
      assert.match(moments[0] ?? '', /^\d:\d\d$/);
      assert.equal(new Set(moments).size, 1, moments.join(' '));
      assert.deepEqual(complaints, []);
    },
  ),
);

test('on paper the page is light, as wide as the paper, and complete', { skip: SKIP }, () =>
  withPage([sampleRun()], 'en', { width: 1400, scheme: 'dark' }, async (page, complaints) => {
    const pdf = await page.pdf({ format: 'A4' });
    assert.ok(pdf.length > 50_000, `${pdf.length} bytes`);
    if (SHOTS !== undefined) await writeFile(join(SHOTS, 'run.pdf'), pdf);
    assert.deepEqual(complaints, []);
  }),
);
