import assert from 'node:assert/strict';
import test from 'node:test';
import type { Change } from '../../../src/ledger/writer.js';
import type { Row } from '../../../src/schema/table.js';
import type { SnapshotMark } from '../../../src/sources/source.js';
import { type HardEvent, type HardRun, judge } from './hard-run.js';

const AT = '2026-01-02 10:00:00.000001+00';
const insert = (table: string, ...rows: readonly Row[]): Change => ({
  table,
  operation: 'insert',
  rows,
});
const sign = (patient: number, weight: string): Row => [patient, AT, weight, 'ok', 'NaN'];

/** Two rows and their changes, before a snapshot; then a change that follows it. */
function compose(run: HardRun): void {
  run.commit([insert('signs', sign(1, '70.50'), sign(2, '80')), insert('items', ['a', null, '1'])]);
  run.commit([
    { table: 'items', operation: 'delete', rows: [['a']] },
    insert('items', ['b', null, '2']),
  ]);
  run.commit([insert('signs', sign(3, '90'))]);
}

/** The rows of a snapshot that precedes the last event, by their place among the events. */
function snapshotOf(events: readonly HardEvent[], ...places: readonly number[]): HardEvent[] {
  const after = events.at(-1)!;
  const rows = places.map((place, i): HardEvent => {
    const mark: SnapshotMark = i === places.length - 1 ? 'last' : 'row';
    const { lsn } = after.event;
    const { event } = events[place]!;
    return {
      event: {
        ...event,
        operation: 'snapshot',
        snapshot: mark,
        xid: null,
        order: null,
        watermark: null,
        lsn,
      },
    };
  });
  return [...rows, after];
}

const counted = async (alter: (events: readonly HardEvent[]) => readonly HardEvent[]) => {
  const { verdict, accounting, doubts } = await judge(compose, alter);
  const { excused, missing } = accounting;
  return { verdict, excused, missing, doubts: Object.keys(doubts) };
};

test('snapshot rows excuse changes of rows with text keys, also of a key that changed', async () => {
  const { verdict, excused } = await counted((events) => snapshotOf(events, 0, 1, 4));
  assert.deepEqual([verdict, excused], ['exact', 5]);
});

test('a snapshot that lacks a row with a text key, or has its old key, shows a loss', async () => {
  const lacking = await counted((events) => snapshotOf(events, 0, 4));
  assert.deepEqual([lacking.verdict, lacking.missing], ['violation', 1]);
  const stale = await counted((events) => snapshotOf(events, 0, 1, 2));
  assert.deepEqual([stale.verdict, stale.missing], ['violation', 2]);
});

test('a snapshot row with a loss is compared by its projection', async () => {
  const cut = (weight: string) => (events: readonly HardEvent[]) => {
    const [first, ...rest] = snapshotOf(events, 0, 1, 4);
    const values = first!.event.values?.with(2, weight).with(4, null) ?? null;
    return [
      { event: { ...first!.event, values }, losses: { 2: 'double', 4: 'special' } as const },
      ...rest,
    ];
  };
  assert.equal((await counted(cut('70.5'))).verdict, 'exact');
  assert.deepEqual((await counted(cut('70.4'))).doubts, ['snapshot_differs']);
});

test('a snapshot bears no witness for rows without a key', async () => {
  const document = await judge(
    (run) => {
      run.commit([insert('audits', ['ana', 'login', 'f'])]);
      run.commit([insert('audits', ['ana', 'logout', 'f'])]);
    },
    (events) => snapshotOf(events, 0),
  );
  assert.deepEqual(document.doubts, { no_witness: 1 });
});
