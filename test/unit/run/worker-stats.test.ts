import assert from 'node:assert/strict';
import test from 'node:test';
import { MOST_PENDING, type Pending, type Witness } from '../../../src/postgres/pending.js';
import { sumHazards, WorkerStats } from '../../../src/run/worker-stats.js';
import type { WrittenRows } from '../../../src/schema/changes.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { KEY_KINDS } from '../../helpers/key-kinds.js';

const schema = schemaWith([]);

function rowsOf(inserted: number, updated: number): WrittenRows[] {
  return [
    { table: 'consultas', operation: 'insert', count: inserted },
    { table: 'exames', operation: 'update', count: updated },
  ];
}

function pendingOf(xid: string | null): Pending {
  return { xid, witness: { table: 'consultas', operation: 'insert', key: 4711 }, lsn: null };
}

test('a transaction counts when its COMMIT was answered, not before', () => {
  const stats = new WorkerStats(schema);
  stats.intend(pendingOf('9007199254740991'), rowsOf(45, 5), 50);
  assert.deepEqual(stats.pending, { ...pendingOf('9007199254740991'), number: 0 });
  assert.equal(stats.events, 0);
  stats.settle('committed');
  assert.equal(stats.pending, null);
  assert.equal(stats.rows('consultas', 'insert'), 45);
  assert.equal(stats.rows('exames', 'update'), 5);
  assert.equal(stats.events, 50);
  assert.equal(stats.get('attempted'), 50);
  assert.equal(stats.get('committed'), 1);
});

test('what hazards did beside the load counts with their transaction, and is no event', () => {
  const stats = new WorkerStats(schema);
  const effects = { names: ['copy', 'huge'] as const, growth: new Map([['exames', 60]]) };
  stats.intend(pendingOf('7'), rowsOf(5, 0), 5, 0, effects);
  stats.settle('aborted');
  stats.intend(pendingOf('8'), [], 0, 0, { names: ['huge'], growth: new Map([['exames', -7]]) });
  stats.intend(pendingOf('9'), rowsOf(5, 0), 5, 0, effects);
  stats.intend(pendingOf('10'), rowsOf(5, 0), 5);
  assert.deepEqual([stats.hazard('huge'), stats.growth('exames')], [0, 0]);
  for (let i = 0; i < 3; i++) stats.settle('committed');
  assert.deepEqual([stats.hazard('huge'), stats.hazard('copy'), stats.hazard('long')], [2, 1, 0]);
  assert.deepEqual([stats.growth('exames'), stats.growth('consultas')], [53, 0]);
  assert.equal(stats.events, 10);
  stats.countHazard('long');
  assert.deepEqual(sumHazards(['long', 'huge'], [stats, stats]), { long: 2, huge: 4 });
});

test('an aborted transaction leaves its events to be attempted again', () => {
  const stats = new WorkerStats(schema);
  stats.intend(pendingOf('7'), rowsOf(50, 0), 50);
  stats.settle('aborted');
  assert.equal(stats.events, 0);
  assert.equal(stats.get('attempted'), 0);
  assert.equal(stats.get('rolledBack'), 1);
});

test('an unknown transaction is not attempted again, and not counted as rows', () => {
  const stats = new WorkerStats(schema);
  stats.intend(pendingOf('7'), rowsOf(50, 0), 50);
  stats.settle('unknown');
  assert.equal(stats.events, 0);
  assert.equal(stats.get('attempted'), 50);
  assert.equal(stats.get('unknown'), 1);
});

test('statistics are seen by another thread through the same memory', () => {
  const stats = new WorkerStats(schema);
  stats.intend(pendingOf('3'), rowsOf(2, 1), 3);
  const other = new WorkerStats(schema, stats.buffer);
  assert.deepEqual(other.pending, { ...pendingOf('3'), number: 0 });
  other.settle('committed');
  stats.response.record(12);
  assert.equal(stats.events, 3);
  assert.equal(other.response.count, 1);
  assert.equal(other.service.count, 0);
});

