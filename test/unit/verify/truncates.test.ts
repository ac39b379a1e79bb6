import assert from 'node:assert/strict';
import test from 'node:test';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { LedgerFeed } from '../../../src/verify/ledger/feed.js';
import { TransactionProgress } from '../../../src/verify/match/progress.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { HARD_SCHEMA } from './hard-run.js';
import {
  type AnyEvent,
  audits,
  causesOf,
  endOf,
  HazardRun,
  judge,
  notes,
  turn,
} from './hazard-run.js';

const TRUNCATE = { truncated: ['notes', 'audits'] };
const insert = (xid: number, ...ids: readonly number[]) => ({
  xid,
  changes: [notes('insert', ids)],
});
const isTruncate = (event: AnyEvent) => !('operation' in event) && !('content' in event);

test('a truncate of two tables is two changes, which must arrive', async () => {
  const verdict = await judge((run) => [
    ...run.commit(insert(10, 1, 2)),
    ...run.commit(turn(20, TRUNCATE)),
    ...run.commit(insert(30, 3)),
  ]);
  assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
  assert.equal(verdict.accounting.committed, 6);
  assert.deepEqual(verdict.truncates, { committed: 2, delivered: 2 });
  assert.deepEqual(verdict.hazards, { truncate: 1 });
});

test('a truncate that does not arrive is missing, and a note says which settings leave all of them out', async () => {
  const verdict = await judge((run) => [
    ...run.commit(insert(10, 1)),
    ...run.commit(turn(20, TRUNCATE)).filter((event) => !isTruncate(event)),
    ...run.commit(insert(30, 3)),
  ]);
  assert.equal(verdict.accounting.missing, 2);
  assert.deepEqual(causesOf(verdict), [
    'missing row_missing notes truncate 1',
    'missing row_missing audits truncate 1',
  ]);
  assert.deepEqual(verdict.notes, [
    { kind: 'truncates_not_carried', events: 2, tables: ['notes', 'audits'] },
  ]);
});

test('one that is lost beside others that arrive has no such note', async () => {
  const verdict = await judge((run) => [
    ...run.commit(turn(20, TRUNCATE)),
    ...run.commit(turn(30, TRUNCATE)).filter((event, i) => !(isTruncate(event) && i === 1)),
    ...run.commit(insert(40, 3)),
  ]);
  assert.deepEqual(causesOf(verdict), ['missing row_missing audits truncate 1']);
  assert.deepEqual(verdict.notes, []);
});

test("a truncate that the run's transaction lacks, or that was rolled back, is a phantom", async () => {
  const verdict = await judge((run) => [
    ...run.rollBack(turn(15, TRUNCATE)).filter(isTruncate),
    ...run.commit(insert(20, 1)),
    ...run.events({ ...turn(20, { truncated: ['notes'] }), changes: [] }),
    ...run.events({ ...turn(25, { truncated: ['notes'] }), changes: [] }),
    ...run.commit(insert(30, 2)),
  ]);
  assert.deepEqual(causesOf(verdict), [
    'phantom truncated notes truncate 2',
    'phantom rolled_back notes truncate 1',
    'phantom rolled_back audits truncate 1',
  ]);
});

test('a truncate of another run, before this one or after it, is not of its writers', async () => {
  const verdict = await judge((run) => [
    ...run.events({ ...turn(5, TRUNCATE), changes: [] }),
    ...run.commit(insert(10, 1)),
    ...run.commit(insert(20, 2)),
    ...run.events({ ...turn(30, TRUNCATE), changes: [] }),
  ]);
  assert.deepEqual([verdict.verdict, verdict.events.foreign], ['exact', 4]);
});

test('a replay may include truncates, and must not leave one out', async () => {
  for (const skips of [false, true]) {
    const verdict = await judge((run) => {
      const events = [...run.commit(insert(10, 1)), ...run.commit(turn(20, TRUNCATE))];
      const replay = events.filter((event) => !(skips && isTruncate(event)));
      return [...events, ...replay];
    });
    const causes = skips ? ['duplicated replay_skips items insert 1'] : [];
    assert.deepEqual(causesOf(verdict), causes);
    assert.equal(verdict.events.replayed, skips ? 1 : 4);
  }
});

test('after a truncate a row exists no longer', async () => {
  const verdict = await judge((run) => [
    ...run.commit(insert(10, 1)),
    ...run.commit(turn(20, TRUNCATE)),
    ...run.commit({ xid: 30, changes: [notes('update', [1])] }),
  ]);
  assert.deepEqual(causesOf(verdict), ['inconsistent does_not_exist notes update 1']);
});

