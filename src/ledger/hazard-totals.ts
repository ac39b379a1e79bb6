import type { HazardName } from '../hazards/hazards.js';
import type { HazardRecord, SchemaChangeRecord } from './format.js';
import { countKeys } from './keys.js';
import type { LedgerTransaction, Outcome } from './transactions.js';

/** TRUNCATEs and schema changes that are listed, each; the others are only counted. */
const LISTED = 100;

interface Listed<T> {
  count: number;
  readonly examples: T[];
}

/** A TRUNCATE, or a change of the schema, with the LSN of its transaction as PostgreSQL prints it. */
interface Located {
  readonly lsn: string | null;
}

/** The effects of a run's hazards, by its ledger. */
export interface HazardTotals {
  /** Transactions in which each hazard happened, by its name. */
  readonly times: Readonly<Record<string, number>>;
  /** Rows that were written in savepoints, and rolled back with them. */
  readonly undone: number;
  /** Logical messages of committed transactions, and those that needed no COMMIT. */
  readonly messages: number;
  readonly truncates: Readonly<Listed<Located & { readonly tables: readonly string[] }>>;
  readonly changes: Readonly<Listed<Located & Omit<SchemaChangeRecord, 'columns'>>>;
  /** Prepared transactions by their ends. `undecided`: names of those without an outcome. */
  readonly prepared: {
    readonly committed: number;
    readonly aborted: number;
    readonly undecided: readonly string[];
  };
}

/**
 * The hazards that happened in a transaction: all of a committed one; of one that was rolled back, those that did it on
 * purpose.
 */
export function happenedIn(
  { names, rollback }: HazardRecord,
  outcome: Outcome,
): readonly HazardName[] {
  if (outcome === 'committed') return names;
  if (outcome !== 'aborted') return [];
  return names.filter((name) => name === 'rollback' || (name === 'two-phase' && rollback === true));
}

/** Adds up what hazards did in the transactions of a ledger. */
export class HazardCounts {
  readonly #times = new Map<string, number>();
  #undone = 0;
  #messages = 0;
  readonly #truncates: HazardTotals['truncates'] & Listed<unknown> = { count: 0, examples: [] };
  readonly #changes: HazardTotals['changes'] & Listed<unknown> = { count: 0, examples: [] };
  readonly #prepared = { committed: 0, aborted: 0, undecided: [] as string[] };

  add({ intent: { hazards }, outcome, lsn }: LedgerTransaction): void {
    if (hazards === undefined) return;
    const { gid, undone = {}, truncated = [], ddl = [], messages = [] } = hazards;
    const isCommitted = outcome === 'committed';
    for (const name of happenedIn(hazards, outcome)) {
      this.#times.set(name, (this.#times.get(name) ?? 0) + 1);
    }
    if (gid !== undefined) {
      if (isCommitted) this.#prepared.committed++;
      else if (outcome === 'aborted') this.#prepared.aborted++;
      else this.#prepared.undecided.push(gid);
    }
    this.#messages += messages.filter((each) => isCommitted || !each.transactional).length;
    for (const lists of Object.values(undone)) {
      for (const keys of Object.values(lists)) this.#undone += countKeys(keys);
    }
    if (!isCommitted) return;
    if (truncated.length > 0) list(this.#truncates, { lsn, tables: truncated });
    for (const { columns: _, ...change } of ddl) list(this.#changes, { lsn, ...change });
  }

  get totals(): HazardTotals {
    return {
      times: Object.fromEntries(this.#times),
      undone: this.#undone,
      messages: this.#messages,
      truncates: this.#truncates,
      changes: this.#changes,
      prepared: this.#prepared,
    };
  }
}

function list<T>(listed: Listed<T>, example: T): void {
  if (++listed.count <= LISTED) listed.examples.push(example);
}
