/** How often a file that has no more, or is not there, is looked at. */
const POLL_MS = 50;

/** The pause between two looks at a file. */
export class Poll {
  #wake: () => void = () => {};

  /** Resolves after the pause, or as soon as `wake` is called. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends a pause that is under way. */
  wake(): void {
    this.#wake();
  }
}
