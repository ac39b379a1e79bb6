import assert from 'node:assert/strict';
import test from 'node:test';
import { RowTracker } from '../../../src/verify/rows/tracker.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { event, fingerprintOf, HOSPITAL } from './sample-event.js';

/** Bytes: enough for all rows of a test. */
const PLENTY = 2 ** 26;
/** Bytes: a tracker takes the smallest table. */
const LITTLE = 0;
/** Slots of the smallest table that may be taken. */
const MOST_OF_LITTLE = 4_096 * 0.7;

/** Replaces the hash of a whole row by its xid, so that tests can compare it. */
const fold = (tracker: RowTracker, change: ReceivedRow) => {
  const fingerprint = fingerprintOf(change);
  const isKnown = fingerprint.row !== null || change.operation === 'delete';
  return tracker.fold(change, { ...fingerprint, row: isKnown ? (change.xid ?? 0) : null });
};

const values = (value: string) => event(1).values?.with(2, value) ?? null;

test('a row may be inserted, updated, deleted and inserted again', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  for (const operation of ['insert', 'update', 'update', 'delete', 'insert', 'delete'] as const) {
    assert.equal(fold(tracker, event(1, { operation })), null);
  }
});

test('a row that precedes the stream may be updated or deleted, but not inserted afterwards', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  assert.equal(fold(tracker, event(1, { operation: 'update' })), null);
  assert.equal(fold(tracker, event(2, { operation: 'delete' })), null);
  assert.equal(fold(tracker, event(1)), 'exists_already');
});

test('a deleted row cannot be updated or deleted', () => {
  for (const operation of ['update', 'delete'] as const) {
    const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
    fold(tracker, event(1, { operation: 'delete' }));
    assert.equal(fold(tracker, event(1, { operation })), 'does_not_exist');
  }
});

test('a column that no update sets keeps the value of the event before', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  fold(tracker, event(1));
  const update = { operation: 'update', values: values('urina') } as const;
  assert.equal(fold(tracker, event(1, update)), 'column_changed');
  assert.equal(fold(tracker, event(1, update)), null);
});

test('a column that an event leaves out has not changed, and is unknown afterwards', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  fold(tracker, event(1));
  const unstated = event(1).values?.with(2, undefined) ?? null;
  assert.equal(fold(tracker, event(1, { operation: 'update', values: unstated })), null);
  assert.equal([...tracker][0]?.row, null);
  const update = { operation: 'update', values: values('urina') } as const;
  assert.equal(fold(tracker, event(1, update)), null);
});

test('a snapshot row exists, however often it arrives; its insert may follow', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  assert.equal(fold(tracker, event(1, { operation: 'snapshot' })), null);
  assert.equal(fold(tracker, event(1, { operation: 'snapshot' })), null);
  assert.equal(fold(tracker, event(1)), null);
  assert.equal(fold(tracker, event(1)), 'exists_already');
});

test('the change of a row is kept when a snapshot row follows it', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  fold(tracker, event(1, { xid: 10 }));
  fold(tracker, event(1, { operation: 'snapshot', xid: null, values: values('urina') }));
  const [kept] = tracker;
  assert.deepEqual([kept?.xid, kept?.row], [10, 10]);
});

test('columns that no update sets are compared also without the columns of the server', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  const withoutServer = (changed: readonly (string | null | undefined)[]) =>
    changed.slice(0, -2).concat(undefined, undefined);
  const first = event(1).values ?? [];
  fold(tracker, event(1, { values: withoutServer(first) }));
  assert.equal([...tracker][0]?.server, false);
  const update = { operation: 'update', values: withoutServer(values('urina') ?? []) } as const;
  assert.equal(fold(tracker, event(1, update)), 'column_changed');
});

test('rows of one id in two tables are two rows', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  for (const table of ['exames', 'consultas'] as const) {
    assert.equal(fold(tracker, event(1, { table })), null);
  }
  assert.equal(tracker.size, 2);
});

