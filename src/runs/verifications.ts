import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { VerificationDocument } from '../verify/verdict/document.js';
import type { LatencyPoint } from '../verify/verdict/latency.js';
import { isNumber, parseDocument, parseJson, shape } from '../verify/verdict/parse-document.js';
import { readOrEmpty } from './folder.js';

/** A finished verification, parsed. */
export interface RecordedVerification {
  readonly document: VerificationDocument;
  readonly points: readonly LatencyPoint[];
}

/** A verdict on a run, and the name of its file in the run's folder. */
export interface RecordedVerdict {
  readonly file: string;
  readonly document: VerificationDocument;
}

/** The newest verdict, a name that programs rely on, and its latency second by second. */
const NEWEST = 'verify.json';
const NEWEST_SERIES = 'verify-series.ndjson';
const NUMBERED = /^verify-(\d+)(\.json|-series\.ndjson)$/;

/**
 * The verdicts on a run and the latency of its events second by second, in the run's folder. Each verification has
 * its own files, `verify-<n>.json` and `verify-<n>-series.ndjson`; copies of the newest finished one have names
 * without a number.
 */
export class VerificationRecord {
  readonly #folder: string;
  /** Number of this verification; null: none yet. */
  #number: number | null = null;

  constructor(runFolder: string) {
    this.#folder = runFolder;
  }

  /** Takes a number that no other verification has. Throws the file system's error. */
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

  /** Adds a point to the series of this verification, at once. */
  append(point: LatencyPoint): void {
    appendFileSync(this.#path(seriesFile(this.#own())), `${JSON.stringify(point)}\n`);
  }

  /** Writes the verdict of a finished verification and makes it the newest. */
  close(document: VerificationDocument): void {
    const number = this.#own();
    writeFileSync(this.#path(documentFile(number)), `${JSON.stringify(document, null, 2)}\n`);
    this.#replace(NEWEST_SERIES, seriesFile(number));
    this.#replace(NEWEST, documentFile(number));
  }

  /** Removes the files of a verification that ends without a verdict. */
  discard(): void {
    if (this.#number === null) return;
    rmSync(this.#path(seriesFile(this.#number)), { force: true });
    this.#number = null;
  }

  /** The newest document; null without a finished verification. */
  newest(): VerificationDocument | null {
    return parseDocument(readOrEmpty(this.#path(NEWEST)));
  }

  /** The newest; null without a finished verification. Skips lines of the series that are cut off. */
  read(): RecordedVerification | null {
    const document = this.newest();
    if (document === null) return null;
    const points = readOrEmpty(this.#path(NEWEST_SERIES))
      .split('\n')
      .map(parseJson)
      .filter(isPoint);
    return { document, points };
  }

  /** All verdicts with a number, the newest first. */
  all(): RecordedVerdict[] {
    return this.#numbers()
      .sort((a, b) => b - a)
      .flatMap((number) => {
        const file = documentFile(number);
        const document = parseDocument(readOrEmpty(this.#path(file)));
        return document === null ? [] : [{ file, document }];
      });
  }

  #own(): number {
    if (this.#number === null) this.begin();
    return this.#number ?? 0;
  }

  /** Gives number 1 to the verdict of an earlier version, which had no numbers. */
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

  /** Replaces `to` by a copy of `from` atomically: readers see either the old file or the new one. */
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
