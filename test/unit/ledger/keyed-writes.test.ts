import assert from 'node:assert/strict';
import test from 'node:test';
import { expectationsOf } from '../../../src/ledger/expectations.js';
import type { KeysOf } from '../../../src/ledger/format.js';
import { KeyedWrites } from '../../../src/ledger/keyed-writes.js';
import type { LedgerTransaction } from '../../../src/ledger/transactions.js';
import { SAMPLE } from './sample-tables.js';

function transaction(
  number: number,
  xid: number,
  lsn: string,
  rows: KeysOf,
  outcome: LedgerTransaction['outcome'] = 'committed',
): LedgerTransaction {
  const intent = { intent: number, at: 0, xid: String(xid), lsn, rows };
  return { intent, outcome, answeredMs: null, xid: String(xid), lsn, dropped: {} };
}

/** The expectations of a run's keys after these transactions, a list for each worker. */
function expected(...workers: readonly (readonly LedgerTransaction[])[]) {
  const writes = new KeyedWrites(SAMPLE.tables);
  for (const [i, transactions] of workers.entries()) {
    writes.beginFile(`worker ${i + 1}`);
    for (const each of transactions) writes.add(each);
  }
  const places = writes.order();
  return writes.tables.flatMap(({ table, keys, entries }) =>
    [...expectationsOf(entries, places)].map(({ rule, first, xid, entry }) => {
      const { file, intent } = writes.locate(entry.transaction)!;
      return [table.name, keys[first], rule, xid, `${file}/${intent}`];
    }),
  );
}

const items = (lists: KeysOf[string]): KeysOf => ({ '"Itens"': lists });

test('of writes of several workers the one with the highest LSN decides, not the highest xid', () => {
  const update = items({ update: ['A'] });
  const early = transaction(1, 900, '0/FF', update);
  const late = transaction(1, 800, '1/1', update);
  for (const workers of [
    [[early], [late]],
    [[late], [early]],
  ]) {
    const file = workers[0]![0] === late ? 1 : 2;
    assert.deepEqual(expected(...workers), [['"Itens"', 'A', 'same', 800, `worker ${file}/1`]]);
  }
});

test('a changed key is gone, and the new one is there', () => {
  assert.deepEqual(
    expected([
      transaction(1, 800, '0/1', items({ insert: ['A'] })),
      transaction(2, 801, '0/2', items({ delete: ['A'], insert: ['B'], update: ['C'] })),
      transaction(3, 802, '0/3', items({ delete: ['B'], insert: ['D'] }), 'aborted'),
    ]),
    [
      ['"Itens"', 'A', 'none', null, 'worker 1/2'],
      ['"Itens"', 'B', 'same', 801, 'worker 1/2'],
      ['"Itens"', 'C', 'same', 801, 'worker 1/2'],
      ['"Itens"', 'D', 'none', null, 'worker 1/3'],
    ],
  );
});

test('tables with ids, and without a key, are left out', () => {
  const rows = { exames: { insert: '7' }, rastros: { insert: ['0000000000000001'] } };
  assert.deepEqual(expected([transaction(1, 800, '0/1', rows)]), []);
});
