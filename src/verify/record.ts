import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerificationDocument } from './document.js';
import type { LatencyPoint } from './latency.js';

/** What a verification left. */
export interface Verified {
  readonly document: VerificationDocument;
  readonly points: readonly LatencyPoint[];
}

/** The last verdict on a run, and how late its events were, second by second: kept in the run's folder. */
export class VerificationRecord {
  readonly #document: string;
  readonly #series: string;

  constructor(runFolder: string) {
    this.#document = join(runFolder, 'verify.json');
    this.#series = join(runFolder, 'verify-series.ndjson');
  }

  /** Takes away what an earlier verification left. */
  begin(): void {
    for (const file of [this.#document, this.#series]) rmSync(file, { force: true });
  }

  append(point: LatencyPoint): void {
    appendFileSync(this.#series, `${JSON.stringify(point)}\n`);
  }

  close(document: VerificationDocument): void {
    writeFileSync(this.#document, `${JSON.stringify(document, null, 2)}\n`);
  }

  /** Null where the run was not verified, or not to the end. */
  read(): Verified | null {
    const document = parsed<VerificationDocument>(readOr(this.#document));
    if (document === null) return null;
    const points = readOr(this.#series)
      .split('\n')
      .flatMap((line) => parsed<LatencyPoint>(line) ?? []);
    return { document, points };
  }
}

/** A line that was cut off is none. */
function parsed<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

function readOr(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
