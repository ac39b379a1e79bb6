import { availableParallelism } from 'node:os';

/** So many workers that wait for their moments have a thread each on any machine: those of a run by default. */
const ALONE = 5;

/**
 * How many of so many workers share a thread. There are as many threads as cores: more send no more, and each compiles the
 * code of a run for itself. With four threads on two cores, transactions of one event were a sixth fewer.
 *
 * @param wait whether they wait for their moments: a worker alone in its thread does so to a fraction of a millisecond
 */
export function workersAThread(workers: number, wait: boolean): number {
  const cores = availableParallelism();
  return Math.ceil(workers / (wait ? Math.max(ALONE, cores) : cores));
}
