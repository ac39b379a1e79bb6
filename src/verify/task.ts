import type { DatabaseFacts } from '../database/facts.js';
import type { LedgerFacts } from '../ledger/facts-file.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import type { ClockOffset } from '../sources/clock-offset.js';
import type { Scope } from '../sources/scope.js';
import type { Malformed, Source } from '../sources/source.js';
import type { LatencyPoint } from './verdict/latency.js';

/** Everything that a verification needs. */
export interface VerificationTask {
  /** Of the run, with the columns that its updates set. */
  readonly tables: Tables;
  /** Folder of the run's ledger. */
  readonly ledger: string;
  readonly source: Source;
  /** An LSN: changes committed before it are not expected. */
  readonly from: number;
  /** Leave changes that precede the source out of the verdict. */
  readonly partial: boolean;
  /** Decides which table an event means. */
  readonly scope: Scope;
  /** Of the ledger, from 1. */
  readonly version: number;
  /** The rows that all connections of the run write, by table: a key list each. */
  readonly shared: () => Readonly<Record<TableName, string>>;
  /** The ledger's facts of the database: more once the run is over. */
  readonly facts: () => LedgerFacts | null;
  /** The facts of the database today; null: it was not asked. */
  readonly now: DatabaseFacts | null;
  /** The publications that the source reads; null: unknown. */
  readonly publications: readonly string[] | null;
  /** Whether the run goes on. */
  readonly isUnderWay: () => boolean;
  /** The LSN of the WAL's end. Null: the source does not report its position, so it is of no use. */
  readonly serverPosition: (() => Promise<number>) | null;
  /** Once the run is over, stop after this long without a new event of it. */
  readonly quietMs: number;
  /** Memory for events and rows, in bytes. */
  readonly memoryBytes: number;
  /** Share of rows to follow, 0 to 1. */
  readonly sample: number;
  readonly skipMalformed: boolean;
  readonly offset: ClockOffset;
  /** When listening began, by this machine's clock: microseconds since 1970. */
  readonly since: number;
  readonly onPoint: (point: LatencyPoint) => void;
  readonly onMalformed: (problem: Malformed) => void;
  /** Called about every 25 ms. */
  readonly onProgress: (progress: VerificationProgress) => void;
  readonly interrupted: AbortSignal;
}

export interface VerificationProgress {
  /** Changes that arrived. */
  readonly events: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly runOver: boolean;
}

/** An input is not an event, and must not be skipped. */
export class MalformedInput extends Error {
  readonly problem: Malformed;

  constructor(problem: Malformed) {
    super(`input ${problem.position} is not an event`);
    this.problem = problem;
  }
}
