import type { MessagePort } from 'node:worker_threads';
import type { BatchHazard } from '../src/hazards/hazards.js';
import type { WorkerIds } from '../src/ids/worker-ids.js';
import { monotonicMs } from '../src/lib/clock.js';
import type { HazardCounts, ProducerReport } from '../src/run/protocol.js';

/** Four reports a second: prompt for a reader, nothing for the main thread. */
const FOLD_MS = 250;

/** A worker's way to the main thread: commits, and hazards of batches, are folded into one message; others go at once. */
export class Reporter {
  readonly #port: MessagePort;
  readonly #ids: WorkerIds;
  #committed = false;
  #hazards: Partial<Record<BatchHazard, number>> | null = null;
  #flushed = Number.NEGATIVE_INFINITY;

  constructor(port: MessagePort, ids: WorkerIds) {
    this.#port = port;
    this.#ids = ids;
  }

  /** Rows were committed; the statistics have their number. */
  committed(): void {
    this.#committed = true;
  }

  /** A hazard of a batch happened. */
  happened(name: BatchHazard): void {
    this.#hazards ??= {};
    this.#hazards[name] = (this.#hazards[name] ?? 0) + 1;
  }

  /** Sends a report that does not wait. */
  send(report: Exclude<ProducerReport, { kind: 'committed' | 'hazards' }>): void {
    this.#port.postMessage(report);
  }

  /** Sends the folded commits where the last message is `FOLD_MS` old. */
  flushIfDue(): void {
    if (monotonicMs() - this.#flushed >= FOLD_MS) this.flush();
  }

  flush(): void {
    this.#flushed = monotonicMs();
    if (this.#hazards !== null) this.#sendHazards(this.#hazards);
    if (!this.#committed && !this.#ids.changed) return;
    const report: ProducerReport = { kind: 'committed', ids: this.#ids.takeChanges() };
    this.#port.postMessage(report);
    this.#committed = false;
  }

  #sendHazards(counts: HazardCounts['counts']): void {
    const report: ProducerReport = { kind: 'hazards', counts };
    this.#port.postMessage(report);
    this.#hazards = null;
  }
}
