import type { MessagePort } from 'node:worker_threads';
import type { WorkerIds } from '../src/ids/worker-ids.js';
import { monotonicMs } from '../src/lib/clock.js';
import type { ProducerReport } from '../src/run/protocol.js';

/** Four reports a second: prompt for a reader, nothing for the main thread. */
const FOLD_MS = 250;

/** A worker's way to the main thread: commits are folded into one message, other reports go at once. */
export class Reporter {
  readonly #port: MessagePort;
  readonly #ids: WorkerIds;
  #committed = false;
  #flushed = Number.NEGATIVE_INFINITY;

  constructor(port: MessagePort, ids: WorkerIds) {
    this.#port = port;
    this.#ids = ids;
  }

  /** Rows were committed; the statistics have their number. */
  committed(): void {
    this.#committed = true;
  }

  /** Sends a report that does not wait. */
  send(report: Exclude<ProducerReport, { kind: 'committed' }>): void {
    this.#port.postMessage(report);
  }

  /** Sends the folded commits where the last message is `FOLD_MS` old. */
  flushIfDue(): void {
    if (monotonicMs() - this.#flushed >= FOLD_MS) this.flush();
  }

  flush(): void {
    this.#flushed = monotonicMs();
    if (!this.#committed && !this.#ids.changed) return;
    const report: ProducerReport = { kind: 'committed', ids: this.#ids.takeChanges() };
    this.#port.postMessage(report);
    this.#committed = false;
  }
}
