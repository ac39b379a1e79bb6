import type { TableName } from '../hospital/tables.js';
import type { EventOperation, Key } from '../intake/event.js';

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

/** Examples that are kept of each violation. */
const EXAMPLES_KEPT = 10;

/** Counts what is wrong, by events, and keeps the first examples. */
export class Findings {
  readonly counts: Record<Violation, number> = {
    missing: 0,
    duplicated: 0,
    phantom: 0,
    reordered: 0,
    altered: 0,
    inconsistent: 0,
  };
  readonly #examples = new Map<Violation, Example[]>();

  /** @param events how many events it is about */
  add(example: Example, events = 1): void {
    this.counts[example.violation] += events;
    const kept = this.#examples.get(example.violation) ?? [];
    this.#examples.set(example.violation, kept);
    if (kept.length < EXAMPLES_KEPT) kept.push(example);
  }

  get any(): boolean {
    return VIOLATIONS.some((violation) => this.counts[violation] > 0);
  }

  /** In the order of violations. */
  get examples(): readonly Example[] {
    return VIOLATIONS.flatMap((violation) => this.#examples.get(violation) ?? []);
  }
}
