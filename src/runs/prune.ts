import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runsPath } from './folder.js';
import type { FoundRun } from './kept.js';

/** The runs that stay; null: no such limit. */
export interface Retention {
  /** This many of the newest runs. */
  readonly keep: number | null;
  /** Runs that began less long ago. */
  readonly olderThanSeconds: number | null;
}

/** Begins the name of a run's folder while it is deleted. Hidden names are no runs. */
const DELETED = '.deleted-';

/** The runs that no limit keeps, of `runs`, the newest first. A run that is under way is always kept. */
export function runsToPrune(
  runs: readonly FoundRun[],
  { keep, olderThanSeconds }: Retention,
  now: number,
): FoundRun[] {
  const before = olderThanSeconds === null ? now : now - olderThanSeconds * 1000;
  return runs.filter(
    ({ began, underWay }, rank) =>
      !underWay && (keep === null || rank >= keep) && (olderThanSeconds === null || began < before),
  );
}

/**
 * Deletes the folder of a run. It is renamed first: the rest that a killed process leaves does not look like a run, and
 * the next prune removes it. Throws the file system's error.
 */
export function deleteRun(folder: string): void {
  const hidden = join(dirname(folder), `${DELETED}${basename(folder)}`);
  renameSync(folder, hidden);
  rmSync(hidden, { recursive: true, force: true });
}

/** Removes what prunes that were killed have left below `<logs>/runs`. */
export function removeRemains(logs: string): void {
  const runs = runsPath(logs);
  for (const name of readdirSync(runs).filter((entry) => entry.startsWith(DELETED))) {
    rmSync(join(runs, name), { recursive: true, force: true });
  }
}
