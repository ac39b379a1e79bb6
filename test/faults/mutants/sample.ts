import type { Client } from 'pg';
import type { TableName } from '../../../src/schema/table.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { type LedgerFacts, type RecordedTransaction, readFacts } from './ledger-facts.js';
import type { Taken } from './taking.js';

/** The events of one transaction, from `begin` to before `end`. */
export interface Group {
  readonly xid: number;
  readonly begin: number;
  readonly end: number;
  /** The ledger's record; null: it is another writer's. */
  readonly recorded: RecordedTransaction | null;
}

/** A transaction of the run. */
export type OwnGroup = Group & { readonly recorded: RecordedTransaction };

/** A correct stream, and facts about it that do not come from the verifier. */
export class Sample {
  readonly name: string;
  readonly taken: Taken;
  readonly facts: LedgerFacts;
  readonly events: readonly ReceivedRow[];
  readonly groups: readonly Group[];
  readonly own: readonly OwnGroup[];
  /** By place in `events`. */
  readonly groupOf: readonly Group[];
  /** The connection for comparing streams with the tables. */
  readonly client: Client;
  /** Some changes cannot be known: a trigger dropped rows, or fates are unknown. */
  readonly blurred: boolean;
  /** The database has triggers: they may have written an additional row in a transaction of the run. */
  readonly adds: boolean;

  /** Triggers wrote rows in transactions of the run. */
  readonly derives: boolean;

  constructor(taken: Taken, client: Client, facts = readFacts(taken.ledger)) {
    this.name = taken.plan.name;
    this.taken = taken;
    this.client = client;
    this.facts = facts;
    this.events = taken.events;
    this.derives = this.name === 'derived';
    const byXid = new Map(
      this.facts.transactions
        .filter(({ fate, rows }) => fate === 'committed' && rows.size > 0)
        .map((transaction) => [transaction.xid, transaction]),
    );
    this.adds = taken.plan.sql.some((statement) => /CREATE (CONSTRAINT )?TRIGGER/.test(statement));
    this.groups = groupsOf(taken.events, byXid);
    this.own = this.groups.filter((group): group is OwnGroup => group.recorded !== null);
    this.groupOf = this.groups.flatMap((group) => Array(group.end - group.begin).fill(group));
    this.blurred = this.facts.transactions.some(
      ({ fate, droppedAny }) => droppedAny || fate === 'unknown' || fate === 'open',
    );
  }

  /** Number of leased ids that no transaction inserts although later ones were inserted: a trigger dropped the rows. */
  get droppedIds(): number {
    if (this.taken.plan.name !== 'dropping') return 0;
    const sent = this.facts.transactions.flatMap(({ rows }) =>
      [...rows].filter((row) => row.startsWith('exames insert')).map((row) => row.split(' ')[2]),
    );
    const last = Math.max(...sent.map(Number));
    return (this.facts.unused.get('exames') ?? []).filter((id) => id < last).length;
  }

  /** The same run, with other events. */
  withEvents(events: readonly ReceivedRow[]): Sample {
    return new Sample({ ...this.taken, events }, this.client, this.facts);
  }

  /** Whether RETURNING gave the run all columns of the table's rows as they were stored. */
  readsBack(table: TableName): boolean {
    return this.name === 'rewritten' && table === 'consultas';
  }

  isOwn(at: number): boolean {
    return this.groupOf[at]?.recorded !== null;
  }

  eventsOf({ begin, end }: Group): readonly ReceivedRow[] {
    return this.events.slice(begin, end);
  }

  /** An xid of no transaction. */
  get unusedXid(): number {
    return Math.max(...this.groups.map(({ xid }) => xid)) + 1_000;
  }

  /** The number of the run's events from `begin` to before `end`. */
  countOwn(begin: number, end: number): number {
    let count = 0;
    for (let at = begin; at < end; at++) if (this.isOwn(at)) count++;
    return count;
  }

  /**
   * Whether the ledger proves that a transaction was committed before another one: the same worker sent it earlier, or
   * its answer arrived before the other's COMMIT was sent.
   */
  static isBefore({ recorded: first }: OwnGroup, { recorded: second }: OwnGroup): boolean {
    if (first.worker === second.worker) return first.place < second.place;
    return first.answeredAt < second.sentAt;
  }

  /** Whether a later transaction in the stream was provably committed after this one. */
  provesPast(group: OwnGroup): boolean {
    return this.own.some((other) => other.begin > group.begin && Sample.isBefore(group, other));
  }

  /** The violation's detail if the whole transaction is lost. */
  lossOf(group: OwnGroup): 'transaction_missing' | 'transaction_absent' {
    return this.provesPast(group) ? 'transaction_missing' : 'transaction_absent';
  }

  /** Whether events of the run follow this transaction. */
  isFollowed(group: Group): boolean {
    return this.own.some(({ begin }) => begin >= group.end);
  }
}

function groupsOf(
  events: readonly ReceivedRow[],
  byXid: ReadonlyMap<number | null, RecordedTransaction>,
): Group[] {
  const groups: Group[] = [];
  for (let begin = 0; begin < events.length; ) {
    const { xid } = events[begin]!;
    let end = begin;
    while (end < events.length && events[end]!.xid === xid) end++;
    groups.push({ xid: xid ?? 0, begin, end, recorded: byXid.get(xid) ?? null });
    begin = end;
  }
  return groups;
}
