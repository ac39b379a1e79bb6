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
 * a comparison in `<logs>/runs` for several, and then also the page of each that has none. Throws an OperatorError when it cannot be written.
 */
export async function writeReportFile(
  logs: string,
  folders: readonly string[],
  messages: Messages,
  lang: Language,
): Promise<string> {
  const runs = folders.map(readRun);
  const [only] = folders;
  const path =
    folders.length === 1 && only !== undefined
      ? join(only, PAGE)
      : join(logs, 'runs', comparisonName(runs.map(({ runId }) => runId)));
  const links: (string | null)[] = [];
  for (const folder of folders.length === 1 ? [] : folders) {
    // A run that is under way writes its own at its end.
    if (!existsSync(join(folder, PAGE)) && !isUnderWay(folder)) {
      await writeReportFile(logs, [folder], messages, lang);
    }
    links.push(existsSync(join(folder, PAGE)) ? linkTo(join(folder, PAGE), path) : null);
  }
  const page = renderReport(runs, messages, lang, links);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, page);
  } catch (error) {
    const { message: reason } = error as Error;
    throw new OperatorError(EXIT.usage, (m) => m.page.cannotWrite({ path, reason }), {
      cause: error,
    });
  }
  return path;
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
