import type { TableSpec } from '../../schema/table.js';
import type { IntakeOptions } from '../../sources/intake.js';
import type { TablePlaces } from '../../sources/scope.js';
import type { EventBlock } from './event-block.js';

/** The start of the thread that decodes. */
export interface IntakeTask {
  /** Without their functions; in the order of their codes. */
  readonly specs: readonly TableSpec[];
  /** By table: the columns that updates set. */
  readonly changing: Readonly<Record<string, readonly string[]>>;
  readonly places: TablePlaces;
  readonly options: IntakeOptions;
  /** The ledger's version, from 1. */
  readonly version: number;
}

/** Lines to decode: a call of `LineTaker`. */
export interface IntakeRequest {
  readonly call: 'lines' | 'tooLong' | 'rest';
  /** The lines are its first `length` bytes. */
  readonly bytes: ArrayBuffer;
  readonly length: number;
  readonly receivedAt: number;
  readonly mayBeCut: boolean;
  /** For the block; of an earlier one. */
  readonly room: ArrayBuffer;
}

/** The events of a request, and its buffer. Answers have the order of the requests. */
export interface IntakeAnswer {
  readonly bytes: ArrayBuffer;
  readonly block: EventBlock;
}