test('a row that was written before a truncate must not come after it, nor one from after it before', async () => {
  const early = await judge((run) => {
    const [before, truncate] = run.overlap({ ...insert(10, 1), worker: 2 }, turn(20, TRUNCATE));
    return [...truncate, ...before];
  });
  assert.deepEqual(causesOf(early), ['reordered across_table_lock notes insert 1']);
  const late = await judge((run) => {
    const [truncate, after] = run.overlap(turn(20, TRUNCATE), { ...insert(30, 1), worker: 2 });
    return [...after, ...truncate];
  });
  assert.deepEqual(causesOf(late), ['reordered across_table_lock notes truncate 1']);
});

test('the same of a row that was written without a key', async () => {
  const verdict = await judge((run) => {
    const [before, truncate] = run.overlap(
      { worker: 2, xid: 10, changes: [audits('a')] },
      turn(20, TRUNCATE),
    );
    return [...truncate, ...before];
  });
  assert.deepEqual(causesOf(verdict), ['reordered across_table_lock audits insert 1']);
});

test('in a source of several partitions, rows are not followed after a truncate', async () => {
  const onOther = (events: readonly AnyEvent[]) =>
    events.map((event) => ({ ...event, partition: 1 }));
  const verdict = await judge(
    (run) => {
      const before = run.commit(insert(10, 1));
      const truncate = run.commit(turn(20, { truncated: ['notes'] }));
      const after = run.commit({ ...insert(30, 1), worker: 2 });
      // The rows' partition comes later.
      return [...truncate, ...onOther(before), ...onOther(after)];
    },
    { streams: 2 },
  );
  assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
  assert.deepEqual(verdict.notes, [{ kind: 'unfollowed', tables: ['notes'] }]);
});

test('each partition keeps the order of rows and truncates for itself', async () => {
  const verdict = await judge(
    (run) => {
      const [before, truncate, after] = run.overlap(
        { ...insert(10, 1), worker: 2 },
        turn(20, { truncated: ['notes'] }),
        { ...insert(30, 2), worker: 3 },
      );
      const rows = [...after, ...before].map((event) => ({ ...event, partition: 1 }));
      return [...truncate, ...rows];
    },
    { streams: 2 },
  );
  assert.deepEqual(causesOf(verdict), ['reordered across_table_lock notes insert 1']);
});

test('before a snapshot, rows are excused by a truncate, and a truncate by their absence', async () => {
  for (const [present, missing] of [
    [3, []],
    [1, ['missing not_in_snapshot notes insert 1', 'missing not_in_snapshot notes truncate 1']],
  ] as const) {
    const verdict = await judge((run) => {
      const first = run.commit(insert(10, 1, 2));
      run.commit({ xid: 11, changes: [audits('a')] });
      run.commit({ ...turn(12, TRUNCATE), changes: [] });
      const [third] = run.commit(insert(13, 3));
      const row = (present === 1 ? first[0] : third) as ReceivedRow;
      const snapshot = { operation: 'snapshot', snapshot: 'last', xid: null, order: null } as const;
      return [{ ...row, ...snapshot, lsn: 15_000 }, ...run.commit(insert(20, 9))];
    });
    assert.deepEqual(causesOf(verdict), missing);
    assert.equal(verdict.accounting.excused, 6 - missing.length);
  }
});

test('a transaction with a truncate is complete when that has arrived, too', () => {
  const expected = {
    fate: 'committed',
    rows: {},
    dropped: {},
    prints: {},
    hazards: { names: [], truncated: ['notes'] },
  } as unknown as Expected;
  const progress = new TransactionProgress(HARD_SCHEMA.tables, expected);
  assert.deepEqual([progress.complete, progress.left], [false, 1]);
  assert.equal(progress.deliverTruncate('audits'), false);
  assert.equal(progress.deliverTruncate('notes'), true);
  assert.equal(progress.deliverTruncate('notes'), false);
  assert.deepEqual([progress.complete, progress.left, progress.delivered], [true, 0, 1]);
});

test('an intent may have emptied a table before an LSN, until it has an outcome', () =>
  withTempFolder(async (folder) => {
    const run = new HazardRun(folder);
    const ignore = () => undefined;
    const feed = new LedgerFeed(HARD_SCHEMA.tables, folder, ignore, ignore);
    const mayLock = () => {
      feed.readTo(endOf(30), true);
      return [
        feed.mayLock('notes', endOf(20)),
        feed.mayLock('notes', endOf(20) - 1),
        feed.mayLock('items', endOf(20)),
      ];
    };
    try {
      const transaction = turn(20, TRUNCATE);
      const number = run.intend(transaction);
      assert.deepEqual(mayLock(), [true, false, false]);
      run.settle(transaction, number);
      assert.deepEqual(mayLock(), [false, false, false]);
    } finally {
      feed.close();
      run.end();
    }
  }));
