import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerificationDocument } from './document.js';
import type { LatencyPoint } from './latency.js';

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
  read(): {
    readonly document: VerificationDocument;
    readonly points: readonly LatencyPoint[];
  } | null {
    if (!existsSync(this.#document)) return null;
    const document = JSON.parse(readFileSync(this.#document, 'utf8')) as VerificationDocument;
    const lines = existsSync(this.#series) ? readFileSync(this.#series, 'utf8').split('\n') : [];
    const points = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
    return { document, points };
  }
}
