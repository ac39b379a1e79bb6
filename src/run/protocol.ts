import type { MessagePort } from 'node:worker_threads';
import type { KnownId } from '../ids/cache.js';
import type { IdBuffers } from '../ids/layout.js';
import type { PaceSpec } from '../load/pacer.js';
import type { WorkerShare } from '../load/shares.js';
import type { Failure } from '../postgres/failures.js';
import type { TableOids } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { EventType } from '../schemas/hospital/events/index.js';
import type { Pools } from '../schemas/hospital/pools.js';
import type { ParentTable, TableName } from '../schemas/hospital/tables.js';
import type { Parents } from '../seed/parents.js';
import type { SeedChunk } from '../seed/plan.js';
import type { Operation } from './worker-stats.js';

/*
 * Everything that crosses a thread. Tasks go down once; numbers come back through shared memory
 * (worker-stats.ts), the rest as messages, folded together a few times a second.
 */

/** How a lost connection is sought again: exponential back-off with jitter. */
export interface ReconnectPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** True: after the last attempt the run ends. False: it goes on trying. */
  readonly failFast: boolean;
}

/** Where a worker keeps its ledger, and what it says of itself there. */
export interface LedgerTask {
  readonly folder: string;
  readonly run: string;
  /** From 1. */
  readonly worker: number;
  readonly rng: number;
}

/**
 * Writes that answer with their rows as stored, by table: a trigger of the database may change these rows or
 * drop them.
 */
export type Returning = Readonly<Partial<Record<TableName, readonly Operation[]>>>;

/** The one long task of a `stream` worker. */
export interface ProducerTask {
  /** Position among the workers, from 0. */
  readonly worker: number;
  readonly rng: number;
  readonly target: ConnectionTarget;
  /** The tables that the run began with. */
  readonly tables: TableOids;
  readonly share: WorkerShare;
  /** Per owned event type: which of its workers this one is, and of how many. */
  readonly siblings: Readonly<Partial<Record<EventType, { readonly index: number; of: number }>>>;
  readonly pace: PaceSpec;
  /** The highest id of each table when the run began; 0 of an empty one. */
  readonly lastIds: Readonly<Record<TableName, number>>;
  /** True: what could not be sent when it was due is counted as shed, not sent late. */
  readonly shed: boolean;
  readonly batchSize: number;
  readonly updateRatio: number;
  readonly deleteRatio: number;
  readonly returning: Returning;
  /** Events after which the share is done, committed ones only; null: no such limit. */
  readonly commitLimit: number | null;
  /** Active milliseconds at which the run ends; null: when told to stop. */
  readonly endMs: number | null;
  readonly reconnect: ReconnectPolicy;
  readonly control: SharedArrayBuffer;
  readonly stats: SharedArrayBuffer;
  readonly ids: IdBuffers;
  readonly pools: Pools;
  /** Null: no ledger is kept. */
  readonly ledger: LedgerTask | null;
  readonly reports: MessagePort;
}

/** What a producer tells the main thread while it runs. */
export type ProducerReport =
  /** Connected, and waiting for the clock to start. */
  | { readonly kind: 'ready' }
  /** Rows were committed, and these may be referenced from now on, or may not any more. */
  | {
      readonly kind: 'committed';
      readonly born: readonly { readonly table: ParentTable; readonly known: KnownId }[];
      readonly gone: readonly { readonly table: ParentTable; readonly id: number }[];
    }
  | {
      readonly kind: 'rejected';
      readonly table: TableName;
      readonly operation: Operation;
      /** Name of the column that the failure is about, as far as the server told; never its value. */
      readonly field: string | null;
      readonly failure: Failure;
    }
  /** COMMIT was refused for the sake of a row, by a deferred constraint: all rows of the batch are lost. */
  | {
      readonly kind: 'batch-refused';
      readonly table: TableName;
      readonly events: number;
      readonly failure: Failure;
    }
  | { readonly kind: 'retried'; readonly failure: Failure }
  | {
      readonly kind: 'reconnecting';
      readonly attempt: number;
      readonly waitMs: number;
      readonly failure: Failure;
    }
  | { readonly kind: 'reconnected'; readonly afterMs: number };

/** How a producer's task ended. */
export type ProducerResult =
  | { readonly ended: 'finished' }
  /** `givenUp`: batches that waited for a lock when the run was to end, and were rolled back. */
  | { readonly ended: 'stopped'; readonly givenUp: number }
  | { readonly ended: 'failed'; readonly failure: Failure };

/** One worker's task in one phase of a seed: chunks, until none is left. */
export interface SeederTask {
  readonly worker: number;
  readonly rng: number;
  /** The day that the history ends on, ms since 1970, UTC. */
  readonly reference: number;
  readonly target: ConnectionTarget;
  readonly chunks: readonly SeedChunk[];
  readonly parents: Readonly<Record<ParentTable, Parents>>;
  /** The patients that get links: all, or those that have none yet. */
  readonly linkable: Parents;
  readonly pools: Pools;
  readonly board: SharedArrayBuffer;
}

/** How a seeder's task ended. */
export type SeederResult =
  | { readonly ended: 'finished' | 'stopped' }
  | { readonly ended: 'failed'; readonly failure: Failure };
