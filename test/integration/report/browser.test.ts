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
import { waitFor } from '../../helpers/wait-for.js';

const CHROMIUM = '/usr/bin/chromium';
const SKIP = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}; install it to run this`;
/** Folder for screenshots of the pages, for a person to look at; no screenshots without it. */
const SHOTS = process.env.REPORT_SHOTS;

const WIDTHS = [400, 800, 1400];
const SCHEMES = ['light', 'dark'] as const;

const RUN_PLOTS = ['throughput', 'latency', 'percentiles', 'memory', 'cpu', 'wal', 'slots'];
const COMPARED_PLOTS = ['throughput', 'response', 'percentiles', 'service', 'memory', 'wal'];
/** The latency of a verified run stands with the verdict, above the others. */
const VERIFIED_PLOTS = ['cdc-latency', ...RUN_PLOTS];
/** Lanes stand below the wide plots. */
const HAZARD_PLOTS = RUN_PLOTS.toSpliced(2, 0, 'hazards');
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
  options: { width: number; scheme: (typeof SCHEMES)[number]; hasTouch?: boolean },
  body: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const file = join(folder, 'report.html');
    await writeFile(file, renderReport(runs, messagesIn(lang), lang));
    const context = await browser?.newContext({
      viewport: { width: options.width, height: 900 },
      colorScheme: options.scheme,
      hasTouch: options.hasTouch ?? false,
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
  ['hazards', [sampleRun({ hazards: true })], HAZARD_PLOTS],
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

/** Resolves after a frame; runs in the page. */
const NEXT_FRAME =
  'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

/** True once every plot has the width of its place; runs in the page. */
const FITTED = `[...document.querySelectorAll('.plot')].every(
  (plot) => plot.querySelector('canvas').clientWidth === plot.clientWidth,
)`;

for (const [name, runs, plots] of PAGES) {
  for (const lang of LANGUAGES) {
    test(
      `${name}: the page is whole in ${lang}, at every width and in both schemes`,
      {
        skip: SKIP,
      },
      () =>
        withPage(runs, lang, { width: 400, scheme: 'light' }, async (page, complaints) => {
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            for (const scheme of SCHEMES) {
              await page.emulateMedia({ colorScheme: scheme });
              // The page draws anew before the next frame.
              await page.evaluate(NEXT_FRAME);
              await waitFor(() => page.evaluate<boolean>(FITTED));
              await assertWhole(page, plots, `${name}-${lang}-${scheme}-${width}`);
            }
          }
          assert.deepEqual(complaints, []);
        }),
    );
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
    // The browser complains of a second look at the same pixels.
    assert.ok((await pixelsIn(page, 'memory', 'curve-2')) > 5, 'a value without a line');
  });
  const bare = { ...run, series: [] };
  await withPage([bare], 'en', { width: 1400, scheme: 'light' }, async (page, complaints) => {
    await assertWhole(page, ['percentiles'], 'run-without-series');
    assert.deepEqual(complaints, []);
  });
});

test('no script runs but the page’s own', { skip: SKIP }, () =>
  withPage([sampleRun()], 'en', { width: 1400, scheme: 'light' }, async (page, complaints) => {
    await page.evaluate(`(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "changed"';
      document.body.append(script);
    })()`);
    assert.notEqual(await page.title(), 'changed');
    assert.match(complaints.join('\n'), /Content Security Policy/);
  }),
);

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
  const bare = { ...sampleRun({ verdict: 'exact' }), series: [], summary: null, latency: null };
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
    await waitFor(async () => (await width()) < before / 2);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.evaluate(NEXT_FRAME);
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

/** Counts the pixels of a plot that have exactly the colour of a custom property; runs in the page. */
const pixelsIn = (page: Page, plot: string, colour: string) =>
  page.evaluate<number>(`(() => {
    const hex = getComputedStyle(document.documentElement).getPropertyValue('--${colour}').trim();
    const wanted = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
    const canvas = document.querySelector('#plot-${plot} canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4)
      if (wanted.every((part, at) => data[i + at] === part) && data[i + 3] === 255) found++;
    return found;
  })()`);

test('the verdict heads the page, and thresholds are drawn in their plots by their outcome', {
  skip: SKIP,
}, async () => {
  const run = sampleRun({ verdict: 'violation' });
  await withPage([run], 'en', { width: 1400, scheme: 'light' }, async (page) => {
    assert.match((await page.textContent('.verdict strong')) ?? '', /^CDC: 52 events missing/);
    assert.ok((await pixelsIn(page, 'latency', 'good')) > 100);
    assert.ok((await pixelsIn(page, 'percentiles', 'good')) > 50);
    assert.ok((await pixelsIn(page, 'slots', 'bad')) > 100);
    assert.equal(await pixelsIn(page, 'memory', 'good'), 0);
    // Stages, pauses and outages.
    assert.ok((await pixelsIn(page, 'cpu', 'stage')) > 100);
    assert.ok((await pixelsIn(page, 'cpu', 'pause')) > 100);
    assert.ok((await pixelsIn(page, 'cpu', 'outage')) > 100);
  });
  const summary = run.summary ?? assert.fail();
  const free = { ...run, settings: null, summary: { ...summary, thresholds: [] } };
  await withPage([free], 'en', { width: 1400, scheme: 'light' }, async (page) => {
    assert.equal(await pixelsIn(page, 'latency', 'good'), 0);
    assert.equal(await pixelsIn(page, 'slots', 'bad'), 0);
    assert.equal(await pixelsIn(page, 'cpu', 'stage'), 0);
  });
});

test(
  'the values at the cursor stand beside it: for a mouse, the arrow keys, and a finger',
  {
    skip: SKIP,
  },
  () =>
    withPage(
      [sampleRun()],
      'en',
      { width: 1400, scheme: 'light', hasTouch: true },
      async (page, complaints) => {
        const values = page.locator('#plot-throughput .values');
        const plot = page.locator('#plot-throughput .uplot');
        assert.equal(await values.isVisible(), false);
        await plot.scrollIntoViewIfNeeded();
        const box = (await page.locator('#plot-throughput .u-over').boundingBox()) ?? assert.fail();
        // Second 208 of 300, in a pause.
        await page.touchscreen.tap(box.x + (box.width * 207) / 299, box.y + 50);
        assert.match(await values.innerText(), /^3:28\s[\s\S]*\spaused$/);

        await page.hover('#plot-throughput .u-over', { position: { x: 300, y: 100 } });
        assert.match(await values.innerText(), /^\d:\d\d\s+offered\s+[\d,]+\s+committed\s+[\d,]+/);
        assert.match(await values.innerText(), /constant:800\/120s$/);
        await page.hover('h1');
        assert.equal(await values.isVisible(), false);

        await plot.focus();
        for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowLeft']) {
          await page.keyboard.press(key);
        }
        assert.match(await values.innerText(), /^0:02\s/);
        assert.match((await plot.getAttribute('aria-valuetext')) ?? '', /^0:02, offered 800, comm/);
        assert.equal(await plot.getAttribute('role'), 'slider');
        await page.keyboard.press('Escape');
        assert.equal(await values.isVisible(), false);

        assert.deepEqual(complaints, []);
      },
    ),
);

test(
  'a part of the plots is shown by dragging, and Esc shows the whole again',
  { skip: SKIP },
  () =>
    withPage([sampleRun()], 'en', { width: 1400, scheme: 'light' }, async (page) => {
      const ends = async () => {
        await page.focus('#plot-memory .uplot');
        const seen: string[] = [];
        for (const key of ['Home', 'End']) {
          await page.keyboard.press(key);
          seen.push((await page.textContent('#plot-memory .values .at')) ?? '');
        }
        return seen.join(' ');
      };
      assert.equal(await ends(), '0:01 5:00');
      const over = page.locator('#plot-throughput .u-over');
      await over.scrollIntoViewIfNeeded();
      const box = (await over.boundingBox()) ?? assert.fail();
      await page.mouse.move(box.x + box.width / 2, box.y + 50);
      await page.mouse.down();
      await page.mouse.move(box.x + (box.width * 3) / 4, box.y + 50);
      await page.mouse.up();
      assert.match(await ends(), /^2:3\d 3:4\d$/);
      await page.keyboard.press('Escape');
      assert.equal(await ends(), '0:01 5:00');
    }),
);

test(
  'hazards stand in lanes: a mouse, the arrow keys and the other plots say what happened',
  { skip: SKIP },
  () =>
    withPage(
      [sampleRun({ hazards: true })],
      'en',
      { width: 1400, scheme: 'light' },
      async (page, complaints) => {
        const over = page.locator('#plot-hazards .u-over');
        await over.scrollIntoViewIfNeeded();
        const box = (await over.boundingBox()) ?? assert.fail();
        // Second 42 of 300, in the first huge transaction, and in a long one.
        await page.mouse.move(box.x + (box.width * 41) / 299, box.y + 20);
        const values = page.locator('#plot-hazards .values');
        assert.match(
          await values.innerText(),
          /^0:42\s[\s\S]*\shuge: 100,000 rows · 8\.2 s\s+long: 9 rows · 45 s$/,
        );
        await page.hover('#plot-throughput .u-over', {
          position: { x: (box.width * 41) / 299, y: 60 },
        });
        assert.match(
          await page.locator('#plot-throughput .values').innerText(),
          /\shuge: 100,000 rows/,
        );
        assert.ok((await pixelsIn(page, 'hazards', 'hazard')) > 1_000, 'spans in the lanes');
        assert.ok((await pixelsIn(page, 'memory', 'hazard')) > 100, 'a strip in other plots');

        // The keys go from hazard to hazard.
        const plot = page.locator('#plot-hazards .uplot');
        await plot.focus();
        await page.keyboard.press('Home');
        assert.match(
          (await plot.getAttribute('aria-valuetext')) ?? '',
          /^0:04, .*ddl: add-column of/,
        );
        assert.match((await plot.getAttribute('aria-label')) ?? '', /key-change 25; huge 3/);
        assert.deepEqual(complaints, []);
      },
    ),
);

test('on paper the page is light, as wide as the paper, and complete', { skip: SKIP }, () =>
  withPage(
    [sampleRun({ hazards: true })],
    'en',
    { width: 1400, scheme: 'dark' },
    async (page, complaints) => {
      // A4 between its margins: wider content would shrink the whole page.
      await page.setViewportSize({ width: 688, height: 900 });
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 688);
      const pdf = await page.pdf({ format: 'A4' });
      assert.ok(pdf.length > 50_000, `${pdf.length} bytes`);
      if (SHOTS !== undefined) await writeFile(join(SHOTS, 'run.pdf'), pdf);
      assert.deepEqual(complaints, []);
    },
  ),
);
