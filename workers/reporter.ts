import type { MessagePort } from 'node:worker_threads';
import type { KnownId } from '../src/ids/cache.js';
import { monotonicMs } from '../src/lib/clock.js';
import type { ProducerReport } from '../src/run/protocol.js';
import type { ParentTable } from '../src/schemas/hospital/tables.js';

/** Four reports a second: prompt for a reader, nothing for the main thread. */
const FOLD_MS = 250;

/** A worker's way to the main thread: folds what was committed, passes the rest on at once. */
export class Reporter {
  readonly #port: MessagePort;
  #committed = false;
  #born: { table: ParentTable; known: KnownId }[] = [];
  #gone: { table: ParentTable; id: number }[] = [];
  #flushed = Number.NEGATIVE_INFINITY;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Rows were committed; how many stands in the statistics. */
  committed(): void {
    this.#committed = true;
  }

  /** A committed row that others may reference from now on. */
  born(table: ParentTable, known: KnownId): void {
    this.#born.push({ table, known });
  }

  /** A row that must not be referenced any more. */
  gone(table: ParentTable, id: number): void {
    this.#gone.push({ table, id });
  }

  /** Sends a report that does not wait. */
  send(report: Exclude<ProducerReport, { kind: 'committed' }>): void {
    this.#port.postMessage(report);
  }

  /** Sends what was folded, when the last time was long enough ago. */
  flushIfDue(): void {
    if (monotonicMs() - this.#flushed >= FOLD_MS) this.flush();
  }

  flush(): void {
    this.#flushed = monotonicMs();
    if (!this.#committed && this.#gone.length === 0) return;
    this.#port.postMessage({
      kind: 'committed',
      born: this.#born,
      gone: this.#gone,
    } satisfies ProducerReport);
    this.#committed = false;
    this.#born = [];
    this.#gone = [];
  }
}
