import { monotonicMs } from '../../lib/clock.js';
import type { Failure } from '../../postgres/failures.js';
import type { ProducerReport } from '../../run/protocol.js';

type Attempt = Extract<ProducerReport, { kind: 'reconnecting' }>;

/** An outage as it stands. */
export interface OutageState {
  /** Milliseconds since the first connection was lost. */
  readonly sinceMs: number;
  /** Workers without a connection now. */
  readonly workers: number;
  /** Workers that have lost their connection in it. */
  readonly affected: number;
  /** The highest attempt that a worker has announced, from 1, and its pause before it. */
  readonly attempt: number;
  readonly waitMs: number;
  /** Until the next attempt of any worker; 0 while one is under way. */
  readonly nextMs: number;
  /** The latest cause. */
  readonly failure: Failure;
}

/** Puts the workers' reports of lost connections together: the outage lasts until every worker is connected again. */
export class Outage {
  readonly #now: () => number;
  /** When each worker without a connection tries again. */
  readonly #nextAt = new Map<number, number>();
  readonly #affected = new Set<number>();
  #since = 0;
  #attempt = 0;
  #waitMs = 0;
  #failure: Failure | null = null;

  /** `now`: milliseconds on a monotonic clock. */
  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  /** Notes a worker's attempt to reconnect; true: no worker has got so far in this outage. */
  lost(worker: number, { attempt, waitMs, failure }: Attempt): boolean {
    if (this.#nextAt.size === 0) {
      this.#since = this.#now();
      this.#attempt = 0;
      this.#affected.clear();
    }
    this.#affected.add(worker);
    this.#nextAt.set(worker, this.#now() + waitMs);
    this.#failure = failure;
    if (attempt <= this.#attempt) return false;
    this.#attempt = attempt;
    this.#waitMs = waitMs;
    return true;
  }

  /** Notes that a worker is connected; the outage's length in milliseconds if that ends it, else null. */
  connected(worker: number): { readonly ms: number; readonly affected: number } | null {
    const wasLost = this.#nextAt.delete(worker);
    if (!wasLost || this.#nextAt.size > 0) return null;
    return { ms: this.#now() - this.#since, affected: this.#affected.size };
  }

  /** Null: every worker is connected. */
  get state(): OutageState | null {
    if (this.#nextAt.size === 0 || this.#failure === null) return null;
    const now = this.#now();
    return {
      sinceMs: now - this.#since,
      workers: this.#nextAt.size,
      affected: this.#affected.size,
      attempt: this.#attempt,
      waitMs: this.#waitMs,
      nextMs: Math.max(0, Math.min(...this.#nextAt.values()) - now),
      failure: this.#failure,
    };
  }
}
