import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/lib/package-root.js';

/** `unruly`: the server dropped rows and refused COMMITs. */
export const RECORDED_RUNS = ['plain', 'unruly'] as const;
export type RecordedRun = (typeof RECORDED_RUNS)[number];

/** Where a run of a format of the ledger is kept: its folder, named by its id, and its events. */
export function recordedFolder(format: number, name: RecordedRun): string {
  return join(packageRoot(), 'test', 'golden', `format-${format}`, name);
}

/** The events of a recorded run, one a line. */
export function recordedLines(format: number, name: RecordedRun): string[] {
  const file = join(recordedFolder(format, name), 'events.ndjson');
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

/** Puts a recorded run where the program looks for runs below `cwd`, and returns its id. */
export function placeRun(format: number, name: RecordedRun, cwd: string): string {
  const folder = recordedFolder(format, name);
  const [run] = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (run === undefined) throw new Error(`no run in ${folder}`);
  cpSync(join(folder, run.name), join(cwd, 'logs', 'runs', run.name), { recursive: true });
  return run.name;
}
