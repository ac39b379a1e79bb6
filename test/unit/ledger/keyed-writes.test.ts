import assert from 'node:assert/strict';
import test from 'node:test';
import { expectationsOf } from '../../../src/ledger/expectations.js';
import type { KeysOf } from '../../../src/ledger/format.js';
import { KeyedWrites } from '../../../src/ledger/keyed-writes.js';
import { Rewrites } from '../../../src/ledger/rewrites.js';
import type { RunHazards } from '../../../src/ledger/run-hazards.js';
import type { LedgerTransaction } from '../../../src/ledger/transactions.js';
import { Truncates } from '../../../src/ledger/truncates.js';
import { WorkerWrites } from '../../../src/ledger/worker-writes.js';
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

test('shared ids are ordered by LSN across workers, and are left out of the writes of one', () => {
  const truncates = new Truncates();
  const hazards: RunHazards = {
    shared: new Map([['medicos', new Set([1, 2])]]),
    truncates,
    rewrites: new Rewrites(),
  };
  const keyed = new KeyedWrites(SAMPLE.tables, hazards);
  const own = new WorkerWrites(SAMPLE.tables, hazards);
  const rows: KeysOf = { medicos: { update: ['1', '1', '2'], insert: '9' } };
  for (const [file, xid, lsn] of [
    ['a', 800, '0/9'],
    ['b', 900, '0/5'],
  ] as const) {
    for (const writes of [keyed, own]) {
      writes.beginFile(file);
      writes.add(transaction(1, xid, lsn, file === 'a' ? rows : { medicos: { update: '1' } }));
    }
  }
  const [found] = keyed.tables;
  const expectations = [...expectationsOf(found!.entries, keyed.order())];
  assert.deepEqual(
    expectations.map(({ first, rule, xid }) => [found!.keys[first], rule, xid]),
    [
      ['1', 'same', 800],
      ['2', 'same', 800],
    ],
  );
  const others = own.tables.flatMap(([table, entries]) =>
    [...expectationsOf(entries)].map(({ first, last }) => [table.name, first, last]),
  );
  assert.deepEqual(others, [['medicos', 9, 9]]);
});

test('a TRUNCATE counts for all workers, by its LSN', () => {
  const truncates = new Truncates();
  const truncate = (lsn: string | null, outcome: LedgerTransaction['outcome']) => {
    const { intent, ...members } = transaction(1, 1, '0/1', {}, outcome);
    const hazards = { names: ['truncate'], truncated: ['"Itens"'] } as const;
    truncates.add({ ...members, lsn, intent: { ...intent, hazards } });
  };
  assert.equal(truncates.of('"Itens"'), null);
  truncate('0/50', 'committed');
  truncate('0/20', 'committed');
  truncate('0/90', 'aborted');
  truncate('0/70', 'open');
  const remains = truncates.of('"Itens"')!;
  assert.deepEqual([0, 0x10, 0x4f, 0x50, 0x6f, 0x70, 0x91].map(remains), [
    'either',
    'emptied',
    'emptied',
    'either',
    'either',
    'kept',
    'kept',
  ]);
  assert.equal(truncates.of('medidas'), null);
  assert.deepEqual([...truncates.tables], ['"Itens"']);
  truncate(null, 'unknown');
  assert.equal(remains(0x91), 'either');
  const keyed = new KeyedWrites(SAMPLE.tables, {
    shared: new Map(),
    truncates,
    rewrites: new Rewrites(),
  });
  keyed.beginFile('a');
  keyed.add(transaction(1, 800, '0/10', items({ insert: ['A'] })));
  assert.equal(keyed.remainsOf('"Itens"')?.(0), 'emptied');
  assert.equal(keyed.remainsOf('medidas'), null);
});
