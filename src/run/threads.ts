import { availableParallelism } from 'node:os';

/**
 * How many of so many workers share a thread, so that there are as many threads as cores. More threads send no more, and
 * each compiles the code of a run for itself: with two on each of two cores, transactions of one event were a sixth fewer.
 */
export function workersAThread(workers: number): number {
  return Math.ceil(workers / availableParallelism());
}
