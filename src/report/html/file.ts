import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXIT, OperatorError } from '../../errors.js';
import type { Language, Messages } from '../../messages/index.js';
import { readRun } from '../../runs/record.js';
import { renderReport } from './render.js';

/** Runs that a file name spells out: a name has 255 bytes at most, a run 20. */
const MOST_NAMED = 6;
const DIGEST_LETTERS = 8;

/**
 * Writes the report of these runs and returns its path: `report.html` in the folder of a single one,
 * a comparison in `<logs>/runs` for several.
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

/** A name that says which runs are compared. */
function comparisonName(runIds: readonly string[]): string {
  if (runIds.length <= MOST_NAMED) return `comparison-${runIds.join('_')}.html`;
  const digest = createHash('sha256').update(runIds.join('_')).digest('hex');
  return `comparison-${runIds[0]}-and-${runIds.length - 1}-more-${digest.slice(0, DIGEST_LETTERS)}.html`;
}
