import type { RowMaker } from '../rows.js';
import type { ParentTable, Row, TableName, Value } from '../tables.js';
import type { EventType } from './index.js';

/** A patient as events need it: `since` is `data_cadastro`, in milliseconds since 1970, UTC. */
export interface Patient {
  readonly id: number;
  readonly since: number;
}

/** The existing rows that a new row may reference; an event reads only those of its `parents`. */
export interface References {
  readonly paciente: Patient;
  readonly medicoId: number;
  readonly convenioId: number;
}

/** A row that a later event may change or delete. `at`: see `Change.at`. */
export interface Candidate {
  readonly id: number;
  readonly at: number;
}

/** What moves a row on, later in its life: one UPDATE of these columns, by id. */
export interface Change {
  readonly columns: readonly string[];
  /** SQL over the table's own columns: the row is still open to this change. */
  readonly open: string;
  /** SQL, a timestamp: the moment that the change must respect, read into `Candidate.at`. */
  readonly at: string;
  /** The candidate that a row just inserted becomes, or null when it is closed from the start. */
  candidate(row: Row): Candidate | null;
  /** The new values, in the order of `columns`. `now`: milliseconds since 1970, UTC. */
  values(maker: RowMaker, candidate: Candidate, now: number): readonly Value[];
}

/** One event type: the table it writes, what its rows reference, and how they live on. */
export interface EventSpec {
  readonly type: EventType;
  readonly table: TableName;
  readonly parents: readonly ParentTable[];
  /** A new row. `now`: milliseconds since 1970, UTC. */
  insert(maker: RowMaker, id: number, references: References, now: number): Row;
  readonly change: Change;
  /** SQL over the table's own columns: the row may be deleted without breaking a foreign key. */
  readonly deletable: string;
}
