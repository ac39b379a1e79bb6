import type { MessagePort } from 'node:worker_threads';
import type { Hazards, TimedHazard } from '../hazards/hazards.js';
import type { IdBuffers } from '../ids/cache.js';
import type { IdChanges } from '../ids/known-id.js';
import type { LedgerTask } from '../ledger/writer.js';
import type { ReconnectPolicy } from '../lib/back-off.js';
import type { PaceSpec } from '../load/pacer.js';
import type { WorkerShare } from '../load/shares.js';
import type { Failure } from '../postgres/failures.js';
import type { TableOids } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Operation } from '../schema/changes.js';
import type { EventType } from '../schema/event.js';
import type { Pools } from '../schema/row-maker.js';
import type { TableName } from '../schema/table.js';

/*
 * All that crosses a thread in a stream. Tasks go down once; numbers come back through shared memory
 * (worker-stats.ts), the rest as messages, folded together a few times a second.
 */

/** Writes whose rows are read back as stored, by table: a trigger may change these rows or drop them. */
export type Returning = Readonly<Partial<Record<TableName, readonly Operation[]>>>;

/** The members that all long tasks of a run have, one for each worker. */
export interface ThreadTask {
  /** Position among the workers, from 0; threads of hazards come after the producers. */
  readonly worker: number;
  readonly rng: number;
  readonly target: ConnectionTarget;
  /** Names of the extensions in the run's schema. */
  readonly extensions: readonly string[];
  /** The tables that the run began with. */
  readonly tables: TableOids;
  readonly returning: Returning;
  /** Active milliseconds at which the run ends; null: when it is stopped. */
  readonly endMs: number | null;
  readonly reconnect: ReconnectPolicy;
  readonly control: SharedArrayBuffer;
  readonly stats: SharedArrayBuffer;
  readonly ids: IdBuffers;
  readonly pools: Pools;
  /** Null: no ledger is kept. */
  readonly ledger: LedgerTask | null;
  /** Null: the run has none. */
  readonly hazards: HazardPlan | null;
  readonly reports: MessagePort;
}

/** The long task of a `stream` worker. */
export interface ProducerTask extends ThreadTask {
  /** Workers that share its thread, at most. */
  readonly aThread: number;
  readonly share: WorkerShare;
  /** For each owned event type: this worker's position among the workers of that type, and their number. */
  readonly siblings: Readonly<Partial<Record<EventType, { readonly index: number; of: number }>>>;
  readonly pace: PaceSpec;
  /** The highest id of each table with a number as its key when the run began; 0 of an empty one. */
  readonly lastIds: Readonly<Record<TableName, number>>;
  /** True: batches that could not be sent when they were due count as shed, and are not sent late. */
  readonly shed: boolean;
  readonly batchSize: number;
  readonly updateRatio: number;
  readonly deleteRatio: number;
  /** Events after which the share is done, committed ones only; null: no such limit. */
  readonly commitLimit: number | null;
}

/** The hazards of a run. */
export interface HazardPlan {
  readonly hazards: Hazards;
  /** Rows of `HazardSpec.hot.table` that all connections may update, by their ids; empty: none. */
  readonly hotRows: readonly number[];
}

/** The long task of a worker that has one timed hazard. Its writes are no events of the run's load. */
export interface HazardTask extends ThreadTask {
  readonly hazard: TimedHazard;
  readonly hazards: HazardPlan;
  readonly ledger: LedgerTask;
}

/** A message of a producer to the main thread. */
export type ProducerReport =
  /** Connected, and waiting for the clock to start. */
  | { readonly kind: 'ready' }
  /** Rows were committed; `ids`: those of them that may be referenced from now on, or no longer. */
  | { readonly kind: 'committed'; readonly ids: IdChanges }
  | {
      readonly kind: 'rejected';
      readonly table: TableName;
      readonly operation: Operation;
      /** Name of the column of the failure, if the server named it; never its value. */
      readonly field: string | null;
      readonly failure: Failure;
    }
  /** COMMIT was refused by a deferred constraint on one row: all rows of the batch are lost. */
  | {
      readonly kind: 'batch-refused';
      readonly table: TableName;
      readonly events: number;
      readonly failure: Failure;
    }
  | { readonly kind: 'retried'; readonly failure: Failure }
  | HazardReport
  /** The transaction of a timed hazard was rolled back; the hazard tries again at its next moment. */
  | { readonly kind: 'hazard-failed'; readonly name: TimedHazard; readonly failure: Failure }
  /** A hazard wants the clock held, or lets it go on. */
  | { readonly kind: 'hold'; readonly held: boolean }
  | {
      readonly kind: 'reconnecting';
      readonly attempt: number;
      readonly waitMs: number;
      readonly failure: Failure;
    }
  | { readonly kind: 'reconnected'; readonly afterMs: number };

/** A timed hazard happened: its transaction was committed. */
export interface HazardReport {
  readonly kind: 'hazard';
  readonly name: TimedHazard;
  /** In active milliseconds of the run. */
  readonly atMs: number;
  /** How long it took, in milliseconds. */
  readonly lengthMs: number;
  /** Rows that it wrote beside the load's; 0 where that is not what it is about. */
  readonly rows: number;
  /** An LSN within it, as PostgreSQL prints it; null: unknown. */
  readonly lsn: string | null;
  /** The name of the schema change, and its table; null: it is no schema change. */
  readonly detail: {
    readonly change: string;
    readonly table: TableName;
    readonly stays: boolean;
  } | null;
}

/** How a producer's task ended. */
export type ProducerResult =
  | { readonly ended: 'finished' }
  /** `givenUp`: batches that waited for a lock when the run was to end, and were rolled back. */
  | { readonly ended: 'stopped'; readonly givenUp: number }
  | { readonly ended: 'failed'; readonly failure: Failure };
