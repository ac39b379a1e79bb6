import assert from 'node:assert/strict';
import test from 'node:test';
import { Rewrites } from '../../../src/ledger/rewrites.js';
import type { LedgerTransaction } from '../../../src/ledger/transactions.js';

const of = (lsn: string, outcome: LedgerTransaction['outcome'], rewrites?: true) => {
  const change = { change: 'widen-column', table: 'prontuarios' };
  const ddl = [rewrites === undefined ? change : { ...change, rewrites }];
  const intent = { intent: 1, at: 0, xid: '7', lsn, rows: {}, hazards: { names: [], ddl } };
  return { intent, outcome, xid: '7', lsn, dropped: {} } as unknown as LedgerTransaction;
};

test('a row that was written before its table was rewritten is not found by its xid', () => {
  const rewrites = new Rewrites();
  rewrites.add(of('0/50', 'committed', true));
  rewrites.add(of('0/40', 'committed', true));
  rewrites.add(of('0/70', 'aborted', true));
  rewrites.add(of('0/80', 'committed'));
  assert.deepEqual([...rewrites.tables], ['prontuarios']);
  const xidAt = (lsn: number) => rewrites.xidAt('prontuarios', lsn, 5);
  assert.deepEqual([0, 0x4f, 0x50, 0x90].map(xidAt), [null, null, 5, 5]);
  assert.equal(rewrites.xidAt('consultas', 1, 5), 5);
});

test('a rewrite whose LSN or fate is unknown may be later than any row', () => {
  const rewrites = new Rewrites();
  rewrites.add({ ...of('0/50', 'open', true), lsn: null });
  assert.equal(rewrites.xidAt('prontuarios', 0x90, 5), null);
});
