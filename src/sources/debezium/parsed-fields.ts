import type { TableName } from '../../schemas/hospital/tables.js';
import { KIND } from '../json/grammar.js';
import type { JsonReader } from '../json/reader.js';
import type { Foreign, Scope } from '../scope.js';
import type { SnapshotMark, Unstated } from '../source.js';
import { SLOT, SLOTS } from './fields.js';

/** Tokens of one event that are remembered in their order; more make it an event that is none of many. */
export const MOST_LOGGED = 256;

/** Values of `source.snapshot` that say more than that the row is of a snapshot. */
const MARKS: readonly SnapshotMark[] = [
  'first',
  'first_in_data_collection',
  'last_in_data_collection',
  'last',
  'incremental',
];

/** By bit of `ParsedFields.untold`. */
export const UNTOLD: readonly Unstated[] = ['database', 'schema', 'origin'];

/**
 * What was read of an event so far: where its values are, by slot, and what it has. Which shape it is of shows
 * only when all of it was read, for the order of names is free; so there is a slot for what any shape may
 * tell. Used again for the next event.
 */
export class ParsedFields {
  /** KIND.none: the event does not tell. */
  readonly kinds = new Uint8Array(SLOTS);
  readonly starts = new Int32Array(SLOTS);
  readonly stops = new Int32Array(SLOTS);
  /** Of FLAG. */
  flags = 0;
  // After `settle`.
  /** Null: the event does not tell. */
  table: TableName | Foreign | null = null;
  /** As of `RowEvent`. */
  origin: string | null = null;
  /** The last name of a connector: told once more, it is the same text in memory, and quickly compared. */
  #lastOrigin: string | null = null;
  /** As of `RowEvent`; null where it is not of a snapshot. */
  snapshot: SnapshotMark | null = null;
  /** Bits of UNTOLD. */
  untold = 0;
  /** Whether the event was in a wrapper, and is over. */
  wrapped = false;

  /** The slots in the order of their values in the bytes, and how many there were. */
  readonly logged = new Uint8Array(MOST_LOGGED);
  readonly loggedKinds = new Uint8Array(MOST_LOGGED);
  readonly loggedStarts = new Int32Array(MOST_LOGGED);
  readonly loggedStops = new Int32Array(MOST_LOGGED);
  count = 0;

  clear(): void {
    this.kinds.fill(KIND.none);
    this.flags = 0;
    this.table = null;
    this.origin = null;
    this.snapshot = null;
    this.untold = 0;
    this.wrapped = false;
    this.count = 0;
  }

  /** Takes note of the value that the reader is at the end of, and of its place among the others. */
  take(slot: number, reader: JsonReader): void {
    this.put(slot, reader);
    const at = this.count++;
    if (at >= MOST_LOGGED) return;
    this.logged[at] = slot;
    this.loggedKinds[at] = reader.kind;
    this.loggedStarts[at] = reader.start;
    this.loggedStops[at] = reader.stop;
  }

  /** Takes note of the value only. */
  put(slot: number, reader: JsonReader): void {
    this.kinds[slot] = reader.kind;
    this.starts[slot] = reader.start;
    this.stops[slot] = reader.stop;
  }

  /** Whether there is a value, and it is not null. */
  has(slot: number): boolean {
    return this.kinds[slot]! > KIND.null;
  }

  /** Makes of the CONSTANT_SLOTS what they mean, once all was read. */
  settle(reader: JsonReader, scope: Scope): void {
    const database = this.#text(SLOT.database, reader);
    const schema = this.#text(SLOT.schema, reader);
    const table = this.#text(SLOT.table, reader);
    this.table = table === null ? null : scope.tableOf(database, schema, table);
    const origin = this.#text(SLOT.origin, reader);
    if (origin !== this.#lastOrigin) this.#lastOrigin = origin;
    this.origin = this.#lastOrigin;
    this.untold = Number(database === null) | (Number(schema === null) << 1);
    this.untold |= Number(this.origin === null) << 2;
    this.snapshot = this.#mark(reader);
  }

  /** From `false` or `true`, as such or as text, or which row of a snapshot it is: `first`, `last`… */
  #mark(reader: JsonReader): SnapshotMark | null {
    const kind = this.kinds[SLOT.snapshot]!;
    if (kind < KIND.string) return kind === KIND.true ? 'row' : null;
    const text = this.#text(SLOT.snapshot, reader);
    return text === 'false' ? null : (MARKS.find((mark) => mark === text) ?? 'row');
  }

  /** Null: the event does not tell. */
  #text(slot: number, reader: JsonReader): string | null {
    if (!this.has(slot)) return null;
    return reader.string(this.kinds[slot]!, this.starts[slot]!, this.stops[slot]!);
  }
}
