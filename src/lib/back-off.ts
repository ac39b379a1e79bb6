import type { ReconnectPolicy } from '../run/protocol.js';

/** Pauses between attempts to connect: each twice the one before, up to the ceiling; half of it is jitter. */
export class BackOff {
  readonly #policy: ReconnectPolicy;
  #attempts = 0;

  constructor(policy: ReconnectPolicy) {
    this.#policy = policy;
  }

  /** Milliseconds to wait before the next attempt; null: there is none left. */
  next(): number | null {
    const { attempts, baseMs, maxMs, failFast } = this.#policy;
    if (failFast && this.#attempts >= attempts) return null;
    const ceiling = Math.min(maxMs, baseMs * 2 ** this.#attempts++);
    return Math.round(ceiling * (0.5 + 0.5 * Math.random()));
  }

  /** Something got through: the next loss is a new one. */
  proved(): void {
    this.#attempts = 0;
  }
}
