import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeriesPoint } from '../run/series.js';
import type { RunSummary } from './summary.js';

/** A name that sorts by time and differs between runs of the same second: 20261123-201530-a1b2. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomBytes(2).toString('hex')}`;
}

/** What a run leaves on disk: `<logs>/runs/<run-id>/`. While it runs, `pid` names its process. */
export class RunFolder {
  readonly path: string;

  constructor(logs: string, runId: string) {
    this.path = join(runsPath(logs), runId);
  }

  /** Makes the folder. Throws what the file system threw. */
  async open(): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await writeFile(join(this.path, 'pid'), `${process.pid}\n`);
  }

  /** Adds a line to `series.ndjson`, at once: a run that is killed leaves what it had. */
  append(point: SeriesPoint): void {
    appendFileSync(join(this.path, 'series.ndjson'), `${JSON.stringify(point)}\n`);
  }

  /** Writes `settings.json`: what the run was told, without secrets. */
  async describe(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFile(join(this.path, 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
  }

  /** Writes `summary.json`, where there is one. */
  async conclude(summary: RunSummary | null): Promise<void> {
    if (summary === null) return;
    await writeFile(join(this.path, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  /** Marks the run as over. */
  async leave(): Promise<void> {
    await rm(join(this.path, 'pid'), { force: true });
  }
}

/** The runs of this folder, whatever they left. */
export function runNames(logs: string): string[] {
  const runs = runsPath(logs);
  return existsSync(runs) ? readdirSync(runs) : [];
}

/** The folder of a run. */
export function runPath(logs: string, run: string): string {
  return join(runsPath(logs), run);
}

/** How many runs of this folder are under way. */
export function liveRuns(logs: string): number {
  return runNames(logs).filter((run) => isUnderWay(runPath(logs, run))).length;
}

/** Whether the process of a run has signed its folder, or the run is over already. */
export function hasBegun(runFolder: string): boolean {
  return isUnderWay(runFolder) || existsSync(join(runFolder, 'summary.json'));
}

/** Whether the process of a run lives. */
export function isUnderWay(runFolder: string): boolean {
  return isAlive(join(runFolder, 'pid'));
}

function runsPath(logs: string): string {
  return join(logs, 'runs');
}

function isAlive(pidFile: string): boolean {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
