import type { RowMaker } from './row-maker.js';
import type { Row, TableName, Value } from './table.js';

/** The name of an event type, as `--only` and the weights have it. */
export type EventType = string;

/**
 * A row that others may reference. `since`: nothing of the row's children may be earlier, in milliseconds since 1970,
 * UTC, rounded up to a whole millisecond; 0 without such a moment.
 */
export interface KnownId {
  readonly id: number;
  readonly since: number;
}

/** One that is filled anew for each row: an object for each would be too many. */
export type KnownIdSlot = { -readonly [K in keyof KnownId]: KnownId[K] };

/** @param since NaN where it is filled, too: so V8 takes it for a number with a fraction from the start */
export function emptySlot(since = Number.NaN): KnownIdSlot {
  return { id: 0, since };
}

/** The existing rows that a new row may reference, by table. */
export type References<Parent extends TableName = TableName> = Readonly<Record<Parent, KnownId>>;

/** A row that a later event may change or delete. */
export interface Candidate {
  /** The values of its key, or of all columns where the table has no key; more may follow. */
  readonly key: Row;
  /** `Change.at`, in milliseconds since 1970, UTC. */
  readonly at: number;
}

/** A later step in the life of a row: one UPDATE of these columns, by key. */
interface Change {
  /** May include columns of the key: then the key changes where its new value is another one. */
  readonly columns: readonly string[];
  /** SQL over the table's own columns: the row is still open to this change. */
  readonly open: string;
  /** SQL, a timestamp: the moment that the change depends on, read into `Candidate.at`. */
  readonly at: string;
  /** The same moment of a row just inserted; null when the row is closed from the start. */
  momentOf(row: Row): number | null;
  /** The new values, in the order of `columns`. `now`: milliseconds since 1970, UTC. */
  values(maker: RowMaker, candidate: Candidate, now: number): readonly Value[];
}

/** One event type: the table that it writes, the tables that its rows reference, and their later life. */
export interface EventSpec<Parent extends TableName = TableName> {
  readonly type: EventType;
  readonly table: TableName;
  /** The default of its weight: its share of the events, relative to the weights of the other types. */
  readonly weight: number;
  /** The tables that a new row references. */
  readonly parents: readonly Parent[];
  /**
   * A new row.
   *
   * @param id from the table's sequence: the row and its key follow from it
   * @param now milliseconds since 1970, UTC
   * @param previous the row before it in the same statement; null: it is the first
   */
  insert(
    maker: RowMaker,
    id: number,
    references: References<Parent>,
    now: number,
    previous: Row | null,
  ): Row;
  readonly change: Change;
  /** SQL over the table's own columns: the row may be deleted without breaking a foreign key. Or `UNREFERENCED`. */
  readonly deletable: string;
}

/** The condition of a change or a deletion that is allowed at any time. */
export const ALWAYS = 'true';

/** Stands for the SQL of `EventSpec.deletable` that no row of the run's tables references the row. */
export const UNREFERENCED = 'unreferenced';
