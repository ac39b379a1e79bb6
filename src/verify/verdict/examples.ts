import { formatLsn } from '../../sources/slot/lsn.js';
import type { RowEvent } from '../../sources/source.js';
import { type Expected, listsOf } from '../ledger/expected.js';
import type { TransactionProgress } from '../match/progress.js';
import type { Detail, Example, Violation } from './findings.js';

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

/** Something is wrong, of which this is known. `expected`: the transaction of the ledger that it is about. */
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

/** Something is wrong with an event. `expected`: its transaction, where the ledger has one. */
export function exampleOfEvent(
  violation: Violation,
  detail: Detail,
  { table, operation, key, xid, lsn, position, partition }: RowEvent,
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
  };
  return exampleOf(violation, detail, known, expected);
}

/** Something is wrong with a transaction as a whole: its first row stands for it. */
export function exampleOfTransaction(
  violation: Violation,
  detail: Detail,
  delivery: TransactionProgress,
): Example {
  const { expected } = delivery;
  const [first] = listsOf(expected);
  const { table = null, operation = null, keys: [key = null] = [] } = first ?? {};
  const known = { table, operation, key, lsn: textOf(expected.lsn) };
  return exampleOf(violation, detail, known, expected);
}

function textOf(lsn: number | null): string | null {
  return lsn === null ? null : formatLsn(BigInt(lsn));
}
