import type { TableName } from '../../schemas/hospital/tables.js';
import type { EventOperation, Key } from '../../sources/source.js';

/** What a pipeline may get wrong. */
export const VIOLATIONS = [
  /** Committed, and did not come, though what was committed later did. */
  'missing',
  /** Came again, and not as a replay from some point on. */
  'duplicated',
  /** Was rolled back, or never sent. */
  'phantom',
  /** Came behind what was committed later, or amid another transaction. */
  'reordered',
  /** Does not say what was written. */
  'altered',
  /** Contradicts what came before of the same row, or what the table holds in the end. */
  'inconsistent',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** What exactly is wrong: the name of a sentence in the catalogue. */
export const DETAILS = [
  'transaction_missing',
  /** The same, of what nothing later came behind: the source has given out everything. */
  'transaction_absent',
  'row_missing',
  'not_in_snapshot',
  'replay_skips',
  'replay_differs',
  'rolled_back',
  'never_sent',
  'row_not_sent',
  'truncated',
  'transaction_late',
  'transaction_torn',
  'lsn_falls',
  'lsn_outside',
  'order_falls',
  'order_gap',
  'given_up',
  'contents',
  'exists_already',
  'does_not_exist',
  'column_changed',
  'final_state',
] as const;
export type Detail = (typeof DETAILS)[number];

/** One thing that is wrong, as far as it can be named. */
export interface Example {
  readonly violation: Violation;
  readonly detail: Detail;
  readonly table: TableName | null;
  readonly operation: EventOperation | null;
  readonly key: Key | null;
  /** 32 bits, as events have it. */
  readonly xid: number | null;
  /** As PostgreSQL prints it. */
  readonly lsn: string | null;
  /** Where the source had it (line, request, offset), with the stream; null for what did not come. */
  readonly place: number | null;
  readonly stream: number | null;
  /** Where the ledger has the transaction. */
  readonly ledger: { readonly file: string; readonly intent: number } | null;
}

/** What is wrong in one and the same way, with one table. */
export interface Cause {
  readonly violation: Violation;
  readonly detail: Detail;
  /** Null: not known. */
  readonly table: TableName | null;
  readonly operation: EventOperation | null;
  readonly events: number;
  /** The first of them. */
  readonly examples: readonly Example[];
}

/** Examples that are kept of each cause. */
const EXAMPLES_KEPT = 3;

/** Counts what is wrong, by events and by cause, and keeps the first examples. */
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

  /** @param events how many events it is about */
  add(example: Example, events = 1): void {
    const { violation, detail, table, operation } = example;
    this.counts[violation] += events;
    const name = `${violation} ${detail} ${table} ${operation}`;
    const cause = this.#causes.get(name) ?? { first: example, events: 0, examples: [] };
    this.#causes.set(name, cause);
    cause.events += events;
    if (cause.examples.length < EXAMPLES_KEPT) cause.examples.push(example);
  }

  /** Adds what others found of one cause. */
  merge({ events, examples }: Cause): void {
    const [first, ...more] = examples;
    if (first === undefined) return;
    this.add(first, events - more.length);
    for (const example of more) this.add(example);
  }

  get any(): boolean {
    return VIOLATIONS.some((violation) => this.counts[violation] > 0);
  }

  /** In the order of violations; of each, those with the most events first. */
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
