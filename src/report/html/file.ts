import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXIT, OperatorError } from '../../errors.js';
import type { Language, Messages } from '../../messages/index.js';
import { readRun } from '../../runs/record.js';
import { renderReport } from './page.js';

/** Bytes of the ids that a file name lists: it has at most 255, a run id 20, or 61 with its name. */
const MOST_LISTED = 130;
/** Hex digits of the hash that keeps names of longer comparisons apart. */
const HASH_DIGITS = 8;

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
  const runs = folders.map(readRun);
  const [only] = folders;
  const path =
    folders.length === 1 && only !== undefined
      ? join(only, 'report.html')
      : join(logs, 'runs', comparisonName(runs.map(({ runId }) => runId)));
  const page = renderReport(runs, messages, lang);
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

/** A file name from the ids of the compared runs. */
function comparisonName(runIds: readonly string[]): string {
  const listed = runIds.join('_');
  if (listed.length <= MOST_LISTED) return `comparison-${listed}.html`;
  const hash = createHash('sha256').update(listed).digest('hex');
  return `comparison-${runIds[0]}-and-${runIds.length - 1}-more-${hash.slice(0, HASH_DIGITS)}.html`;
}
