import { availableParallelism } from 'node:os';

/**
 * So many workers have a thread each on any machine. Where there are more workers than these and than cores, a thread has
 * several: more threads than cores send no more, and each compiles the code of a run for itself.
 */
const THREADS = 4;

/** How many of so many workers share a thread. */
export function workersAThread(workers: number): number {
  return Math.ceil(workers / Math.max(THREADS, availableParallelism()));
}
