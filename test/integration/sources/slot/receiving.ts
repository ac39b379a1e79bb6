import type { ConnectionTarget } from '../../../../src/postgres/target.js';
import type { PgOutputMessage, Tuple } from '../../../../src/sources/slot/pgoutput.js';
import { WalReceiver } from '../../../../src/sources/slot/wal-receiver.js';
import type { TestDatabase } from '../../../helpers/database.js';
import { waitFor } from '../../../helpers/wait-for.js';

/** Limit of the wait for a transaction that should come. */
const DEADLINE_MS = 10_000;

export const PUBLICATION = `O'Brien "ção"`;

/** PUBLICATION in SQL. */
export const PUBLICATION_NAME = `"O'Brien ""ção"""`;

/** A change with its table's name, for comparison. */
export type Change = readonly [
  tag: string,
  tables: string,
  row: Tuple | null,
  old: { readonly kind: string; readonly tuple: Tuple } | null,
];

export interface Transaction {
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly changes: readonly Change[];
}

export function openSlot(target: ConnectionTarget, slot: string, queueBytes?: number) {
  return WalReceiver.open(target, {
    slot,
    publications: [PUBLICATION],
    ...(queueBytes === undefined ? {} : { queueBytes }),
  });
}

/** The next transaction, within DEADLINE_MS; skips empty ones, which older servers send. */
export async function nextTransaction(receiver: WalReceiver): Promise<Transaction> {
  const changes: Change[] = [];
  const deadline = setTimeout(() => void receiver.close(), DEADLINE_MS);
  try {
    for await (const received of receiver) {
      if (received.tag === 'position') continue;
      const { message } = received;
      if (message.tag === 'commit' && changes.length > 0) {
        const { commitLsn, endLsn } = message;
        return { commitLsn, endLsn, changes };
      }
      const change = changeOf(receiver, message);
      if (change !== null) changes.push(change);
    }
  } finally {
    clearTimeout(deadline);
  }
  throw new Error('no transaction came');
}

/** Waits until the server has had `count` more statuses of the slot's reader, and calls `eachLook` at every look. */
export async function newStatuses(
  db: TestDatabase,
  slot: string,
  count: number,
  eachLook: () => void = () => undefined,
): Promise<void> {
  const times = new Set<string>();
  const enough = async () => {
    eachLook();
    const rows = await db.query<{ at: string }>(
      `SELECT reply_time::text AS at FROM pg_stat_replication
         JOIN pg_replication_slots ON active_pid = pid
        WHERE slot_name = $1 AND reply_time IS NOT NULL`,
      [slot],
    );
    for (const { at } of rows) times.add(at);
    // The first one may be from before.
    return times.size > count;
  };
  await waitFor(enough, { what: `${count} statuses of ${slot}` });
}

export async function nextTransactions(
  receiver: WalReceiver,
  count: number,
): Promise<Transaction[]> {
  const transactions: Transaction[] = [];
  while (transactions.length < count) transactions.push(await nextTransaction(receiver));
  return transactions;
}

const tables = new WeakMap<WalReceiver, Map<number, string>>();

function changeOf(receiver: WalReceiver, message: PgOutputMessage): Change | null {
  const names = tables.get(receiver) ?? new Map<number, string>();
  tables.set(receiver, names);
  const nameOf = (oid: number) => names.get(oid) ?? `unknown ${oid}`;
  switch (message.tag) {
    case 'relation':
      names.set(message.relation, `${message.schema}.${message.name}`);
      return null;
    case 'insert':
      return [message.tag, nameOf(message.relation), message.row, null];
    case 'update':
      return [message.tag, nameOf(message.relation), message.row, message.old];
    case 'delete':
      return [message.tag, nameOf(message.relation), null, message.old];
    case 'truncate':
      return [message.tag, message.relations.map(nameOf).join(), null, null];
  }
  return null;
}
