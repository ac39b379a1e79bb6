import { HAZARD_NAMES, type HazardName } from '../hazards/hazards.js';
import { HISTOGRAM_BYTES } from '../lib/histogram.js';
import { MOST_PENDING } from '../postgres/pending.js';
import { OPERATIONS, type Operation } from '../schema/changes.js';
import type { EventType } from '../schema/event.js';
import type { Schema } from '../schema/schema.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

/*
 * The shared memory of a worker's statistics: numbers, then histograms, then the texts of keys. Positions count in
 * doubles.
 */

const COUNTERS = [
  /** Events of batches that are over: committed or rejected. */
  'attempted',
  'committed',
  'rolledBack',
  'retries',
  'reconnects',
  /** COMMITs without an answer whose fate stayed unknown. */
  'unknown',
  /** COMMITs without an answer whose fate was found out afterwards. */
  'settled',
  /** Events that were due and not sent, because the server had not kept up. */
  'shed',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** The position of each counter: every transaction changes several. */
export const COUNTER_AT = Object.fromEntries(COUNTERS.map((name, at) => [name, at])) as Readonly<
  Record<Counter, number>
>;

/** The counters that the outcome of a transaction may change. */
export const SETTLED_COUNTERS = [
  'committed',
  'rolledBack',
  'unknown',
  'attempted',
  'settled',
] as const;

/** SQLSTATEs that are counted apart; further ones count as the last. */
export const REJECTION_SLOTS = 16;

/** A pending transaction: its xid, 0 while it is unknown; … */
export const ENTRY_XID = 0;
/** … its witness: table, operation, and its key, or the length of the key's text in bytes; … */
export const ENTRY_WITNESS = 1;
/** … its events; its number in the ledger, 0 without one; … */
export const ENTRY_EVENTS = 4;
export const ENTRY_NUMBER = 5;
/** … the halves of its WAL position, 0 and 0 while it is unknown; … */
export const ENTRY_LSN = 6;
/** … whether it is prepared: a position in PREPARED_ENDS; … */
export const ENTRY_PREPARED = 8;
export const PREPARED_ENDS = [null, 'commit', 'rollback'] as const;
/** … how many of its counts may be other than 0; and its counts: rows of the load, a cell each, then effects of hazards. */
export const ENTRY_COUNTED = 9;
export const ENTRY_ROWS = 10;

/** Ordinals of the first pending transaction and of the next one to be entered; they only grow. */
export const FIRST_PENDING = COUNTERS.length;
export const END_PENDING = FIRST_PENDING + 1;
/** The server process that they run in: its id, and its start in microseconds since 1970. */
export const BACKEND = END_PENDING + 1;
/** Connections that the worker has had, threads that died included. */
export const CONNECTIONS = BACKEND + 2;
/** Events that were due when the worker last looked. */
export const DUE = CONNECTIONS + 1;
/** 1 while the backlog of a lost connection is not worked off. */
export const LOST = DUE + 1;
/** 1 once the main thread cancels the wait of the worker's server process. */
export const MAY_GIVE_UP = LOST + 1;
/** While the first pending transaction is being counted: how many counts change. Else 0. */
export const SETTLING = MAY_GIVE_UP + 1;
/** The counters, the counts and the first ordinal as they will be once it is counted. */
export const THEN_COUNTERS = SETTLING + 1;
const THEN_ROWS = THEN_COUNTERS + COUNTERS.length;

/** Histograms over all event types, and two for each of their operations. */
const OVERALL_HISTOGRAMS = 4;

/**
 * Bytes of the text of a witness's key. An index of the server takes 2,704 bytes at most; JSON escapes some characters
 * of several values.
 */
const KEY_BYTES = 4096;

const layouts = new WeakMap<Schema, StatsLayout>();

/** The layout of a schema's statistics; made once. */
export function layoutOf(schema: Schema): StatsLayout {
  let layout = layouts.get(schema);
  if (layout === undefined) {
    layout = new StatsLayout(schema);
    layouts.set(schema, layout);
  }
  return layout;
}

/** The part of the layout that depends on the schema's tables and event types. */
export class StatsLayout {
  readonly tables: Tables;
  /** A number of rows for each table and operation. */
  readonly cells: number;
  /** The cells; then, for each table, the rows that hazards added to it; then how often each hazard happened. */
  readonly counts: number;
  /** Doubles of a pending transaction. */
  readonly entry: number;
  readonly thenRows = THEN_ROWS;
  readonly thenFirst: number;
  readonly rows: number;
  readonly rejected: number;
  /** All doubles before the histograms. */
  readonly numbers: number;
  readonly bytes: number;
  readonly #pending: number;
  /** The offset of the texts of keys, in bytes; null: every table has a number as its key. */
  readonly #texts: number | null;
  readonly #typeIndexes: ReadonlyMap<EventType, number>;

  constructor({ tables, eventTypes }: Schema) {
    this.tables = tables;
    this.cells = tables.size * OPERATIONS.length;
    this.counts = this.cells + tables.size + HAZARD_NAMES.length;
    this.entry = ENTRY_ROWS + this.counts;
    this.thenFirst = THEN_ROWS + this.counts;
    this.rows = this.thenFirst + 1;
    this.rejected = this.rows + this.counts;
    this.#pending = this.rejected + 2 * REJECTION_SLOTS;
    this.numbers = this.#pending + MOST_PENDING * this.entry;
    const histograms = OVERALL_HISTOGRAMS + 2 * eventTypes.length * OPERATIONS.length;
    const end = this.numbers * 8 + histograms * HISTOGRAM_BYTES;
    const hasTexts = tables.filter(({ keyKind }) => keyKind !== 'id').length > 0;
    this.#texts = hasTexts ? end : null;
    this.bytes = hasTexts ? end + MOST_PENDING * KEY_BYTES : end;
    this.#typeIndexes = new Map(eventTypes.map((type, i) => [type, i]));
  }

  /** The cell of a table and an operation. */
  cell(table: TableName, operation: Operation): number {
    return this.tables.get(table).code * OPERATIONS.length + OPERATIONS.indexOf(operation);
  }

  /** The count of the rows that hazards added to a table. */
  growth(table: TableName): number {
    return this.cells + this.tables.get(table).code;
  }

  /** The count of a hazard's occurrences. */
  hazard(name: HazardName): number {
    return this.cells + this.tables.size + HAZARD_NAMES.indexOf(name);
  }

  /** The position of a pending transaction. */
  entryOf(ordinal: number): number {
    return this.#pending + (ordinal % MOST_PENDING) * this.entry;
  }

  /** The bytes for the text of a key, of a pending transaction's witness. Throws where all keys are numbers. */
  textOf(buffer: SharedArrayBuffer, ordinal: number): Uint8Array {
    if (this.#texts === null) throw new Error('no table has a text as its key');
    const offset = this.#texts + (ordinal % MOST_PENDING) * KEY_BYTES;
    return new Uint8Array(buffer, offset, KEY_BYTES);
  }

  /** The first of two histograms of an event type's operation: a number that `histogramAt` takes. */
  histogramsOf(type: EventType, operation: Operation): number {
    const index = this.#typeIndexes.get(type);
    if (index === undefined) throw new Error(`no statistics of ${type}`);
    const kind = index * OPERATIONS.length + OPERATIONS.indexOf(operation);
    return OVERALL_HISTOGRAMS + 2 * kind;
  }

  /** The offset of a histogram, in bytes. */
  histogramAt(index: number): number {
    return this.numbers * 8 + index * HISTOGRAM_BYTES;
  }
}
