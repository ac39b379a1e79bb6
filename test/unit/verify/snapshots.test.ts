import assert from 'node:assert/strict';
import test from 'node:test';
import type { SnapshotMark } from '../../../src/sources/source.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { SmallRun, stays } from './small-run.js';

/** LSNs after each of the transactions below, and before the next one. */
const AFTER = { first: 1_500, second: 2_500, third: 3_500, fourth: 4_500 } as const;

interface Parts {
  readonly first: readonly ReceivedRow[];
  readonly second: readonly ReceivedRow[];
  readonly third: readonly ReceivedRow[];
  readonly fourth: readonly ReceivedRow[];
  /** Snapshot rows with the contents of these events; the last one has the mark `last`. */
  readonly at: (
    lsn: number | null,
    rows: readonly ReceivedRow[],
    last?: SnapshotMark,
  ) => ReceivedRow[];
}

/** A run that inserts 1, 2 and 3; updates 1 and 2; deletes 3; inserts 4. */
async function judged(
  script: (parts: Parts) => readonly ReceivedRow[],
  streams = 1,
): Promise<VerificationDocument> {
  let document: VerificationDocument | null = null;
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const first = run.commit({ xid: 10, changes: [stays('insert', 1, 2, 3)] });
    const second = run.commit({ xid: 20, changes: [stays('update', 1, 2)] });
    const third = run.commit({ xid: 30, changes: [stays('delete', 3)] });
    const fourth = run.commit({ xid: 40, changes: [stays('insert', 4)] });
    run.end();
    const events = script({ first, second, third, fourth, at });
    document = scriptDocument(await verifyScript(folder, events, { streams }));
  });
  return document ?? assert.fail();
}

function at(
  lsn: number | null,
  rows: readonly ReceivedRow[],
  last: SnapshotMark = 'row',
): ReceivedRow[] {
  return rows.map((row, i) => ({
    ...row,
    operation: 'snapshot',
    snapshot: i === rows.length - 1 ? last : 'row',
    xid: null,
    lsn,
    order: null,
    watermark: null,
  }));
}

