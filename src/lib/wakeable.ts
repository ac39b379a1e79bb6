/** Waits that can be ended early: `wake` ends those under way, `end` also all later ones. */
export class Wakeable {
  readonly #waiting = new Set<(woken: boolean) => void>();
  #ended = false;

  /** Waits `ms` milliseconds, or until it is woken; without `ms` only the latter. True: it was woken, or has ended. */
  sleep(ms = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#ended) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => end(false), ms) : undefined;
      const end = (woken: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve(woken);
      };
      this.#waiting.add(end);
    });
  }

  /** Ends the waits that are under way. */
  wake(): void {
    for (const end of this.#waiting) end(true);
  }

  /** Ends the waits that are under way, and all later ones as soon as they begin. */
  end(): void {
    this.#ended = true;
    this.wake();
  }

  /** A wait is under way. */
  get awaited(): boolean {
    return this.#waiting.size > 0;
  }

  get ended(): boolean {
    return this.#ended;
  }
}