test('when a thread ends while it settles, its successor finishes to the same counts', (t) => {
  const stats = new WorkerStats(schema);
  stats.intend(pendingOf('2'), rowsOf(10, 0), 10);
  stats.settle('committed');
  stats.intend(pendingOf('3'), rowsOf(2, 1), 3);
  // The thread ends when the counters are set and the rows are not.
  const death = t.mock.method(Float64Array.prototype, 'copyWithin', () => {
    throw new Error('the thread ended');
  });
  assert.throws(() => stats.settle('committed', true));
  death.mock.restore();
  const heir = new WorkerStats(schema, stats.buffer);
  heir.finishSettling();
  assert.equal(heir.pending, null);
  assert.equal(heir.rows('consultas', 'insert'), 12);
  assert.equal(heir.rows('exames', 'update'), 1);
  assert.equal(heir.get('committed'), 2);
  assert.equal(heir.get('attempted'), 13);
  assert.equal(heir.get('settled'), 1);
});

test('several transactions may be pending, and are settled in their order', () => {
  const stats = new WorkerStats(schema);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < MOST_PENDING; i++) stats.intend(pendingOf(null), rowsOf(i, 0), i);
    assert.throws(() => stats.intend(pendingOf(null), [], 0));
    const before = stats.events;
    stats.settle('aborted');
    stats.settle('committed');
    assert.equal(stats.events - before, 1);
    stats.reduce({ table: 'consultas', operation: 'insert', count: 1 });
    stats.settle('committed');
    assert.equal(stats.events - before, 2);
    assert.deepEqual(stats.pending, { ...pendingOf(null), number: 0 });
    stats.withdraw(MOST_PENDING);
    assert.equal(stats.pending, null);
  }
});

test('of several pending transactions the first ones can be withdrawn', () => {
  const stats = new WorkerStats(schema);
  const first = () => stats.pending?.xid ?? null;
  for (const xid of ['3', '4', '5']) stats.intend(pendingOf(xid), rowsOf(1, 0), 1);
  stats.withdraw(2);
  assert.equal(first(), '5');
  stats.settle('committed');
  assert.equal(stats.events, 1);
  assert.equal(first(), null);
  stats.withdraw(1);
  stats.intend(pendingOf('6'), rowsOf(1, 0), 1);
  assert.equal(first(), '6');
});

test('the WAL position of a pending transaction is kept', () => {
  const stats = new WorkerStats(schema);
  stats.intend({ ...pendingOf('3'), lsn: '1A/FFFFFFF0' }, [], 1);
  assert.equal(stats.pending?.lsn, '1A/FFFFFFF0');
});

test('the witness of a pending transaction may have any key', () => {
  const stats = new WorkerStats(KEY_KINDS);
  const witnesses: Witness[] = [
    { table: 'notes', operation: 'insert', key: 7 },
    { table: 'orders', operation: 'update', key: '00000000-0000-4000-8000-000000000001' },
    { table: 'billing."Line Items"', operation: 'insert', key: 'ç-😀' },
    { table: 'signs', operation: 'delete', key: JSON.stringify(['1', '2026-01-01 00:00:00+00']) },
    { table: 'log', operation: 'insert', key: '00ff00ff00ff00ff' },
  ];
  for (const witness of witnesses) stats.intend({ xid: '3', witness }, [], 1);
  const other = new WorkerStats(KEY_KINDS, stats.buffer);
  for (const witness of witnesses) {
    assert.deepEqual(other.pending, { xid: '3', witness, lsn: null, number: 0 });
    other.settle('committed');
  }
  assert.equal(other.pending, null);
});

test('rejections are kept by SQLSTATE, leading zeros and letters included', () => {
  const stats = new WorkerStats(schema);
  for (const sqlstate of ['23505', '23503', '23505', 'P0001', '0A000', '22P02']) {
    stats.reject(sqlstate);
  }
  assert.deepEqual(stats.rejected(), {
    '23505': 2,
    '23503': 1,
    P0001: 1,
    '0A000': 1,
    '22P02': 1,
  });
});

test('SQLSTATEs beyond the slots are counted under the last slot', () => {
  const stats = new WorkerStats(schema);
  for (let i = 0; i < 40; i++) stats.reject(`22${String(i).padStart(3, '0')}`);
  const rejected = stats.rejected();
  assert.equal(
    Object.values(rejected).reduce((a, b) => a + b, 0),
    40,
  );
});

test('a prepared transaction is entered with the end that it is meant to have', () => {
  for (const prepared of ['commit', 'rollback'] as const) {
    const stats = new WorkerStats(schema);
    const witness = { table: 'exames', operation: 'insert', key: 7 } as const;
    stats.intend({ xid: '7', witness, prepared }, [], 0, 3);
    stats.intend({ xid: '8', witness }, [], 0, 4);
    assert.equal(stats.pending?.prepared, prepared);
    stats.settle('committed');
    assert.equal(stats.pending?.prepared, undefined);
  }
});
