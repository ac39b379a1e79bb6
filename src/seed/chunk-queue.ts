/** Bytes: the next chunk, a stop flag, then one double a worker. */
const HEADER = 8;

/**
 * The queue of chunks that the workers of a seed share, with the rows that each has written. Chunks are claimed
 * atomically, so that a quick worker takes more; each worker writes only its own count.
 */
export class ChunkQueue {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #rows: Float64Array;

  constructor(bufferOrWorkers: SharedArrayBuffer | number) {
    this.buffer =
      typeof bufferOrWorkers === 'number'
        ? new SharedArrayBuffer(HEADER + bufferOrWorkers * 8)
        : bufferOrWorkers;
    this.#words = new Int32Array(this.buffer, 0, 2);
    this.#rows = new Float64Array(this.buffer, HEADER);
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

  /** Counts rows that a worker handed to the server. */
  wrote(worker: number, rows: number): void {
    this.#rows[worker] = (this.#rows[worker] ?? 0) + rows;
  }

  /** Rows handed to the server so far, over all workers. */
  get rows(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }
}
