import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { findNearest } from '../lib/nearest.js';
import type { SeriesPoint } from '../run/series.js';
import type { RunSummary } from './summary.js';
import {
  type RecordedVerdict,
  type RecordedVerification,
  VerificationRecord,
} from './verifications.js';

/** Names that an error lists. */
const NAMES_LISTED = 3;

/** What a run left on disk. */
export interface RunRecord {
  /** Null for a run that was killed, or is still under way. */
  readonly summary: RunSummary | null;
  readonly series: readonly SeriesPoint[];
  readonly settings: Readonly<Record<string, unknown>> | null;
  /** The last verdict of `verify`; null for a run that was not verified, or not to the end. */
  readonly verification: RecordedVerification | null;
  /** All verdicts, the newest first. */
  readonly verdicts: readonly RecordedVerdict[];
  readonly runId: string;
}

/** Start of a run, in milliseconds since 1970, from its series; null when that is empty or has no time. */
export function startOf([first]: readonly SeriesPoint[]): number | null {
  if (first === undefined) return null;
  const start = Date.parse(first.at) - first.second * 1000;
  return Number.isFinite(start) ? start : null;
}

/** Reads the folder of a run: each file may be missing, and the last line of the series cut off. */
export function readRun(folder: string): RunRecord {
  const verifications = new VerificationRecord(folder);
  const summary = parseObject(readOr(join(folder, 'summary.json')));
  return {
    // Runs of earlier versions know less.
    summary:
      summary === null
        ? null
        : ({
            offered: null,
            shed: 0,
            unsent: null,
            server_lost: false,
            held_up: false,
            given_up: 0,
            by_type: {},
            slots: {},
            thresholds: [],
            ...summary,
          } as never),
    series: readOr(join(folder, 'series.ndjson')).split('\n').flatMap(parsePoint),
    settings: parseObject(readOr(join(folder, 'settings.json'))),
    verification: verifications.read(),
    verdicts: verifications.all(),
    runId: basename(resolve(folder)),
  };
}

/**
 * The folder of a run below `<logs>/runs`: the newest one without a name, else the one of this name
 * or with this part of it, or the folder at this path.
 */
export function findRun(logs: string, nameOrPath: string | undefined, cwd = process.cwd()): string {
  const folder = join(logs, 'runs');
  const runs = recordedRuns(folder);
  const [newest] = runs;
  if (newest === undefined && (nameOrPath === undefined || !existsSync(resolve(cwd, nameOrPath)))) {
    throw new OperatorError(EXIT.usage, (m) => m.page.noRuns({ folder }));
  }
  if (nameOrPath === undefined) return join(folder, newest ?? '');
  if (runs.includes(nameOrPath)) return join(folder, nameOrPath);
  const path = resolve(cwd, nameOrPath);
  if (existsSync(path)) return runAt(path);
  const matching = runs.filter((run) => run.includes(nameOrPath));
  const [match] = matching;
  if (match === undefined) {
    const nearest = nearestTo(nameOrPath, runs);
    throw new OperatorError(EXIT.usage, (m) =>
      m.page.unknownRun({ name: nameOrPath, nearest, folder }),
    );
  }
  if (matching.length > 1) {
    const listed = matching.slice(0, NAMES_LISTED);
    throw new OperatorError(EXIT.usage, (m) =>
      m.page.ambiguousRun({
        name: nameOrPath,
        runs: matching.length > NAMES_LISTED ? [...listed, '…'] : listed,
      }),
    );
  }
  return join(folder, match);
}

/** Runs with a record, the newest first: their names sort by time. */
function recordedRuns(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((run) => hasRecord(join(folder, run)))
    .sort()
    .reverse();
}

/** The run at a path: its folder, or a file in it. */
function runAt(path: string): string {
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  if (hasRecord(folder)) return folder;
  throw new OperatorError(EXIT.usage, (m) => m.page.notARun({ folder }));
}

/** A run that was killed early may have left its ledger alone. */
function hasRecord(folder: string): boolean {
  return ['summary.json', 'series.ndjson', 'ledger'].some((file) => existsSync(join(folder, file)));
}

/** The names most like `given`; the newest ones where none is like it. */
function nearestTo(given: string, runs: readonly string[]): string[] {
  const nearest: string[] = [];
  while (nearest.length < NAMES_LISTED) {
    const next = findNearest(
      given,
      runs.filter((run) => !nearest.includes(run)),
    );
    if (next === undefined) break;
    nearest.push(next);
  }
  return nearest.length > 0 ? nearest : runs.slice(0, NAMES_LISTED);
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parsePoint(line: string): SeriesPoint[] {
  const point = parseObject(line);
  if (point === null || typeof point.second !== 'number') return [];
  const unmeasured = { p50: null, p99: null, max: null };
  // A line of another version may lack what this one knows.
  return [{ response_ms: unmeasured, service_ms: unmeasured, slots: null, ...point } as never];
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
