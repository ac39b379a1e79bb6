import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeriesPoint } from '../run/series.js';
import type { RunDescription } from './description.js';
import type { HazardOccurrence } from './hazards.js';
import type { LatencyDistributions } from './latency.js';
import { slugOf } from './name.js';
import type { RunSummary } from './summary.js';

/**
 * A new run id, which sorts by time and differs between runs of the same second: 20261123-201530-a1b2, with the run's
 * name after it, if it has one.
 */
export function newRunId(now: Date, name: string | null): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const slug = name === null ? null : slugOf(name);
  return `${stamp}-${randomBytes(2).toString('hex')}${slug === null ? '' : `-${slug}`}`;
}

/**
 * The folder that a run leaves on disk: `<logs>/runs/<run-id>/`. While it runs, `pid` names its process. A folder
 * that cannot be written to is reported, and is no reason to end the run.
 */
export class RunFolder {
  readonly path: string;
  readonly #onFailure: (error: Error) => void;
  /** Files of lines that cannot be written. */
  readonly #failed = new Set<string>();

  /** `onFailure`: gets the error of the file system. */
  constructor(logs: string, runId: string, onFailure: (error: Error) => void) {
    this.path = runPath(logs, runId);
    this.#onFailure = onFailure;
  }

  /** Makes the folder, with `run.json` and `settings.json`: the settings of the run, without secrets. */
  async begin(
    description: RunDescription,
    settings: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#attempt(async () => {
      await mkdir(this.path, { recursive: true });
      await writeFile(join(this.path, 'pid'), `${process.pid}\n`);
      await this.#write('run.json', description);
      await this.#write('settings.json', settings);
    });
  }

  /** Adds a line to `series.ndjson`, at once: a run that is killed leaves the lines so far. */
  append(point: SeriesPoint): void {
    this.#addLine('series.ndjson', point);
  }

  /** Adds a line to `hazards.ndjson`, likewise. */
  appendHazard(occurrence: HazardOccurrence): void {
    this.#addLine('hazards.ndjson', occurrence);
  }

  /** Writes `latency.json` and `summary.json`; false: that failed, and was reported. */
  conclude(summary: RunSummary, latency: LatencyDistributions): Promise<boolean> {
    return this.#attempt(async () => {
      await this.#write('latency.json', latency);
      await this.#write('summary.json', summary);
    });
  }

  /** Marks the run as over. */
  async leave(): Promise<void> {
    await this.#attempt(() => rm(join(this.path, 'pid'), { force: true }));
  }

  #addLine(file: string, record: object): void {
    // A failure is reported once, not every second.
    if (this.#failed.has(file)) return;
    try {
      appendFileSync(join(this.path, file), `${JSON.stringify(record)}\n`);
    } catch (error) {
      this.#failed.add(file);
      this.#onFailure(error as Error);
    }
  }

  #write(file: string, document: object): Promise<void> {
    return writeFile(join(this.path, file), `${JSON.stringify(document, null, 2)}\n`);
  }

  async #attempt(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      this.#onFailure(error as Error);
      return false;
    }
  }
}

/** The folder of all runs of a log folder. */
export function runsPath(logs: string): string {
  return join(logs, 'runs');
}

/** Ids of all runs in this log folder, finished or not; unsorted. */
export function runNames(logs: string): string[] {
  const runs = runsPath(logs);
  // Hidden ones are no runs: `runs prune` renames a run so before it deletes it.
  return existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : [];
}

/** The folder of a run. */
export function runPath(logs: string, run: string): string {
  return join(runsPath(logs), run);
}

/** Number of runs in this log folder that are under way. */
export function liveRuns(logs: string): number {
  return runNames(logs).filter((run) => isUnderWay(runPath(logs, run))).length;
}

/** Has a run written its `pid`, or its summary already? */
export function hasBegun(runFolder: string): boolean {
  return isUnderWay(runFolder) || existsSync(join(runFolder, 'summary.json'));
}

/** Does the process of a run live? */
export function isUnderWay(runFolder: string): boolean {
  return isAlive(join(runFolder, 'pid'));
}

/** A file's text; empty if there is no such file. */
export function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Probes the process with signal 0. */
function isAlive(pidFile: string): boolean {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process lives and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
