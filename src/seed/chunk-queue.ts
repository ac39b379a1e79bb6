/** Bytes: the next chunk, a stop flag, then two doubles a worker: its rows, and their work. */
const HEADER = 8;

/**
 * The queue of chunks that the workers of a seed share, with the rows that each has written. Chunks are claimed
 * atomically, so that a quick worker takes more; each worker writes only its own counts.
 */
export class ChunkQueue {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #counts: Float64Array;

  constructor(bufferOrWorkers: SharedArrayBuffer | number) {
    this.buffer =
      typeof bufferOrWorkers === 'number'
        ? new SharedArrayBuffer(HEADER + bufferOrWorkers * 2 * 8)
        : bufferOrWorkers;
    this.#words = new Int32Array(this.buffer, 0, 2);
    this.#counts = new Float64Array(this.buffer, HEADER);
  }

  /** Takes the next chunk: its position, from 0. */
  claim(): number {
    return Atomics.add(this.#words, 0, 1);
  }

  /** Makes `claim` start from 0 again, for the next phase. */
  rewind(): void {
    Atomics.store(this.#words, 0, 0);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, 1) === 1;
  }

  /** No worker begins another chunk. */
  stop(): void {
    Atomics.store(this.#words, 1, 1);
  }

  /** Counts rows that a worker handed to the server. `cost`: the work of one, in rows of the usual size. */
  wrote(worker: number, rows: number, cost: number): void {
    this.#counts[2 * worker] = (this.#counts[2 * worker] ?? 0) + rows;
    this.#counts[2 * worker + 1] = (this.#counts[2 * worker + 1] ?? 0) + rows * cost;
  }

  /** Rows handed to the server so far, over all workers. */
  get rows(): number {
    return this.#counts.reduce((sum, count, i) => (i % 2 === 0 ? sum + count : sum), 0);
  }

  /** Their work, in rows of the usual size. */
  get work(): number {
    return this.#counts.reduce((sum, count, i) => (i % 2 === 1 ? sum + count : sum), 0);
  }
}
