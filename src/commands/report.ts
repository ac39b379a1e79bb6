import { basename, resolve } from 'node:path';
import { EXIT, type ExitCode } from '../errors.js';
import { writeReportFile } from '../report/page/file.js';
import { findRun } from '../report/run-record.js';
import type { CommandContext } from './context.js';

type ReportContext = Pick<CommandContext, 'settings' | 'messages' | 'cwd' | 'print'>;

/** `report [RUN…]`: writes the report of a run, the newest without a name, or compares several. */
export const run = (
  context: ReportContext & { readonly positional: readonly string[] },
): Promise<ExitCode> => writeReport(context, context.positional);

/** Writes the report of these runs, by name or path, and says where. */
export async function writeReport(
  { settings, messages, cwd, print }: ReportContext,
  names: readonly string[],
): Promise<ExitCode> {
  const logs = resolve(cwd, settings.logging.dir);
  const wanted = names.length === 0 ? [undefined] : names;
  const folders = [...new Set(wanted.map((name) => findRun(logs, name, cwd)))];
  const path = await writeReportFile(logs, folders, messages, settings.app.lang);
  const runs = folders.map((folder) => basename(folder));
  print({ json: { report: path, runs }, text: `${path}\n` });
  return EXIT.done;
}
