import assert from 'node:assert/strict';
import test from 'node:test';
import { LEDGER_VERSION } from '../../../src/ledger/format.js';
import { contentsOf } from '../../../src/verify/rows/fingerprint.js';
import { RowTracker } from '../../../src/verify/rows/tracker.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';
import { event } from './sample-event.js';

const PLENTY = 2 ** 26;
/** Room for the fewest rows that states are made for. */
const LITTLE = 0;
/** Of 4,096 slots, those that may be taken. */
const MOST_OF_LITTLE = 4_096 * 0.7;

/** What a row's hash is does not matter here: it is kept, where there is one. */
const fold = (states: RowTracker, change: ReceivedRow) => {
  const contents = contentsOf(change, columnsOf(change), LEDGER_VERSION);
  const isTold = contents.row !== null || change.operation === 'delete';
  return states.fold(change, { ...contents, row: isTold ? (change.xid ?? 0) : null });
};

const values = (value: string) => event(1).values?.with(2, value) ?? null;

test('a row may be inserted, updated, deleted and inserted again', () => {
  const states = new RowTracker(PLENTY, 1);
  for (const operation of ['insert', 'update', 'update', 'delete', 'insert', 'delete'] as const) {
    assert.equal(fold(states, event(1, { operation })), null);
  }
});

test('a row from before the stream may be changed or deleted, but not inserted afterwards', () => {
  const states = new RowTracker(PLENTY, 1);
  assert.equal(fold(states, event(1, { operation: 'update' })), null);
  assert.equal(fold(states, event(2, { operation: 'delete' })), null);
  assert.equal(fold(states, event(1)), 'exists_already');
});

test('what is gone can not be changed or deleted', () => {
  for (const operation of ['update', 'delete'] as const) {
    const states = new RowTracker(PLENTY, 1);
    fold(states, event(1, { operation: 'delete' }));
    assert.equal(fold(states, event(1, { operation })), 'does_not_exist');
  }
});

test('a column that no update sets stays as it was told', () => {
  const states = new RowTracker(PLENTY, 1);
  fold(states, event(1));
  const update = { operation: 'update', values: values('urina') } as const;
  assert.equal(fold(states, event(1, update)), 'column_changed');
  assert.equal(fold(states, event(1, update)), null);
});

test('what an event does not tell is no change, and neither is what comes after it', () => {
  const states = new RowTracker(PLENTY, 1);
  fold(states, event(1));
  const untold = event(1).values?.with(2, undefined) ?? null;
  assert.equal(fold(states, event(1, { operation: 'update', values: untold })), null);
  assert.equal([...states][0]?.row, null);
  const update = { operation: 'update', values: values('urina') } as const;
  assert.equal(fold(states, event(1, update)), null);
});

test("a snapshot's row is there, however often it is told; the insert that made it may come behind", () => {
  const states = new RowTracker(PLENTY, 1);
  assert.equal(fold(states, event(1, { operation: 'snapshot' })), null);
  assert.equal(fold(states, event(1, { operation: 'snapshot' })), null);
  assert.equal(fold(states, event(1)), null);
  assert.equal(fold(states, event(1)), 'exists_already');
});

test('what a change said of a row is held against the table, whatever a snapshot says behind it', () => {
  const states = new RowTracker(PLENTY, 1);
  fold(states, event(1, { xid: 10 }));
  fold(states, event(1, { operation: 'snapshot', xid: null, values: values('urina') }));
  const [kept] = states;
  assert.deepEqual([kept?.xid, kept?.row], [10, 10]);
});

test('what no update sets is compared without the columns of the server, too', () => {
  const states = new RowTracker(PLENTY, 1);
  const untold = (changed: readonly (string | null | undefined)[]) =>
    changed.slice(0, -2).concat(undefined, undefined);
  const first = event(1).values ?? [];
  fold(states, event(1, { values: untold(first) }));
  assert.equal([...states][0]?.server, false);
  const update = { operation: 'update', values: untold(values('urina') ?? []) } as const;
  assert.equal(fold(states, event(1, update)), 'column_changed');
});

