import type { Failure } from '../postgres/failures.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { SeedChunk } from './plan.js';
import type { RowBasis } from './rows.js';

/** One worker's task in one phase of a seed: chunks, until the queue is empty. */
export interface SeederTask extends RowBasis {
  readonly worker: number;
  readonly target: ConnectionTarget;
  /** The extensions of the schema. */
  readonly extensions: readonly string[];
  readonly chunks: readonly SeedChunk[];
  readonly queue: SharedArrayBuffer;
}

/** How a seeder's task ended. */
export type SeederResult =
  | { readonly ended: 'finished' | 'stopped' }
  | { readonly ended: 'failed'; readonly failure: Failure };
