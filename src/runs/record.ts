import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { findNearest } from '../lib/nearest.js';
import type { SeriesPoint } from '../run/series.js';
import type { RunDescription } from './description.js';
import { readOrEmpty, runNames, runPath, runsPath } from './folder.js';
import { type HazardOccurrence, isTimed } from './hazards.js';
import type { LatencyDistributions } from './latency.js';
import { nameIn, slugOf } from './name.js';
import { type RecordedSettings, streamSettings } from './recorded-settings.js';
import type { RunSummary } from './summary.js';
import {
  type RecordedVerdict,
  type RecordedVerification,
  VerificationRecord,
} from './verifications.js';

/** Most names that an error lists. */
const NAMES_LISTED = 3;

/** The files of a run, parsed. */
export interface RunRecord {
  /** Null for a run that was killed, or is still under way. */
  readonly summary: RunSummary | null;
  readonly series: readonly SeriesPoint[];
  /** Timed hazards that happened; empty without any. */
  readonly occurrences: readonly HazardOccurrence[];
  readonly settings: RecordedSettings;
  /** Null for runs of earlier versions, as is `latency`, which a run without a summary lacks too. */
  readonly description: RunDescription | null;
  readonly latency: LatencyDistributions | null;
  /** The last verdict of `verify`; null for a run that was not verified, or not to the end. */
  readonly verification: RecordedVerification | null;
  /** All verdicts, the newest first. */
  readonly verdicts: readonly RecordedVerdict[];
  readonly runId: string;
}

/** The name and the note that a run was given; null: none. */
export function labelsOf({ settings }: Pick<RunRecord, 'settings'>): {
  readonly name: string | null;
  readonly note: string | null;
} {
  const { name, note } = streamSettings(settings);
  const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
  return { name: textOf(name), note: textOf(note) };
}

/** Start of a run, in milliseconds since 1970, from its series; null when that is empty or has no time. */
export function startOf([first]: readonly SeriesPoint[]): number | null {
  if (first === undefined) return null;
  const start = Date.parse(first.at) - first.second * 1000;
  return Number.isFinite(start) ? start : null;
}

/** Reads the folder of a run. Each file may be missing, and the last line of the series cut off. */
export function readRun(folder: string): RunRecord {
  const verifications = new VerificationRecord(folder);
  return {
    summary: readSummary(folder),
    series: readSeries(folder),
    occurrences: readOccurrences(folder),
    settings: readRunFile(folder, 'settings.json'),
    description: readRunFile(folder, 'run.json') as RunDescription | null,
    latency: readRunFile(folder, 'latency.json') as LatencyDistributions | null,
    verification: verifications.read(),
    verdicts: verifications.all(),
    runId: basename(resolve(folder)),
  };
}

/** The summary of a run; null: it was killed, or is still under way. */
export function readSummary(folder: string): RunSummary | null {
  const summary = readRunFile(folder, 'summary.json');
  if (summary === null) return null;
  // Summaries of earlier versions lack these members.
  return {
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
  } as never;
}

/** The points of a run's series, second by second. */
export function readSeries(folder: string): SeriesPoint[] {
  return readOrEmpty(join(folder, 'series.ndjson')).split('\n').flatMap(parsePoint);
}

/** The timed hazards of a run that happened, in the order in which they were over. */
function readOccurrences(folder: string): HazardOccurrence[] {
  return readOrEmpty(join(folder, 'hazards.ndjson'))
    .split('\n')
    .flatMap((line) => {
      const occurrence = parseObject(line);
      return occurrence !== null && isTimed(String(occurrence.name)) ? [occurrence as never] : [];
    });
}

/** An object that a run left in a file of its folder; null: there is none, or it is cut off. */
export function readRunFile(folder: string, file: string): Record<string, unknown> | null {
  return parseObject(readOrEmpty(join(folder, file)));
}

/**
 * The folder of a run: without a name the newest with a record below `<logs>/runs`; else the one with this id or name, at
 * this path, or with this part of an id. Throws an OperatorError for none and for several.
 */
export function findRun(logs: string, nameOrPath: string | undefined, cwd = process.cwd()): string {
  const folder = runsPath(logs);
  const runs = runIds(logs);
  const none = () => new OperatorError(EXIT.usage, (m) => m.page.noRuns({ folder }));
  if (nameOrPath === undefined) {
    const newest = runs.find((run) => hasRecord(runPath(logs, run)));
    if (newest === undefined) throw none();
    return join(folder, newest);
  }
  const path = resolve(cwd, nameOrPath);
  if (runs.length === 0 && !existsSync(path)) throw none();
  if (runs.includes(nameOrPath)) return join(folder, nameOrPath);
  const slug = slugOf(nameOrPath);
  const named = runs.filter((run) => slug !== null && nameIn(run) === slug);
  if (named.length === 0 && existsSync(path)) return runAt(path);
  const part = slug === null ? nameOrPath : slug;
  const containing = runs.filter((run) => run.includes(nameOrPath) || run.includes(part));
  const matching = named.length > 0 ? named : containing;
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

/** Ids of all runs, the newest first: ids sort by time. */
function runIds(logs: string): string[] {
  return runNames(logs)
    .filter((run) => isRun(runPath(logs, run)))
    .sort()
    .reverse();
}

/** The run at a path: its folder, or a file in it. */
function runAt(path: string): string {
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  if (isRun(folder)) return folder;
  throw new OperatorError(EXIT.usage, (m) => m.page.notARun({ folder }));
}

/** Whether a run made the folder. One that was killed at its beginning left its settings alone. */
export function isRun(folder: string): boolean {
  return hasRecord(folder) || existsSync(join(folder, 'settings.json'));
}

/** Any of these files will do: a run that was killed early may have nothing but its ledger. */
function hasRecord(folder: string): boolean {
  return ['summary.json', 'series.ndjson', 'ledger'].some((file) => existsSync(join(folder, file)));
}

/** The names most similar to `given`; the newest ones if no name is similar. */
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

function parsePoint(line: string): SeriesPoint[] {
  const point = parseObject(line);
  if (point === null || typeof point.second !== 'number') return [];
  const unmeasured = { p50: null, p99: null, max: null };
  // Lines of earlier versions may lack these members.
  return [
    {
      response_ms: unmeasured,
      service_ms: unmeasured,
      disconnected: 0,
      slots: null,
      ...point,
    } as never,
  ];
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
