import assert from 'node:assert/strict';
import test from 'node:test';
import { audits, causesOf, judge, notes } from './hazard-run.js';

const UNDONE = { names: ['savepoints'], undone: [notes('insert', [3])] } as const;

test('a row of a savepoint that was rolled back is a phantom with a name', async () => {
  const verdict = await judge((run) => {
    const transaction = { xid: 10, changes: [notes('insert', [1, 2])], hazards: UNDONE };
    const [first, second] = run.commit(transaction);
    const [undone] = run.events({ xid: 10, changes: [notes('insert', [3])] });
    return [first!, { ...undone!, lsn: first!.lsn! + 1 }, second!];
  });
  assert.deepEqual(causesOf(verdict), ['phantom rolled_back_savepoint notes insert 1']);
  assert.equal(verdict.accounting.delivered, 2);
});

test('also once its transaction is complete, and of a table without a key', async () => {
  const hazards = { names: ['savepoints'], undone: [audits('b')] } as const;
  const verdict = await judge((run) => [
    ...run.commit({ xid: 10, changes: [audits('a')], hazards }),
    ...run.events({ xid: 10, changes: [audits('b')] }).map((event) => ({ ...event, lsn: 10_500 })),
  ]);
  assert.deepEqual(causesOf(verdict), ['phantom rolled_back_savepoint audits insert 1']);
});

test('an update that was rolled back does not stand for the one of the same row that was not', async () => {
  const hazards = { names: ['savepoints'], undone: [notes('update', [1], 'undone')] } as const;
  const verdict = await judge((run) => {
    const before = run.commit({ xid: 10, changes: [notes('insert', [1])] });
    const own = run.commit({ xid: 20, changes: [notes('update', [1], 'done')], hazards });
    const undone = run.events({ xid: 20, changes: [notes('update', [1], 'undone')] });
    return [...before, ...undone, ...own.map((event) => ({ ...event, lsn: event.lsn! + 1 }))];
  });
  assert.deepEqual(causesOf(verdict), ['phantom rolled_back_savepoint notes update 1']);
  assert.equal(verdict.accounting.delivered, 2);
});

test('a run with rolled-back savepoints whose rows do not arrive is exact', async () => {
  const verdict = await judge((run) =>
    run.commit({ xid: 10, changes: [notes('insert', [1, 2])], hazards: UNDONE }),
  );
  assert.equal(verdict.verdict, 'exact');
  assert.deepEqual(verdict.hazards, { savepoints: 1 });
});

test('a transaction that was rolled back and written again with the same ids arrives once', async () => {
  const changes = [notes('insert', [1])];
  const hazards = { names: ['rollback'] } as const;
  for (const isDelivered of [false, true]) {
    const verdict = await judge((run) => {
      const undone = run.rollBack({ xid: 10, changes, hazards });
      const own = run.commit({ xid: 20, changes });
      return [...(isDelivered ? undone : []), ...own];
    });
    assert.deepEqual(causesOf(verdict), isDelivered ? ['phantom rolled_back notes insert 1'] : []);
    assert.equal(verdict.accounting.delivered, 1);
    assert.deepEqual(verdict.hazards, { rollback: 1 });
  }
});

test('a row that was rolled back does not identify the one that was written again without a known xid', async () => {
  const changes = [notes('insert', [1])];
  const verdict = await judge((run) => {
    const undone = run.rollBack({ xid: 10, changes, hazards: { names: ['rollback'] } });
    const intent = { xid: null, lsn: null, changes, subtransactions: false };
    const [number = 0] = run.writer().intend([intent]);
    run.writer().resolve(number, 'committed', null);
    return [...undone, ...run.events({ xid: 20, changes })];
  });
  assert.deepEqual(causesOf(verdict), ['phantom rolled_back notes insert 1']);
  assert.equal(verdict.accounting.delivered, 1);
});
