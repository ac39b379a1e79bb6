import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { VerificationDocument } from '../verify/verdict/document.js';
import { isUnderWay, runNames, runPath } from './folder.js';
import { timeIn } from './name.js';
import { isRun, labelsOf, readRunFile, readSeries, readSummary } from './record.js';
import type { RunSummary } from './summary.js';
import { VerificationRecord } from './verifications.js';

/** Milliseconds that a run may take from the making of its folder to its process id there. */
const BEGINNING_MS = 60_000;

/** A run, as far as it is known without reading its files. */
export interface FoundRun {
  readonly runId: string;
  readonly folder: string;
  /** Milliseconds since 1970: from the id, or else the folder's last change. */
  readonly began: number;
  readonly underWay: boolean;
}

/** Everything that is kept of a run, its series summed up. */
export interface KeptRun extends FoundRun {
  readonly name: string | null;
  readonly note: string | null;
  /** Null: the run was killed, or is under way. */
  readonly summary: RunSummary | null;
  readonly settings: Readonly<Record<string, unknown>> | null;
  /** The newest verification; null: not verified. */
  readonly verification: VerificationDocument | null;
  /** Null: the run was killed before its first second was over. */
  readonly seconds: number | null;
  readonly events: number | null;
  /** Size of its files. */
  readonly bytes: number;
}

/** A file of a run's folder, or a folder in it with all that it holds. */
export interface KeptFile {
  readonly name: string;
  readonly bytes: number;
}

/** Every run below `<logs>/runs`, the newest first. Folders that no run made are left out. */
export function listRuns(logs: string): FoundRun[] {
  return runNames(logs)
    .map((runId) => ({ runId, folder: runPath(logs, runId) }))
    .filter(({ folder }) => isRun(folder))
    .map(({ runId, folder }) => lookAtRun(runId, folder))
    .sort((a, b) => b.began - a.began || (a.runId < b.runId ? 1 : -1));
}

/** A run in its folder, which exists. */
export function lookAtRun(runId: string, folder: string): FoundRun {
  const changed = statSync(folder).mtimeMs;
  const isBeginning =
    !existsSync(join(folder, 'summary.json')) &&
    !existsSync(join(folder, 'series.ndjson')) &&
    !existsSync(join(folder, 'pid')) &&
    Date.now() - changed < BEGINNING_MS;
  return {
    runId,
    folder,
    began: timeIn(runId) ?? changed,
    underWay: isBeginning || isUnderWay(folder),
  };
}

/** Reads what a run left, without its series if its summary has the figures. */
export function readKept(found: FoundRun): KeptRun {
  const { folder } = found;
  const summary = readSummary(folder);
  const settings = readRunFile(folder, 'settings.json');
  const series = summary === null ? readSeries(folder) : [];
  const last = series.at(-1);
  return {
    ...found,
    ...labelsOf({ settings }),
    summary,
    settings,
    verification: new VerificationRecord(folder).newest(),
    seconds: summary?.seconds ?? last?.second ?? null,
    events:
      summary?.events ??
      (last === undefined ? null : series.reduce((sum, point) => sum + point.committed, 0)),
    bytes: bytesOf(folder),
  };
}

/** The files of a run, by name. */
export function filesOf(folder: string): KeptFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => ({
      name: entry.isDirectory() ? `${entry.name}/` : entry.name,
      bytes: bytesOf(join(folder, entry.name)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Bytes of a file, or of all files in a folder; one that is removed meanwhile has none. */
function bytesOf(path: string): number {
  try {
    const stat = statSync(path);
    if (!stat.isDirectory()) return stat.size;
    return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