test('a snapshot row excuses the version that it has, and the earlier ones', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...at(AFTER.second, [...second, first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.equal(verdict, 'exact');
  assert.deepEqual([accounting.excused, accounting.delivered], [5, 2]);
});

test('so does one without an LSN: the first change after the snapshot limits it', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...at(null, [...second, first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([verdict, accounting.excused], ['exact', 5]);
});

test('a row that the snapshot lacks is missing, with all its changes', async () => {
  const { verdict, accounting, examples } = await judged(({ first, second, third, fourth, at }) => [
    ...at(AFTER.second, [second[0]!, first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([verdict, accounting.missing, accounting.excused], ['violation', 2, 3]);
  assert.deepEqual(
    examples.map(({ detail, key }) => [detail, key]),
    [
      ['not_in_snapshot', 2],
      ['not_in_snapshot', 2],
    ],
  );
});

test('a snapshot row with an older version does not excuse the last one', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...at(AFTER.second, [first[0]!, second[1]!, first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([verdict, accounting.missing, accounting.excused], ['violation', 1, 4]);
});

test('a snapshot row that matches no version in the ledger excuses nothing', async () => {
  const { verdict, doubts, accounting } = await judged(({ first, second, third, fourth, at }) => {
    const other = { ...second[0]!, values: second[0]!.values!.with(5, '99') };
    return [...at(AFTER.second, [other, second[1]!, first[2]!]), ...third, ...fourth];
  });
  assert.deepEqual([verdict, doubts], ['indeterminate', { snapshot_differs: 2 }]);
  assert.equal(accounting.excused, 3);
});

test('a deleted row is excused by its absence from a whole snapshot', async () => {
  const whole = await judged(({ second, fourth, at }) => [...at(AFTER.third, second), ...fourth]);
  assert.deepEqual([whole.verdict, whole.accounting.excused], ['exact', 6]);
  const marked = await judged(({ second, fourth, at }) =>
    at(AFTER.fourth, [...second, ...fourth], 'last_in_data_collection'),
  );
  // No change of the run arrived as an event, so the verdict is not `exact`.
  assert.deepEqual(
    [marked.verdict, marked.accounting.excused, marked.doubts],
    ['indeterminate', 7, { nothing_delivered: 7 }],
  );
  const open = await judged(({ second, fourth, at }) => at(AFTER.fourth, [...second, ...fourth]));
  assert.deepEqual(open.doubts, { no_witness: 2, nothing_delivered: 7 });
});

test('incremental rows, and a snapshot after the first changes, excuse nothing', async () => {
  for (const mark of ['incremental', 'row'] as const) {
    const { verdict, accounting, examples } = await judged(
      ({ first, second, third, fourth, at }) => {
        const rows = at(AFTER.second, second).map((row) => ({ ...row, snapshot: mark }));
        return [...first, ...rows, ...third, ...fourth];
      },
    );
    assert.deepEqual([verdict, accounting.missing, accounting.excused], ['violation', 2, 0], mark);
    assert.equal(examples[0]?.detail, 'transaction_missing');
  }
});

test('an incremental snapshot before the first change excuses nothing either', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...at(AFTER.second, [...second, first[2]!]).map((row) => ({
      ...row,
      snapshot: 'incremental' as const,
    })),
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([verdict, accounting.excused], ['violation', 0]);
});

test('a snapshot that is started again counts from its last start', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...at(1_500, first),
    ...at(AFTER.second, [second[0]!, first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([verdict, accounting.missing], ['violation', 2]);
  const marked = await judged(({ first, second, third, fourth, at }) => [
    ...at(AFTER.second, [...second, first[2]!]),
    ...at(AFTER.second, [second[0]!], 'first'),
    ...at(AFTER.second, [first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([marked.verdict, marked.accounting.missing], ['violation', 2]);
});

test('changes of a table without snapshot rows are doubted, not excused', async () => {
  const { verdict, doubts } = await judged(({ first, third, fourth, at }) => {
    const other = { ...first[0]!, table: 'medicos' as const };
    return [...at(AFTER.second, [other]), ...third, ...fourth];
  });
  assert.deepEqual([verdict, doubts], ['indeterminate', { no_witness: 5 }]);
});

test('a change committed after the snapshot must arrive, also if a snapshot row has its contents', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...at(1_500, [...second, first[2]!]),
    ...third,
    ...fourth,
  ]);
  assert.equal(verdict, 'violation');
  assert.equal(accounting.missing, 2);
});

test('snapshot rows may arrive after changes of another partition', async () => {
  const { verdict, accounting } = await judged(
    ({ first, second, third, fourth, at }) => [
      ...at(AFTER.second, [first[2]!]),
      ...third,
      ...at(AFTER.second, second).map((row) => ({ ...row, partition: 1 })),
      ...fourth.map((row) => ({ ...row, partition: 1 })),
    ],
    2,
  );
  assert.deepEqual([verdict, accounting.excused], ['exact', 5]);
});

test('a blocking snapshot may be later than the changes that follow it, and contradicts none', async () => {
  const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
    ...first,
    ...at(AFTER.fourth, [...second, ...fourth], 'last'),
    ...second,
    ...third,
    ...fourth,
  ]);
  assert.deepEqual([verdict, accounting.delivered], ['exact', 7]);
});

test('a change committed after one that arrived must arrive, also if an earlier snapshot has it', async () => {
  for (const lsn of [AFTER.fourth, null]) {
    const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => [
      ...at(lsn, [...second, ...fourth], 'last'),
      ...first,
      ...third,
      ...fourth,
    ]);
    assert.deepEqual([verdict, accounting.missing, accounting.excused], ['violation', 2, 0]);
  }
});

test('a snapshot without an LSN precedes the COMMIT of the first change, not the change', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    // Its first change is at 1,000, before the other's; its COMMIT is after the other's.
    const long = { worker: 2, xid: 10, changes: [stays('insert', 1, 2)] };
    const short = { xid: 11, lsn: 1_005, changes: [stays('insert', 3)] };
    const inSnapshot = run.commit(short);
    const events = run.commit(long);
    run.end();
    const blind = events.map((event) => ({ ...event, lsn: null, watermark: null }));
    for (const changes of [events, blind]) {
      const script = [...at(null, inSnapshot, 'last'), ...changes];
      const { verdict, accounting } = scriptDocument(await verifyScript(folder, script));
      assert.deepEqual([verdict, accounting.excused, accounting.delivered], ['exact', 1, 2]);
    }
  });
});

test("another connector's snapshot before any change does not spoil the run's own", async () => {
  for (const order of ['before', 'after'] as const) {
    const { verdict, accounting } = await judged(({ first, second, third, fourth, at }) => {
      const by = (origin: string, rows: readonly ReceivedRow[]) =>
        rows.map((row) => ({ ...row, origin }));
      const own = by('own', at(AFTER.second, [...second, first[2]!], 'last'));
      const other = by('other', at(AFTER.first, [first[0]!], 'last'));
      const rows = order === 'before' ? [...other, ...own] : [...own, ...other];
      return [...rows, ...by('own', [...third, ...fourth])];
    });
    assert.deepEqual([verdict, accounting.excused, accounting.delivered], ['exact', 5, 2]);
  }
});
