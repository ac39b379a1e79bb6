/** Remembers the last `most` numbers that were added, and up to as many more: bounded, whatever comes. */
export class BoundedSet {
  readonly #most: number;
  #young = new Set<number>();
  #old = new Set<number>();

  constructor(most: number) {
    this.#most = most;
  }

  add(value: number): void {
    this.#young.add(value);
    if (this.#young.size < this.#most) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  has(value: number): boolean {
    return this.#young.has(value) || this.#old.has(value);
  }
}
