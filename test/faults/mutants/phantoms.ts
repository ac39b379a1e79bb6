import type { Rng } from '../../../src/random/rng.js';
import type { TableName } from '../../../src/schema/table.js';
import type { EventOperation } from '../../../src/sources/source.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { RecordedTransaction } from './ledger-facts.js';
import { type Kind, type Mutant, unsent, violation } from './mutant.js';
import type { Sample } from './sample.js';

/** An event that the server never sent, similar to the event `like`. */
function invented(
  like: ReceivedRow,
  row: { operation: EventOperation; table: TableName; key: number },
  name: { xid: number; lsn: number | null; order: number },
): ReceivedRow {
  const { columns } = hospital.tables.get(row.table);
  const values = [String(row.key), ...Array<string>(columns.length + 1).fill('x')];
  return { ...like, ...row, ...name, values: row.operation === 'delete' ? null : values };
}

function rowsOf({ rows }: RecordedTransaction) {
  return [...rows].map((row) => {
    const [table, operation, key] = row.split(' ');
    return {
      table: table as TableName,
      operation: operation as EventOperation,
      key: Number(key),
    };
  });
}

/** A place between two transactions. */
function seam(sample: Sample, rng: Rng): number {
  return rng.pick(sample.groups).begin;
}

/** Whether an id was leased before this event was written: only then it shows that the event is the run's. */
function isLeasedBefore(
  { facts }: Sample,
  table: TableName,
  key: number,
  { lsn }: ReceivedRow,
): boolean {
  return (facts.leased.get(table)?.get(key) ?? Number.POSITIVE_INFINITY) <= (lsn ?? 0);
}

/** @param hasXid whether the ledger recorded the transaction's xid */
function rolledBack(sample: Sample, rng: Rng, hasXid: boolean): Mutant | null {
  const aborted = sample.facts.transactions.filter(
    ({ fate, xid }) => fate === 'aborted' && (xid !== null) === hasXid,
  );
  if (aborted.length === 0) return null;
  const transaction = rng.pick(aborted);
  const { xid, lsn } = transaction;
  // Without a recorded xid, only inserts of leased ids show that the transaction is the run's.
  const place = seam(sample, rng);
  const like = sample.events[place]!;
  const shown = rowsOf(transaction).filter(
    ({ table, operation, key }) =>
      xid !== null || (operation === 'insert' && isLeasedBefore(sample, table, key, like)),
  );
  if (shown.length === 0) return null;
  const events = rowsOf(transaction).map((row, i) =>
    invented(like, row, { xid: xid ?? sample.unusedXid, lsn: lsn ?? like.lsn, order: i + 1 }),
  );
  return {
    script: sample.events.toSpliced(place, 0, ...events),
    description: `the rolled-back transaction ${xid} of worker ${transaction.worker} at ${place}`,
    expected: violation(
      [
        {
          violation: 'phantom',
          details: xid === null ? ['never_sent'] : ['rolled_back'],
          keys: shown.map(({ key }) => key),
          xids: [xid ?? sample.unusedXid],
        },
      ],
      // Its other rows count as foreign, and later changes of the run contradict them.
      xid === null ? ['inconsistent'] : [],
    ),
  };
}

/** An id that the run leased and did not use. */
function unusedId(sample: Sample, rng: Rng): { table: TableName; key: number } | null {
  const tables = [...sample.facts.unused].filter(([, ids]) => ids.length > 0);
  if (tables.length === 0) return null;
  const [table, ids] = rng.pick(tables);
  return { table: table as TableName, key: rng.pick(ids) };
}

function neverSent(sample: Sample, rng: Rng): Mutant | null {
  const row = unusedId(sample, rng);
  if (row === null) return null;
  const place = seam(sample, rng);
  const like = sample.events[place]!;
  if (!isLeasedBefore(sample, row.table, row.key, like)) return null;
  const xid = sample.unusedXid;
  const event = invented(like, { ...row, operation: 'insert' }, { xid, lsn: like.lsn, order: 1 });
  return {
    script: sample.events.toSpliced(place, 0, event),
    description: `${row.table} ${row.key} was never sent, at ${place}`,
    expected: violation([
      { violation: 'phantom', details: ['never_sent'], keys: [row.key], xids: [xid] },
    ]),
  };
}

/** An additional row in a committed transaction. */
function oneMore(sample: Sample, rng: Rng): Mutant | null {
  const row = unusedId(sample, rng);
  if (row === null) return null;
  const group = rng.pick(sample.own);
  const place = rng.between(group.begin + 1, group.end);
  const like = sample.events[place - 1]!;
  const operation = rng.pick(['insert', 'update', 'delete'] as const);
  const name = { xid: group.xid, lsn: like.lsn, order: group.end - group.begin + 1 };
  return {
    script: sample.events.toSpliced(place, 0, invented(like, { ...row, operation }, name)),
    description: `${operation} ${row.table} ${row.key} more in ${group.xid}, at ${place}`,
    expected: unsent(sample, { keys: [row.key], xids: [group.xid] }),
  };
}

export const PHANTOMS: readonly Kind[] = [
  {
    name: 'a transaction that was rolled back',
    make: (sample, rng) => rolledBack(sample, rng, true),
  },
  {
    name: 'a transaction that was rolled back, without an xid',
    make: (sample, rng) => rolledBack(sample, rng, false),
  },
  { name: 'a row that was never sent', make: neverSent, weight: 2 },
  { name: 'an additional row in a transaction', make: oneMore, weight: 2 },
];