test('a growing tracker keeps all rows, each with its last event', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  const count = 50_000;
  for (let key = 1; key <= count; key++) fold(tracker, event(key, { xid: key }));
  for (let key = 1; key <= count; key += 2) {
    assert.equal(fold(tracker, event(key, { operation: 'delete', xid: count + key })), null);
  }
  assert.equal(tracker.size, count);
  assert.equal(tracker.sample, 1);
  const seen = new Set<number>();
  for (const { table, key, present, xid, row } of tracker) {
    const id = Number(key);
    seen.add(id);
    const deleted = id % 2 === 1;
    const last = deleted ? count + id : id;
    assert.deepEqual([table.name, present, xid, row], ['exames', !deleted, last, last]);
  }
  assert.equal(seen.size, count);
});

test('contradictions to events from before the growth are found', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  const early = 1_000;
  for (let key = 1; key <= early; key++) {
    fold(tracker, event(key));
    if (key % 2 === 0) fold(tracker, event(key, { operation: 'delete' }));
  }
  for (let key = early + 1; key <= 20 * early; key++) fold(tracker, event(key));
  for (let key = 1; key <= early; key++) {
    const gone = key % 2 === 0;
    const update = event(key, { operation: 'update' });
    const other = { ...update, values: update.values?.with(2, 'urina') ?? null };
    assert.equal(fold(tracker, update), gone ? 'does_not_exist' : null);
    assert.equal(fold(tracker, other), 'column_changed');
  }
});

test('a full tracker follows half as many rows, each from its first event on', () => {
  const tracker = new RowTracker(HOSPITAL, LITTLE, 1);
  const count = 20_000;
  for (let key = 1; key <= count; key++) assert.equal(fold(tracker, event(key)), null);
  assert.ok(tracker.size <= MOST_OF_LITTLE, `${tracker.size} rows`);
  assert.equal(tracker.sample, 1 / 8);
  const share = tracker.size / count / tracker.sample;
  assert.ok(share > 0.9 && share < 1.1, `${tracker.size} rows for a share of ${tracker.sample}`);
  const followed = new Set([...tracker].map(({ key }) => key));
  let found = 0;
  for (let key = 1; key <= count; key++) {
    const detail = fold(tracker, event(key));
    if (detail !== null) found++;
    assert.equal(detail, followed.has(key) ? 'exists_already' : null);
  }
  assert.equal(found, tracker.size);
});

test('a full tracker still follows its rows', () => {
  const tracker = new RowTracker(HOSPITAL, LITTLE, 1);
  let key = 0;
  while (tracker.size < Math.floor(MOST_OF_LITTLE)) fold(tracker, event(++key));
  assert.equal(fold(tracker, event(1)), 'exists_already');
});

test('a sample follows its share of rows, and always the same ones', () => {
  const keysOf = (tracker: RowTracker) => {
    for (let key = 1; key <= 10_000; key++) fold(tracker, event(key));
    return [...tracker].map(({ key }) => key);
  };
  const keys = keysOf(new RowTracker(HOSPITAL, PLENTY, 0.1));
  assert.ok(Math.abs(keys.length - 1_000) < 150, `${keys.length} of 10000`);
  assert.deepEqual(keys, keysOf(new RowTracker(HOSPITAL, PLENTY, 0.1)));
});

test('keys below 0 and beyond 2^36 are ignored', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  for (const key of [-1, -7, 2 ** 40, '9007199254740993']) {
    for (let i = 0; i < 3; i++) fold(tracker, event(1, { key, table: 'internacoes' }));
  }
  assert.deepEqual([...tracker], []);
  assert.equal(tracker.size, 0);
});

test('after a truncate no row of the table exists, and all may be inserted again', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  for (const id of [1, 2, 3]) fold(tracker, event(id));
  fold(tracker, event(1, { table: 'consultas', values: null }));
  tracker.truncate('exames');
  const presence = [...tracker].map(({ table, key, present }) => `${table.name} ${key} ${present}`);
  assert.deepEqual(presence.sort(), [
    'consultas 1 true',
    'exames 1 false',
    'exames 2 false',
    'exames 3 false',
  ]);
  assert.equal(fold(tracker, event(1, { operation: 'update' })), 'does_not_exist');
  assert.equal(fold(tracker, event(2)), null);
});

test('the rows of a table that is followed no longer are neither checked nor compared', () => {
  const tracker = new RowTracker(HOSPITAL, PLENTY, 1);
  fold(tracker, event(1));
  tracker.unfollow('exames');
  assert.equal(fold(tracker, event(1)), null);
  assert.deepEqual([...tracker], []);
});
