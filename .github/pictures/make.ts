import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { packageRoot } from '../../src/lib/package-root.js';
import { LANGUAGES, type Language } from '../../src/messages/index.js';
import { withTempFolder } from '../../test/helpers/temp-folder.js';
import { openTerminal, terminalsMissing } from '../../test/helpers/terminal.js';
import { Screen, type Span } from './screen.js';
import { drawTerminal } from './svg.js';

/*
 * Makes the pictures of the READMEs from a real run of `demo-cdc` in each language: the terminal as SVG, and the run's
 * page in light and dark as PNG. To be run again when either looks different: `npm run pictures`.
 */

/** The command as a reader types it; `make` runs the same program, once it is built. */
const TYPED = 'make demo-cdc';
const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const PICTURES = join(packageRoot(), '.github', 'pictures');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const COLUMNS = 104;
const ROWS = 50;
/** The schema and the seed, and the results of run and verification. */
const FIRST_LINES = 8;
const LAST_LINES = 34;
/** Pixels: the head of the page and its first two plots. */
const PAGE = { width: 1000, height: 1200 };
/** Leaves out the sections between them. */
const EXCERPT = 'section:is([aria-labelledby=figures], [aria-labelledby=cdc]) { display: none }';
/** Bytes: a page with pictures is to load on a phone. */
const MOST_BYTES = 150_000;

const missing = terminalsMissing();
if (missing !== false) throw new Error(missing);
for (const language of LANGUAGES) {
  await withTempFolder(async (folder) => {
    // As root, the embedded server runs as another user, who must be able to enter.
    chmodSync(folder, 0o755);
    save(`demo-cdc.${language}.svg`, await demo(folder, language));
    const runs = join(folder, 'logs', 'runs');
    const [run] = readdirSync(runs);
    assert.ok(run !== undefined, `no run in ${runs}`);
    await photograph(join(runs, run, 'report.html'), language);
  });
}

/** Runs the demo in a terminal, and draws all that it showed. */
async function demo(cwd: string, language: Language): Promise<string> {
  const script = `stty cols ${COLUMNS} rows ${ROWS}; exec "$0" "$@"`;
  const argv = ['sh', '-c', script, process.execPath, CLI, 'demo-cdc'];
  const env = { APP_LANG: language, TERM: 'xterm-256color', TZ: 'UTC' };
  const { code, shown } = await openTerminal(argv, { cwd, env }).ended();
  assert.equal(code, 0, shown);
  const screen = new Screen(COLUMNS);
  screen.write(`\u001b[32m$\u001b[0m ${TYPED}\r\n`);
  // The folder is another one on each machine.
  screen.write(shown.replaceAll(cwd, '.'));
  return drawTerminal(excerpt(screen.lines()), COLUMNS, TYPED);
}

/** The beginning and the end of a long transcript. */
function excerpt(lines: readonly Span[][]): readonly Span[][] {
  if (lines.length <= FIRST_LINES + LAST_LINES) return lines;
  const gap: Span = { column: 0, text: '⋮', style: { color: null, bold: false, dim: true } };
  return [...lines.slice(0, FIRST_LINES), [gap], ...lines.slice(-LAST_LINES)];
}

async function photograph(page: string, language: Language): Promise<void> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport: PAGE, colorScheme, locale: language });
      const tab = await context.newPage();
      await tab.goto(pathToFileURL(page).href);
      await tab.addStyleTag({ content: EXCERPT });
      await tab.waitForSelector('#plot-latency canvas');
      save(`page-${colorScheme}.${language}.png`, await tab.screenshot());
      await context.close();
    }
  } finally {
    await browser.close();
  }
}

function save(name: string, picture: string | Buffer): void {
  const file = join(PICTURES, name);
  writeFileSync(file, picture);
  const { size } = statSync(file);
  assert.ok(size <= MOST_BYTES, `${name} has ${size} bytes; at most ${MOST_BYTES} are wanted`);
  console.log(`${name}: ${size} bytes`);
}
