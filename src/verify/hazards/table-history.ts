import type { HazardRecord } from '../../ledger/format.js';
import type { TableName } from '../../schema/table.js';
import type { Expected } from '../ledger/expected.js';

/** The added columns that the rows of a table have, and the value of each in every row; null is NULL. */
export type AddedValues = Readonly<Record<string, string | null>>;

/** A publication that a table left, or came back to. */
interface Passage {
  readonly publication: string;
  readonly isOut: boolean;
}

/** A change of a table as a whole, under a lock that no other writer of the table shares. */
interface TableChange {
  /** Writers with a lower LSN in the ledger were committed before it, the others after it. */
  readonly lsn: number;
  /** The ledger has it as committed. */
  readonly isCertain: boolean;
  /** Null: the same as before. */
  readonly columns: AddedValues | null;
  /** Null: it is not about a publication. */
  readonly passage: Passage | null;
}

/** LSNs, from and to, between which a transaction was committed. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

/** Whether a transaction with these hazards changes a table as a whole. */
export function locksTable({ truncated, ddl }: HazardRecord, table: TableName): boolean {
  return (
    truncated?.includes(table) === true || ddl?.some((change) => change.table === table) === true
  );
}

/** Changes of tables as a whole in a run, by LSN: truncates, changes of the schema and of publications. */
export class TableHistory {
  /** Ascending by LSN. */
  readonly #changes = new Map<TableName, TableChange[]>();

  /** Adds those of a transaction. Of one that was rolled back there are none. */
  add({ fate, lsn, hazards }: Expected): void {
    if (fate === 'aborted' || lsn === null || hazards === null) return;
    const isCertain = fate === 'committed';
    for (const table of hazards.truncated ?? []) {
      this.#add(table, { lsn, isCertain, columns: null, passage: null });
    }
    for (const { change, table, columns = null, publication } of hazards.ddl ?? []) {
      const passage =
        publication === undefined ? null : { publication, isOut: change === 'unpublish' };
      this.#add(table, { lsn, isCertain, columns, passage });
    }
  }

  has(table: TableName): boolean {
    return this.#changes.has(table);
  }

  /** The LSN of the last change of a table up to `lsn`; -Infinity: there is none. */
  lastChange(table: TableName, lsn: number): number {
    const last = this.#changes.get(table)?.findLast((each) => each.lsn <= lsn);
    return last?.lsn ?? Number.NEGATIVE_INFINITY;
  }

  /** The added columns of a table at `lsn`; null: unknown. */
  columnsAt(table: TableName, lsn: number): AddedValues | null {
    const last = this.#changes
      .get(table)
      ?.findLast((each) => each.columns !== null && each.lsn <= lsn);
    return last?.isCertain === true ? last.columns : null;
  }

  /**
   * The publication that a table had left when a transaction was committed: null if it had left none, `unknown` if that
   * depends on when in the span. Undefined: the table never left one.
   */
  outOf(table: TableName, { low, high }: Span): string | null | 'unknown' | undefined {
    const changes = this.#changes.get(table)?.filter(({ passage }) => passage !== null) ?? [];
    const [first] = changes;
    if (first === undefined) return undefined;
    const before = changes.findLast((each) => each.lsn <= low);
    const within = changes.filter((each) => each.lsn > low && each.lsn <= high);
    // Before the first passage, the table is where that one finds it.
    const initial = before === undefined ? stateOf(first, !first.passage!.isOut) : stateOf(before);
    const states = [initial, ...within.map((each) => stateOf(each))];
    return states.every((state) => state === states[0]) ? states[0] : 'unknown';
  }

  #add(table: TableName, change: TableChange): void {
    const changes = this.#changes.get(table) ?? [];
    this.#changes.set(table, changes);
    const after = changes.findIndex(({ lsn }) => lsn > change.lsn);
    changes.splice(after < 0 ? changes.length : after, 0, change);
  }
}

/** The publication that a table is out of after a passage; null: it is in it. */
function stateOf(
  { isCertain, passage }: TableChange,
  isOut = passage?.isOut === true,
): string | null | 'unknown' {
  if (!isCertain) return 'unknown';
  return isOut ? (passage?.publication ?? null) : null;
}
