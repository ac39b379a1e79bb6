/** The hazards of a run: histories that break pipelines, which the operator asks for by name (`--hazard`). */

/** A share of the batches, above 0 and at most 1. */
export type Share = number;

/** Once in a while. `everyMs`: from one time to the next. */
export interface Every {
  readonly everyMs: number;
}

/** For a while, once in a while. */
export interface Spell extends Every {
  readonly lengthMs: number;
}

/** The hazards that a run has, with their dials; one that is missing is off. */
export interface Hazards {
  /** Batches that are written and rolled back before they are written again and committed. */
  readonly rollback?: Share;
  /** Batches in nested savepoints, beside some that are rolled back. */
  readonly savepoints?: Share;
  /** Batches that update rows which all connections fight over. */
  readonly 'hot-keys'?: Share;
  /** Batches that insert, update, delete and insert one key. */
  readonly 'same-row'?: Share;
  /** Batches whose ids are lower than those of batches committed before. */
  readonly 'out-of-order'?: Share;
  /** Batches with rows of one COPY, which share an LSN. */
  readonly copy?: Share;
  /** Batches that update rows with large values that they leave alone. */
  readonly 'unchanged-toast'?: Share;
  /** Batches that are prepared, and committed or rolled back afterwards. */
  readonly 'two-phase'?: Share;
  /** Batches with messages of `pg_logical_emit_message`. */
  readonly message?: Share;
  /** A key is updated, and its children follow. */
  readonly 'key-change'?: Every;
  /** A transaction of `rows` rows. */
  readonly huge?: Every & { readonly rows: number };
  /** A transaction that stays open for `lengthMs` while others commit. */
  readonly long?: Spell;
  /** A TRUNCATE of tables of the extension. */
  readonly truncate?: Every;
  /** The run's tables are idle, while another table is busy. */
  readonly quiet?: Spell;
  /** A change of the schema, of tables of the extension. */
  readonly ddl?: Every;
  /** A table leaves this publication, and comes back. */
  readonly publication?: Every & { readonly name: string };
}

export type HazardName = keyof Hazards;

/** Hazards that a worker adds to its batches. */
export const BATCH_HAZARDS = [
  'rollback',
  'savepoints',
  'hot-keys',
  'same-row',
  'out-of-order',
  'copy',
  'unchanged-toast',
  'two-phase',
  'message',
] as const satisfies readonly HazardName[];

/** Hazards that have a thread and a connection of their own. */
export const TIMED_HAZARDS = [
  'key-change',
  'huge',
  'long',
  'truncate',
  'quiet',
  'ddl',
  'publication',
] as const satisfies readonly HazardName[];

export type BatchHazard = (typeof BATCH_HAZARDS)[number];
export type TimedHazard = (typeof TIMED_HAZARDS)[number];

/** In the order of summaries and pages. */
export const HAZARD_NAMES: readonly HazardName[] = [...BATCH_HAZARDS, ...TIMED_HAZARDS];

/** The database schema of the table that `quiet` keeps busy: made at its start, dropped at its end and by `init-db`. */
export const QUIET_SCHEMA = 'oltp_simulator_quiet';
