import { OperatorError } from '../../errors.js';
import { isUnderWay } from '../../runs/folder.js';
import type { CommandContext } from './context.js';

/**
 * Writes the page of a run, and returns its path. A failure to write is a warning, and returns null: the verdict and
 * the exit code stay.
 */
export async function writePage(
  { settings, messages: m, log, resultLog }: CommandContext,
  component: string,
  runFolder: string,
): Promise<string | null> {
  try {
    // Loaded only now: a run does not wait for modules that only its end needs.
    const { writeReportFile } = await import('../../report/html/file.js');
    const path = await writeReportFile(settings.logging.dir, [runFolder], m, settings.app.lang);
    resultLog(component).info(m.page.reportWritten({ path }));
    return path;
  } catch (error) {
    log
      .component(component)
      .warning(error instanceof OperatorError ? error.sentence(m) : (error as Error).message);
    return null;
  }
}

/** Writes the page anew, with the verification; null also while the run is under way, which writes its own at its end. */
export async function rewritePage(
  context: CommandContext,
  runFolder: string,
): Promise<string | null> {
  if (isUnderWay(runFolder)) return null;
  return writePage(context, 'verify', runFolder);
}
