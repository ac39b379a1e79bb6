import assert from 'node:assert/strict';
import test from 'node:test';
import type { LedgerRecord } from '../../../src/ledger/format.js';
import { type LedgerTransaction, TransactionFold } from '../../../src/ledger/transactions.js';
import { committed, end, HEADER, intent, SCHEMA } from './sample-ledger.js';

function fold(records: readonly LedgerRecord[]) {
  const transactions: LedgerTransaction[] = [];
  const lines: number[] = [];
  const folded = new TransactionFold(SCHEMA.tables, {
    onHeader: () => undefined,
    onLease: () => undefined,
    onTransaction: (transaction) => transactions.push(transaction),
    onSequence: (line) => lines.push(line),
  });
  for (const [i, record] of records.entries()) folded.take(record, i + 1);
  folded.finish();
  return { transactions, lines, counts: folded.counts, rows: folded.rows };
}

function resolved(number: number, verdict: 'committed' | 'aborted' | 'unknown'): LedgerRecord {
  return { resolved: number, verdict, xid: null };
}

test('every kind of outcome record closes a transaction', () => {
  const { transactions, lines, counts, rows } = fold([
    HEADER,
    intent(1, null),
    committed(1, '4294967999'),
    intent(2),
    { aborted: 2 },
    intent(3),
    intent(4),
    intent(5),
    intent(6),
    intent(7),
    { doubt: 3 },
    { doubt: 4 },
    { doubt: 5 },
    { doubt: 6 },
    end(1, 1, 5),
    resolved(3, 'committed'),
    resolved(4, 'aborted'),
    resolved(5, 'unknown'),
  ]);
  assert.deepEqual(lines, []);
  assert.deepEqual(counts, { committed: 2, aborted: 2, unknown: 1, open: 2 });
  const seen = transactions.map((each) => [each.intent.intent, each.outcome, each.xid]);
  assert.deepEqual(seen, [
    [1, 'committed', '4294967999'],
    [2, 'aborted', '702'],
    [3, 'committed', '703'],
    [4, 'aborted', '704'],
    [5, 'unknown', '705'],
    [6, 'open', '706'],
    [7, 'open', '707'],
  ]);
  assert.deepEqual(rows.consultas, { insert: 10, update: 4, delete: 0 });
  assert.deepEqual(rows.exames, { insert: 0, update: 0, delete: 2 });
});

test('dropped rows are not counted', () => {
  const dropped = { consultas: { insert: '1010+1' } };
  const { rows, lines } = fold([HEADER, intent(1), { ...committed(1), dropped } as LedgerRecord]);
  assert.deepEqual(lines, []);
  assert.equal(rows.consultas?.insert, 3);
});

test('a known outcome may be recorded again, and an unknown one may be resolved later', () => {
  const { lines, counts } = fold([
    HEADER,
    intent(1),
    committed(1),
    resolved(1, 'committed'),
    resolved(1, 'unknown'),
    intent(2),
    resolved(2, 'unknown'),
    resolved(2, 'unknown'),
    resolved(2, 'aborted'),
  ]);
  assert.deepEqual(lines, []);
  assert.deepEqual(counts, { committed: 1, aborted: 1, unknown: 0, open: 0 });
});

test('a record that cannot stand on its line is reported by its line', () => {
  const cases: [readonly LedgerRecord[], number[]][] = [
    [[intent(1)], [1]],
    [[HEADER, HEADER], [2]],
    [[HEADER, intent(2)], [2]],
    [[HEADER, intent(1), intent(1)], [3]],
    [[HEADER, intent(1), committed(2)], [3]],
    [[HEADER, intent(1), committed(1), { aborted: 1 }], [4]],
    [[HEADER, intent(1), { aborted: 1 }, resolved(1, 'committed')], [4]],
    [[HEADER, intent(1), committed(1, '12')], [3]],
    [[HEADER, { doubt: 1 }], [2]],
    [[HEADER, resolved(1, 'unknown')], [2]],
    [[HEADER, end(0), intent(1)], [3]],
    [[HEADER, end(0), end(0)], [3]],
  ];
  for (const [records, lines] of cases) {
    assert.deepEqual(fold(records).lines, lines, JSON.stringify(records.slice(1)));
  }
});

test('the sums of a trailer must be those of its connection', () => {
  const records = [HEADER, intent(1), committed(1)];
  assert.deepEqual(fold([...records, end(1)]).lines, []);
  assert.deepEqual(fold([...records, end(2)]).lines, [4]);
  assert.deepEqual(fold([...records, end(1, 1)]).lines, [4]);
  assert.deepEqual(fold([...records, end(1, 0, 1)]).lines, [4]);
  const rows = { consultas: { insert: 5, update: 2 }, exames: { delete: 2 } };
  const wrong = { end: { committed: 1, aborted: 0, doubt: 0, rows } };
  assert.deepEqual(fold([...records, wrong]).lines, [4]);
});
