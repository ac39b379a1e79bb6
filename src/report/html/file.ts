import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { EXIT, OperatorError } from '../../errors.js';
import type { Language, Messages } from '../../messages/index.js';
import { isUnderWay } from '../../runs/folder.js';
import { readRun } from '../../runs/record.js';
import { renderReport } from './page.js';

/** Bytes of the ids that a file name lists: it has at most 255, a run id 20, or 61 with its name. */
const MOST_LISTED = 130;
/** Hex digits of the hash that keeps names of longer comparisons apart. */
const HASH_DIGITS = 8;

/** The page of a run, in its folder. */
const PAGE = 'report.html';

/**
 * Writes the report of these runs and returns its path: `report.html` in the folder of a single one,
 * a comparison in `<logs>/runs` for several. Throws an OperatorError when it cannot be written.
 */
export async function writeReportFile(
  logs: string,
  folders: readonly string[],
  messages: Messages,
  lang: Language,
): Promise<string> {
  const [only] = folders;
  return folders.length === 1 && only !== undefined
    ? writeRun(only, messages, lang)
    : writeComparison(logs, folders, messages, lang);
}

async function writeRun(folder: string, messages: Messages, lang: Language): Promise<string> {
  const path = join(folder, PAGE);
  await writePage(path, renderReport([readRun(folder)], messages, lang));
  return path;
}

/** Writes a comparison, and the page of each run that has none: the comparison links to them. */
async function writeComparison(
  logs: string,
  folders: readonly string[],
  messages: Messages,
  lang: Language,
): Promise<string> {
  const runs = folders.map(readRun);
  const path = join(logs, 'runs', comparisonName(runs.map(({ runId }) => runId)));
  const links: (string | null)[] = [];
  for (const folder of folders) {
    const page = join(folder, PAGE);
    // A run that is under way writes its own at its end. Without a page there is no link, which is no failure.
    if (!existsSync(page) && !isUnderWay(folder)) {
      await writeRun(folder, messages, lang).catch((error) => {
        if (!(error instanceof OperatorError)) throw error;
      });
    }
    links.push(existsSync(page) ? linkTo(page, path) : null);
  }
  await writePage(path, renderReport(runs, messages, lang, links));
  return path;
}

async function writePage(path: string, page: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, page);
  } catch (error) {
    const { message: reason } = error as Error;
    throw new OperatorError(EXIT.usage, (m) => m.page.cannotWrite({ path, reason }), {
      cause: error,
    });
  }
}

/** The address of a file, relative to a page. */
function linkTo(file: string, page: string): string {
  return relative(dirname(page), file).split(sep).map(encodeURIComponent).join('/');
}

/** A file name from the ids of the compared runs. */
function comparisonName(runIds: readonly string[]): string {
  const listed = runIds.join('_');
  if (listed.length <= MOST_LISTED) return `comparison-${listed}.html`;
  const hash = createHash('sha256').update(listed).digest('hex');
  return `comparison-${runIds[0]}-and-${runIds.length - 1}-more-${hash.slice(0, HASH_DIGITS)}.html`;
}
