import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { VerificationDocument } from '../verify/verdict/document.js';
import type { LatencyPoint } from '../verify/verdict/latency.js';
import { isNumber, parseDocument, parseJson, shape } from '../verify/verdict/parse-document.js';

/** A verification that reached its end. */
export interface RecordedVerification {
  readonly document: VerificationDocument;
  readonly points: readonly LatencyPoint[];
}

/** A verdict on a run, and its file in the run's folder. */
export interface RecordedVerdict {
  readonly file: string;
  readonly document: VerificationDocument;
}

/** The newest verdict, and its latency second by second: names for other programs. */
const NEWEST = 'verify.json';
const NEWEST_SERIES = 'verify-series.ndjson';
const NUMBERED = /^verify-(\d+)(\.json|-series\.ndjson)$/;

/**
 * The verdicts on a run, and the latency of its events second by second, in the run's folder. Each verification has its
 * own `verify-<n>.json` and `verify-<n>-series.ndjson`; the newest that reached its end is copied to names without a
 * number.
 */
export class VerificationRecord {
  readonly #folder: string;
  /** Number of this verification; null: none yet. */
  #number: number | null = null;

  constructor(runFolder: string) {
    this.#folder = runFolder;
  }

  /** Takes a free number for this verification. Throws errors of the file system. */
  begin(): void {
    this.#adopt();
    for (let number = this.#highest() + 1; ; number++) {
      try {
        writeFileSync(this.#path(seriesFile(number)), '', { flag: 'wx' });
        this.#number = number;
        return;
      } catch (error) {
        // Another verification of this run took the number at the same moment.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  append(point: LatencyPoint): void {
    appendFileSync(this.#path(seriesFile(this.#own())), `${JSON.stringify(point)}\n`);
  }

  /** Records the verdict, as the newest. */
  close(document: VerificationDocument): void {
    const number = this.#own();
    writeFileSync(this.#path(documentFile(number)), `${JSON.stringify(document, null, 2)}\n`);
    this.#replace(NEWEST_SERIES, seriesFile(number));
    this.#replace(NEWEST, documentFile(number));
  }

  /** The verification failed: deletes its files. */
  discard(): void {
    if (this.#number === null) return;
    rmSync(this.#path(seriesFile(this.#number)), { force: true });
    this.#number = null;
  }

  /** The newest; null: no verification reached its end. Skips lines of the series that are cut off. */
  read(): RecordedVerification | null {
    const document = parseDocument(readOr(this.#path(NEWEST)));
    if (document === null) return null;
    const points = readOr(this.#path(NEWEST_SERIES)).split('\n').map(parseJson).filter(isPoint);
    return { document, points };
  }

  /** All verdicts with a number, the newest first. */
  all(): RecordedVerdict[] {
    return this.#numbers()
      .sort((a, b) => b - a)
      .flatMap((number) => {
        const file = documentFile(number);
        const document = parseDocument(readOr(this.#path(file)));
        return document === null ? [] : [{ file, document }];
      });
  }

  #own(): number {
    if (this.#number === null) this.begin();
    return this.#number ?? 0;
  }

  /** Gives a verdict of an earlier version of this program, which had no numbers, number 1. */
  #adopt(): void {
    if (this.#highest() > 0 || !existsSync(this.#path(NEWEST))) return;
    copyFileSync(this.#path(NEWEST), this.#path(documentFile(1)));
    if (!existsSync(this.#path(NEWEST_SERIES))) return;
    copyFileSync(this.#path(NEWEST_SERIES), this.#path(seriesFile(1)));
  }

  #highest(): number {
    return Math.max(0, ...this.#numbers());
  }

  #numbers(): number[] {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    const numbers = names.map((name) => Number(NUMBERED.exec(name)?.[1] ?? 0));
    return [...new Set(numbers.filter((number) => number > 0))];
  }

  /** Replaces `to` by a copy of `from` atomically: a reader finds the old file or the new one. */
  #replace(to: string, from: string): void {
    const copy = this.#path(`${to}.${process.pid}`);
    copyFileSync(this.#path(from), copy);
    renameSync(copy, this.#path(to));
  }

  #path(file: string): string {
    return join(this.#folder, file);
  }
}

function documentFile(number: number): string {
  return `verify-${number}.json`;
}

function seriesFile(number: number): string {
  return `verify-${number}-series.ndjson`;
}

const isPointShape = shape({
  at: isNumber,
  events: isNumber,
  p50: isNumber,
  p99: isNumber,
  max: isNumber,
});

function isPoint(value: unknown): value is LatencyPoint {
  return isPointShape(value);
}

/** Empty: there is no such file. */
function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
