import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { type AnyEvent, causesOf, type HazardRun, judge, notes } from './hazard-run.js';

const CHANGES = [
  notes('insert', [1]),
  notes('update', [1], 'changed'),
  notes('delete', [1]),
  notes('insert', [1]),
];
const commit = (run: HazardRun) =>
  run.commit({ xid: 10, changes: CHANGES, hazards: { names: ['same-row'] } });
const withoutLsn = (events: readonly AnyEvent[]) =>
  events.map((event) => ({ ...event, lsn: null, order: null }));

test('a key may be inserted, updated, deleted and inserted in one transaction', async () => {
  for (const script of [commit, (run: HazardRun) => withoutLsn(commit(run))]) {
    const { verdict, accounting } = await judge(script);
    assert.equal(verdict, 'exact');
    assert.equal(accounting.delivered, 4);
  }
});

test('a replay within such a transaction does not stand for its other changes of the key', async () => {
  const verdict = await judge((run) => {
    const [insert, update, ...rest] = commit(run);
    return [insert!, insert!, update!, insert!, update!, ...rest];
  });
  assert.deepEqual(causesOf(verdict), []);
  assert.equal(verdict.verdict, 'duplicates');
  assert.equal(verdict.events.replayed, 3);
});

test('the order of the changes of a key is judged, also without LSNs', async () => {
  const swapped = await judge((run) => {
    const [insert, update, remove, again] = withoutLsn(commit(run));
    return [insert!, remove!, update!, again!];
  });
  assert.deepEqual(causesOf(swapped), [
    'inconsistent does_not_exist notes update 1',
    'inconsistent exists_already notes insert 1',
  ]);
});

test('each of the changes must arrive', async () => {
  const verdict = await judge((run) => commit(run).slice(0, 3));
  assert.deepEqual(causesOf(verdict), []);
  assert.equal(verdict.verdict, 'indeterminate');
  const later = await judge((run) => [
    ...commit(run).slice(0, 3),
    ...run.commit({ xid: 20, changes: [notes('insert', [2])] }),
  ]);
  assert.deepEqual(causesOf(later), ['missing row_missing notes insert 1']);
});

test('a snapshot that lacks a row which was inserted again last is incomplete', async () => {
  const mark = (event: AnyEvent, snapshot: ReceivedRow['snapshot']): AnyEvent => {
    const row = event as ReceivedRow;
    return { ...row, operation: 'snapshot', snapshot, xid: null, lsn: 15_000, order: null };
  };
  for (const isThere of [true, false]) {
    const verdict = await judge((run) => {
      const row = commit(run).at(-1)!;
      const other = run.commit({ xid: 11, changes: [notes('insert', [2])] });
      const later = run.commit({ xid: 20, changes: [notes('insert', [3])] });
      return [...(isThere ? [mark(row, 'first')] : []), mark(other[0]!, 'last'), ...later];
    });
    const lost = ['update 1', 'delete 1', 'insert 2'].sort();
    const causes = causesOf(verdict).map((cause) => cause.split(' notes ')[1]!);
    assert.deepEqual(causes.sort(), isThere ? [] : lost);
    assert.equal(verdict.accounting.excused, isThere ? 5 : 1);
  }
});

test('a key change is a delete and an insert of one LSN, with children whose fixed columns follow', async () => {
  const verdict = await judge((run) => {
    const before = run.commit({ xid: 10, changes: [notes('insert', [1])] });
    const [remove, insert] = run.commit({
      xid: 20,
      changes: [notes('delete', [1]), notes('insert', [2])],
      hazards: { names: ['key-change'] },
    });
    return [...before, remove!, { ...insert!, lsn: remove!.lsn }];
  });
  assert.equal(verdict.verdict, 'exact');
});
