import type { RowMaker } from '../rows.js';
import type { ParentTable, Row, TableName, Value } from '../tables.js';
import type { EventType } from './index.js';

/** A patient as events need it: `since` is `data_cadastro`, in milliseconds since 1970, UTC. */
export interface Patient {
  readonly id: number;
  readonly since: number;
}

/** The existing rows that a new row may reference; an event type reads only those of its `parents`. */
export interface References {
  readonly paciente: Patient;
  readonly medicoId: number;
  readonly convenioId: number;
}

/** A row that a later event may change or delete. `at`: `Change.at`, in milliseconds since 1970, UTC. */
export interface Candidate {
  readonly id: number;
  readonly at: number;
}

/** A later step in the life of a row: one UPDATE of these columns, by id. */
interface Change {
  readonly columns: readonly string[];
  /** SQL over the table's own columns: the row is still open to this change. */
  readonly open: string;
  /** SQL, a timestamp: the moment that the change depends on, read into `Candidate.at`. */
  readonly at: string;
  /** The candidate that a row just inserted becomes; null when it is closed from the start. */
  candidate(row: Row): Candidate | null;
  /** The new values, in the order of `columns`. `now`: milliseconds since 1970, UTC. */
  values(maker: RowMaker, candidate: Candidate, now: number): readonly Value[];
}

/** One event type: the table that it writes, the tables that its rows reference, and their later life. */
export interface EventSpec {
  readonly type: EventType;
  readonly table: TableName;
  /** Its share of the events, before an operator says another; relative to the other types' weights. */
  readonly weight: number;
  /** The tables that a new row references. */
  readonly parents: readonly ParentTable[];
  /** A new row. `now`: milliseconds since 1970, UTC. */
  insert(maker: RowMaker, id: number, references: References, now: number): Row;
  readonly change: Change;
  /** SQL over the table's own columns: the row may be deleted without breaking a foreign key. */
  readonly deletable: string;
}