test('rows of one id in two tables are two rows', () => {
  const states = new RowTracker(PLENTY, 1);
  for (const table of ['exames', 'consultas'] as const) {
    assert.equal(fold(states, event(1, { table })), null);
  }
  assert.equal(states.size, 2);
});

test('all rows are kept as it grows, each with what came last', () => {
  const states = new RowTracker(PLENTY, 1);
  const count = 50_000;
  for (let key = 1; key <= count; key++) fold(states, event(key, { xid: key }));
  for (let key = 1; key <= count; key += 2) {
    assert.equal(fold(states, event(key, { operation: 'delete', xid: count + key })), null);
  }
  assert.equal(states.size, count);
  assert.equal(states.sample, 1);
  const seen = new Set<number>();
  for (const { table, key, present, xid, row } of states) {
    seen.add(key);
    const deleted = key % 2 === 1;
    const last = deleted ? count + key : key;
    assert.deepEqual([table, present, xid, row], ['exames', !deleted, last, last]);
  }
  assert.equal(seen.size, count);
});

test('what was told of a row before it grew counts afterwards', () => {
  const states = new RowTracker(PLENTY, 1);
  const early = 1_000;
  for (let key = 1; key <= early; key++) {
    fold(states, event(key));
    if (key % 2 === 0) fold(states, event(key, { operation: 'delete' }));
  }
  for (let key = early + 1; key <= 20 * early; key++) fold(states, event(key));
  for (let key = 1; key <= early; key++) {
    const gone = key % 2 === 0;
    const update = event(key, { operation: 'update' });
    const other = { ...update, values: update.values?.with(2, 'urina') ?? null };
    assert.equal(fold(states, update), gone ? 'does_not_exist' : null);
    assert.equal(fold(states, other), 'column_changed');
  }
});

test('without room for all, half as many rows are followed, each from its first event on', () => {
  const states = new RowTracker(LITTLE, 1);
  const count = 20_000;
  for (let key = 1; key <= count; key++) assert.equal(fold(states, event(key)), null);
  assert.ok(states.size <= MOST_OF_LITTLE, `${states.size} rows`);
  assert.equal(states.sample, 1 / 8);
  const share = states.size / count / states.sample;
  assert.ok(share > 0.9 && share < 1.1, `${states.size} rows for a share of ${states.sample}`);
  const followed = new Set([...states].map(({ key }) => key));
  let found = 0;
  for (let key = 1; key <= count; key++) {
    const detail = fold(states, event(key));
    if (detail !== null) found++;
    assert.equal(detail, followed.has(key) ? 'exists_already' : null);
  }
  assert.equal(found, states.size);
});

test('a row that is followed may be changed on a full table, and one that is not does no harm', () => {
  const states = new RowTracker(LITTLE, 1);
  let key = 0;
  while (states.size < Math.floor(MOST_OF_LITTLE)) fold(states, event(++key));
  assert.equal(fold(states, event(1)), 'exists_already');
});

test('of a sample, its share of rows is followed, and always the same ones', () => {
  const keysOf = (states: RowTracker) => {
    for (let key = 1; key <= 10_000; key++) fold(states, event(key));
    return [...states].map(({ key }) => key);
  };
  const keys = keysOf(new RowTracker(PLENTY, 0.1));
  assert.ok(Math.abs(keys.length - 1_000) < 150, `${keys.length} of 10000`);
  assert.deepEqual(keys, keysOf(new RowTracker(PLENTY, 0.1)));
});

test('ids that no run has are left alone: below 0, and beyond what is exact', () => {
  const states = new RowTracker(PLENTY, 1);
  for (const key of [-1, -7, 2 ** 40, '9007199254740993']) {
    for (let i = 0; i < 3; i++) fold(states, event(1, { key, table: 'internacoes' }));
  }
  assert.deepEqual([...states], []);
  assert.equal(states.size, 0);
});
