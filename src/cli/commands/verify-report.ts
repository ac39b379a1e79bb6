import { resolve } from 'node:path';
import { OperatorError } from '../../errors.js';
import { isUnderWay } from '../../runs/folder.js';
import type { CommandContext } from './context.js';

/**
 * Writes the report of a run again, with the verification. A run that is under way writes its own at its end. A failure
 * to write is a warning, and does not change the verdict.
 */
export async function rebuildReport(context: CommandContext, runFolder: string): Promise<void> {
  const { settings, messages: m, cwd } = context;
  const folder = resolve(cwd, runFolder);
  if (isUnderWay(folder)) return;
  const out = context.log.component('verify');
  const logs = resolve(cwd, settings.logging.dir);
  try {
    // Loaded only now, so that the stream does not wait for it.
    const { writeReportFile } = await import('../../report/html/file.js');
    const path = await writeReportFile(logs, [folder], m, settings.app.lang);
    out.info(m.page.reportWritten({ path }));
  } catch (error) {
    out.warning(error instanceof OperatorError ? error.sentence(m) : (error as Error).message);
  }
}
