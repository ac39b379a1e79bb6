import { basename } from 'node:path';
import { EXIT } from '../../errors.js';
import { writeReportFile } from '../../report/html/file.js';
import { findRun } from '../../runs/record.js';
import type { Command } from './context.js';

/** `report [RUN…]`: writes the report of a run, the newest without a name, or compares several. */
export const run: Command = async ({ settings, messages, cwd, names, print }) => {
  const logs = settings.logging.dir;
  const wanted = names.length === 0 ? [undefined] : names;
  const folders = [...new Set(wanted.map((name) => findRun(logs, name, cwd)))];
  const path = await writeReportFile(logs, folders, messages, settings.app.lang);
  const runs = folders.map((folder) => basename(folder));
  print({ json: { report: path, runs }, text: `${path}\n` });
  return EXIT.done;
};
