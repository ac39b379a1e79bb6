import type { EventType } from './event.js';
import type { RowMaker } from './row-maker.js';
import type { Row, TableName, Value } from './table.js';

/** The part that the tables of a schema have in the hazards of a run. */

/** Rows that all connections update. No event type updates, deletes or moves rows of their table. */
interface HotRows {
  readonly table: TableName;
  /** The columns that an update sets; none is of the key. */
  readonly columns: readonly string[];
  /** Their new values. `moment`: another one at each update of a row. */
  values(maker: RowMaker, id: number, moment: number): readonly Value[];
}

/** A parent and its children, made by the hazard itself: its key changes, and they follow by ON UPDATE CASCADE. */
export interface Family {
  /** Its key is one number, and `Table.parent` makes its rows. */
  readonly parent: TableName;
  /** Event types whose rows reference it. */
  readonly children: readonly EventType[];
}

/** A change of the schema, in one transaction, under an ACCESS EXCLUSIVE lock of its table. */
export interface SchemaChange {
  /** As in the ledger and the log: `add-column`. Unique among those of its table. */
  readonly name: string;
  readonly table: TableName;
  /** SQL statements that make the change. */
  readonly statements: readonly string[];
  /**
   * The added columns that rows of the table have from then on, and the value of each in every row; null is NULL. Left
   * out: the same ones as before.
   */
  readonly columns?: Readonly<Record<string, string | null>>;
  /**
   * Makes a row of the table that uses what changed, of one as its event type inserts it. Some are written after the
   * statements, in the same transaction.
   */
  rowOf?(row: Row): Row;
  /** The rows that are deleted before the statements, because they would vanish with what these drop. */
  readonly emptied?: Emptied;
  /** The server writes every row again, without events: each then is of this transaction. */
  readonly rewrites?: true;
  /** SQL, one boolean, of a change that nothing undoes: an earlier run made it. Null: the cycle undoes the change. */
  readonly stays: string | null;
}

/** The rows of a partition that is to be dropped. */
export interface Emptied {
  readonly partition: string;
  /** SQL: holds of all of its rows, and spares the server a look at the other partitions. */
  readonly where: string;
}

/** Undoes what changes of a table left half done; it may run at any time, under the same lock as they. */
export interface Repair extends Pick<SchemaChange, 'table' | 'statements' | 'emptied'> {
  /** SQL, one boolean: there is something to undo. */
  readonly left: string;
}

/** A column that a hazard adds and drops while a run goes on. */
export interface AddedColumn {
  readonly name: string;
  /** As `format_type` prints it; of one that is widened, the wider type. */
  readonly type: string;
}

export interface HazardSpec {
  /** Null: the extension has no such rows of its own. */
  readonly hot: HotRows | null;
  readonly family: Family | null;
  /** The event type whose rows fill huge and long transactions and COPYs; its table's key is an id. */
  readonly bulk: EventType | null;
  /** The event type whose updates leave large values alone. */
  readonly unchangedToast: EventType | null;
  /** Tables that may be truncated while others write to them: no other table references them. */
  readonly truncate: readonly TableName[];
  /** A cycle: the last of them lead back to the schema before the first, but for those that stay. */
  readonly changes: readonly SchemaChange[];
  /** A table that leaves a publication and comes back. */
  readonly unpublish: TableName | null;
  /** One for each table of `changes`: a run that was killed leaves some of them half done. */
  readonly repair: readonly Repair[];
}

/** Hazards that touch nothing. */
export const NO_HAZARDS: HazardSpec = {
  hot: null,
  family: null,
  bulk: null,
  unchangedToast: null,
  truncate: [],
  changes: [],
  unpublish: null,
  repair: [],
};

/** The hazards of a schema that is made of several: lists are joined, and of the rest the last one counts. */
export function joinHazards(specs: readonly HazardSpec[]): HazardSpec {
  const last = <K extends keyof HazardSpec>(member: K): HazardSpec[K] =>
    specs.findLast((spec) => spec[member] !== null)?.[member] ?? NO_HAZARDS[member];
  return {
    hot: last('hot'),
    family: last('family'),
    bulk: last('bulk'),
    unchangedToast: last('unchangedToast'),
    truncate: specs.flatMap(({ truncate }) => truncate),
    changes: specs.flatMap(({ changes }) => changes),
    unpublish: last('unpublish'),
    repair: specs.flatMap(({ repair }) => repair),
  };
}
