/** Policy of reconnecting: exponential back-off with jitter. */
export interface ReconnectPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** True: give up after `attempts`. False: never give up. */
  readonly failFast: boolean;
}

/** Pauses between attempts to connect: each twice the one before, up to `maxMs`; half of a pause is jitter. */
export class BackOff {
  readonly #policy: ReconnectPolicy;
  #attempts = 0;

  readonly #random: () => number;

  /** `random`: uniform in [0, 1), for the jitter. */
  constructor(policy: ReconnectPolicy, random: () => number = Math.random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** Attempts since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt; null: give up. */
  next(): number | null {
    const { attempts, baseMs, maxMs, failFast } = this.#policy;
    if (failFast && this.#attempts >= attempts) return null;
    const ceiling = Math.min(maxMs, baseMs * 2 ** this.#attempts++);
    return Math.round(ceiling * (0.5 + 0.5 * this.#random()));
  }

  /** Resets the pauses after a success. */
  proved(): void {
    this.#attempts = 0;
  }
}
