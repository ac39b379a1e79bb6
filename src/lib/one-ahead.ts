/**
 * Runs one piece of work while its caller prepares the next. Pieces run one after the other; the failure of one is thrown
 * by the call after it.
 */
export class OneAhead {
  #running: Promise<void> = Promise.resolve();

  /** Waits for the piece before, then begins this one. */
  async begin(work: () => Promise<void>): Promise<void> {
    await this.#running;
    this.#running = work();
    // The next `await` throws its failure, which is not unhandled until then.
    this.#running.catch(() => undefined);
  }

  /** Waits for the last piece. */
  async end(): Promise<void> {
    await this.#running;
  }
}
