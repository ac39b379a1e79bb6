import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerificationDocument } from './document.js';
import type { LatencyPoint } from './latency.js';
import { isNumber, parseDocument, parseJson, shape } from './parse-document.js';

/** What a verification that went to its end has left. */
export interface RecordedVerification {
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

  /** Null where the run was not verified, or not to the end; lines of the series may be cut off. */
  read(): RecordedVerification | null {
    const document = parseDocument(readOr(this.#document));
    if (document === null) return null;
    const points = readOr(this.#series).split('\n').map(parseJson).filter(isPoint);
    return { document, points };
  }
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

/** Empty where there is no such file. */
function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
