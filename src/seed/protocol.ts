import type { Pools } from '../legacy/pools.js';
import type { ParentTable } from '../legacy/tables.js';
import type { Failure } from '../postgres/failures.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Parents } from './parents.js';
import type { SeedChunk } from './plan.js';

/** One worker's task in one phase of a seed: chunks, until the queue is empty. */
export interface SeederTask {
  readonly worker: number;
  readonly rng: number;
  /** The last day of the history, in milliseconds since 1970, UTC. */
  readonly reference: number;
  readonly target: ConnectionTarget;
  readonly chunks: readonly SeedChunk[];
  readonly parents: Readonly<Record<ParentTable, Parents>>;
  /** The patients that get links: all, or those without a link. */
  readonly linkable: Parents;
  readonly pools: Pools;
  readonly queue: SharedArrayBuffer;
}

/** How a seeder's task ended. */
export type SeederResult =
  | { readonly ended: 'finished' | 'stopped' }
  | { readonly ended: 'failed'; readonly failure: Failure };
