import { formatLsn } from '../../postgres/lsn.js';
import type { Key, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { EventOperation, RowEvent } from '../../sources/source.js';
import { type Expected, listsOf } from '../ledger/expected.js';

/** A change of a row, of a whole table (`truncate`), or of neither (`message`). */
export type ChangeName = EventOperation | 'truncate' | 'message';

/** A change to a row of the run, or a TRUNCATE of one of its tables. */
export type TableEvent = Omit<RowEvent, 'operation' | 'key' | 'snapshot'> & {
  readonly operation: EventOperation | 'truncate';
  /** Null of a truncate. */
  readonly key: Key | null;
};

/** The members of an event that an example of a violation has. */
export type NotedEvent = Pick<
  RowEvent,
  'xid' | 'lsn' | 'position' | 'partition' | 'origin' | 'renamed'
> & {
  readonly table: TableName | null;
  readonly operation: ChangeName;
  readonly key: Key | null;
  /** As of `Example`. */
  readonly column?: string;
};

/** Kinds of errors of a pipeline. */
export const VIOLATIONS = [
  /** Committed, and not arrived, though later changes did. */
  'missing',
  /** Repeated, and not in a legal replay. */
  'duplicated',
  /** Rolled back, or never sent. */
  'phantom',
  /** Arrived after later changes, or in the middle of another transaction. */
  'reordered',
  /** Contents other than those that were written. */
  'altered',
  /** Contradicts earlier events of the same row, or the table at the end. */
  'inconsistent',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** The exact error: also the name of its sentence in the catalogue. */
export const DETAILS = [
  'transaction_missing',
  /** Nothing later arrived either, but the source has delivered everything up to the end of the WAL. */
  'transaction_absent',
  'row_missing',
  'not_in_snapshot',
  'replay_skips',
  'replay_differs',
  'rolled_back',
  /** The row was written in a savepoint that was rolled back. */
  'rolled_back_savepoint',
  'never_sent',
  'row_not_sent',
  'truncated',
  /** A logical message that the run did not emit, or that was rolled back. */
  'message_not_sent',
  'message_missing',
  'transaction_late',
  'transaction_torn',
  'lsn_falls',
  'lsn_outside',
  'order_falls',
  'order_gap',
  'given_up',
  /** A TRUNCATE, a schema change or a change of the publication lies between them. */
  'across_table_lock',
  /** Two transactions wrote the same row, which all connections write. */
  'hot_row',
  'contents',
  /** A column that a schema change added. */
  'column_lost',
  'column_stays',
  /** A NOT NULL column is null, which the ledger alone cannot show: most updates do not state all columns in it. */
  'null_in_not_null',
  /** The table's or a column's name is folded to lower case. */
  'renamed',
  'exists_already',
  'does_not_exist',
  'column_changed',
  'final_state',
] as const;
export type Detail = (typeof DETAILS)[number];

/** One violation. Null: unknown. */
export interface Example {
  readonly violation: Violation;
  readonly detail: Detail;
  readonly table: TableName | null;
  readonly operation: ChangeName | null;
  /** Of a message: its content. */
  readonly key: Key | null;
  /** The low 32 bits, as in events. */
  readonly xid: number | null;
  /** As PostgreSQL prints it: two hexadecimal halves. */
  readonly lsn: string | null;
  /** `RowEvent.position`: a line, request or offset; null for a change that did not arrive. */
  readonly place: number | null;
  /** `RowEvent.partition`. */
  readonly stream: number | null;
  /** The transaction's place in the ledger. */
  readonly ledger: { readonly file: string; readonly intent: number } | null;
  /** The name in the event; only of the detail `renamed`. */
  readonly renamed?: string;
  /** The name of the column; only of the details about columns that a schema change added. */
  readonly column?: string;
}

/** Violations of one detail, table and operation. */
export interface Cause {
  readonly violation: Violation;
  readonly detail: Detail;
  /** Null: unknown. */
  readonly table: TableName | null;
  readonly operation: ChangeName | null;
  readonly events: number;
  /** The first few. */
  readonly examples: readonly Example[];
}

/** Examples of a cause: enough to look for a pattern. */
const EXAMPLES_KEPT = 3;

/** Counts violations by event and by cause, and keeps the first examples. */
export class Findings {
  readonly counts: Record<Violation, number> = {
    missing: 0,
    duplicated: 0,
    phantom: 0,
    reordered: 0,
    altered: 0,
    inconsistent: 0,
  };
  readonly #causes = new Map<string, { first: Example; events: number; examples: Example[] }>();

  /** @param events number of events that the example stands for */
  add(example: Example, events = 1): void {
    const { violation, detail, table, operation } = example;
    this.counts[violation] += events;
    const name = `${violation} ${detail} ${table} ${operation}`;
    const cause = this.#causes.get(name) ?? { first: example, events: 0, examples: [] };
    this.#causes.set(name, cause);
    cause.events += events;
    if (cause.examples.length < EXAMPLES_KEPT) cause.examples.push(example);
  }

  /** Adds a cause of other findings. */
  merge({ events, examples }: Cause): void {
    const [first, ...more] = examples;
    if (first === undefined) return;
    this.add(first, events - more.length);
    for (const example of more) this.add(example);
  }

  get any(): boolean {
    return VIOLATIONS.some((violation) => this.counts[violation] > 0);
  }

  /** In the order of VIOLATIONS; within each, the cause with the most events first. */
  get causes(): readonly Cause[] {
    return [...this.#causes.values()]
      .map(({ first: { violation, detail, table, operation }, events, examples }) => {
        return { violation, detail, table, operation, events, examples };
      })
      .sort(
        (a, b) =>
          VIOLATIONS.indexOf(a.violation) - VIOLATIONS.indexOf(b.violation) || b.events - a.events,
      );
  }
}

type Known = Omit<Example, 'violation' | 'detail'>;

const NOTHING_KNOWN: Known = {
  table: null,
  operation: null,
  key: null,
  xid: null,
  lsn: null,
  place: null,
  stream: null,
  ledger: null,
};

/** A violation, with everything that is known of it. `expected`: the transaction in the ledger. */
export function exampleOf(
  violation: Violation,
  detail: Detail,
  known: Partial<Known>,
  expected?: Expected,
): Example {
  const ledger =
    expected === undefined
      ? {}
      : { xid: expected.xid, ledger: { file: expected.file, intent: expected.intent } };
  return { ...NOTHING_KNOWN, ...ledger, ...known, violation, detail };
}

/** A violation by an event. `expected`: its transaction in the ledger, if known. */
export function exampleOfEvent(
  violation: Violation,
  detail: Detail,
  { table, operation, key, xid, lsn, position, partition, renamed, column }: NotedEvent,
  expected?: Expected,
): Example {
  const known = {
    table,
    operation,
    key,
    xid,
    lsn: textOf(lsn),
    place: position,
    stream: partition,
    ...(detail === 'renamed' && renamed !== undefined ? { renamed } : {}),
    ...(column === undefined ? {} : { column }),
  };
  return exampleOf(violation, detail, known, expected);
}

/** A violation by a whole transaction: its first row stands for it. */
export function exampleOfTransaction(
  tables: Tables,
  violation: Violation,
  detail: Detail,
  expected: Expected,
): Example {
  const [first] = listsOf(tables, expected);
  const { table, operation = null, keys: [key = null] = [] } = first ?? {};
  const known = { table: table?.name ?? null, operation, key, lsn: textOf(expected.lsn) };
  return exampleOf(violation, detail, known, expected);
}

function textOf(lsn: number | null): string | null {
  return lsn === null ? null : formatLsn(BigInt(lsn));
}
