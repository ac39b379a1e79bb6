import type { Client } from 'pg';
import type { TableName } from '../../../src/schemas/hospital/tables.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { type LedgerFacts, readFacts, type ToldTransaction } from './ledger-facts.js';
import type { Taken } from './taking.js';

/** The events of one transaction, from `begin` to before `end`. */
export interface Group {
  readonly xid: number;
  readonly begin: number;
  readonly end: number;
  /** As the ledger tells of it; null: it is another writer's. */
  readonly told: ToldTransaction | null;
}

/** One of the run's. */
export type OwnGroup = Group & { readonly told: ToldTransaction };

/** A correct stream, and what can be said of it without the verifier. */
export class Sample {
  readonly name: string;
  readonly taken: Taken;
  readonly facts: LedgerFacts;
  readonly events: readonly ReceivedRow[];
  readonly groups: readonly Group[];
  readonly own: readonly OwnGroup[];
  /** By place in `events`. */
  readonly groupOf: readonly Group[];
  /** The connection by which streams are held against the tables. */
  readonly client: Client;
  /** Some of what was written can't be known: rows fell on the server, or fates are unknown. */
  readonly blurred: boolean;
  /** The database has triggers: a row more within a transaction of the run may be theirs. */
  readonly adds: boolean;

  /** Its stream has rows that triggers wrote, within transactions of the run. */
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
    this.own = this.groups.filter((group): group is OwnGroup => group.told !== null);
    this.groupOf = this.groups.flatMap((group) => Array(group.end - group.begin).fill(group));
    this.blurred = this.facts.transactions.some(
      ({ fate, droppedAny }) => droppedAny || fate === 'unknown' || fate === 'open',
    );
  }

  /** Ids that the run took before others that went in, and that no transaction names: rows that a trigger dropped. */
  get fallen(): number {
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

  /** Whether the run read the rows of the table back as they were stored, all columns of them. */
  readsBack(table: TableName): boolean {
    return this.name === 'rewritten' && table === 'consultas';
  }

  isOwn(at: number): boolean {
    return this.groupOf[at]?.told !== null;
  }

  eventsOf({ begin, end }: Group): readonly ReceivedRow[] {
    return this.events.slice(begin, end);
  }

  /** An xid that nobody has. */
  get unusedXid(): number {
    return Math.max(...this.groups.map(({ xid }) => xid)) + 1_000;
  }

  /** How many of the run's events there are from `begin` to before `end`. */
  countOwn(begin: number, end: number): number {
    let count = 0;
    for (let at = begin; at < end; at++) if (this.isOwn(at)) count++;
    return count;
  }

  /**
   * Whether a transaction of the run was committed before another one for sure: the same worker sent it
   * earlier, or its answer was there before the other's COMMIT was sent.
   */
  static isBefore({ told: first }: OwnGroup, { told: second }: OwnGroup): boolean {
    if (first.worker === second.worker) return first.place < second.place;
    return first.answeredAt < second.sentAt;
  }

  /** Whether the ledger proves of a transaction that comes later in the stream that this one was committed. */
  provesPast(group: OwnGroup): boolean {
    return this.own.some((other) => other.begin > group.begin && Sample.isBefore(group, other));
  }

  /** How it is told that a transaction did not come at all. */
  lossOf(group: OwnGroup): 'transaction_missing' | 'transaction_absent' {
    return this.provesPast(group) ? 'transaction_missing' : 'transaction_absent';
  }

  /** Whether anything of the run comes behind this transaction. */
  isFollowed(group: Group): boolean {
    return this.own.some(({ begin }) => begin >= group.end);
  }
}

function groupsOf(
  events: readonly ReceivedRow[],
  byXid: ReadonlyMap<number | null, ToldTransaction>,
): Group[] {
  const groups: Group[] = [];
  for (let begin = 0; begin < events.length; ) {
    const { xid } = events[begin]!;
    let end = begin;
    while (end < events.length && events[end]!.xid === xid) end++;
    groups.push({ xid: xid ?? 0, begin, end, told: byXid.get(xid) ?? null });
    begin = end;
  }
  return groups;
}
