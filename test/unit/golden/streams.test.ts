import assert from 'node:assert/strict';
import test from 'node:test';
import { Intake } from '../../../src/sources/intake.js';
import { decode } from '../../../src/sources/slot/pgoutput.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { SHAPES } from '../../debezium/shapes.js';
import { type ExpectedEvent, expectedEvents } from '../../golden/expected.js';
import { readEvents, readMessages } from '../../golden/files.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';

/** The latest timestamp of PostgreSQL: Debezium turns it into a number beyond PostgreSQL's dates. */
const SPOILED = '294276-12-31 23:59:59.999999';

for (const shape of SHAPES) {
  test(`Debezium's events in the shape "${shape}" are read as the changes that were made`, () => {
    const sink = new CollectingSink();
    const intake = new Intake(sink, anyScope);
    intake.lines(Buffer.from(`${readEvents(shape).join('\n')}\n`), 0, 1, 0);
    assert.deepEqual(sink.problems, []);
    const changes = sink.rows.filter(({ operation }) => operation !== 'snapshot');
    const snapshot = sink.rows.filter(({ operation }) => operation === 'snapshot');
    assert.ok(snapshot.length > 0);
    if (shape === 'schema') {
      // The recording has one event of each kind.
      const expected = expectedEvents();
      for (const change of changes) {
        assert.ok(
          expected.some((event) => isSame(change, event)),
          JSON.stringify(change),
        );
      }
      return;
    }
    assertSame(changes, expectedEvents());
    for (const { xid, lsn } of changes) assert.ok(xid !== null && lsn !== null);
    assertInOrder(changes);
  });
}

for (const version of [14, 18] as const) {
  test(`messages of pgoutput from PostgreSQL ${version} are read as the changes that were made`, () => {
    const sink = new CollectingSink();
    const rows = new SlotRows(sink, anyScope, 0);
    for (const { lsn, data } of readMessages(version)) {
      rows.take({ tag: 'change', lsn, sentAt: 0, receivedAt: 0, message: decode(data) });
    }
    assert.deepEqual(sink.problems, []);
    assertSame(sink.rows, expectedEvents());
    assertInOrder(sink.rows);
    assert.deepEqual(sink.truncated, ['exames', 'internacoes']);
    const [first, second] = sink.messages;
    assert.equal(sink.messages.length, 2);
    assert.deepEqual([first?.content, first?.transactional], ['marca 1', true]);
    assert.deepEqual([second?.content, second?.transactional], ['marca 2', false]);
    assert.equal(first?.xid, sink.rows.find((row) => row.table === 'medicos')?.xid);
    assert.equal(second?.xid, null);
    assert.equal(second?.watermark, second?.lsn);
  });
}

function assertSame(changes: readonly ReceivedRow[], expected: readonly ExpectedEvent[]): void {
  const shown = ({ operation, table, key }: ReceivedRow | ExpectedEvent) =>
    `${operation} ${table} ${key}`;
  assert.deepEqual(changes.map(shown), expected.map(shown));
  for (const [i, change] of changes.entries()) {
    assert.ok(
      isSame(change, expected[i]!),
      `${JSON.stringify(change)}\n${JSON.stringify(expected[i])}`,
    );
  }
}

/** Whether both are the same change, with equal values in the expected columns. */
function isSame({ operation, table, key, values }: ReceivedRow, expected: ExpectedEvent): boolean {
  if (operation !== expected.operation || table !== expected.table) return false;
  if (String(key) !== expected.key) return false;
  if (expected.values === null) return true;
  return Object.entries(expected.values).every(([column, value]) => {
    const at = hospital.tables.get(table).columns.findIndex(({ name }) => name === column);
    return value === SPOILED || values?.[at] === value;
  });
}

/** Requires watermarks that never fall, and LSNs that do not fall inside a transaction. */
function assertInOrder(changes: readonly ReceivedRow[]): void {
  for (const [i, change] of changes.entries()) {
    const before = changes[i - 1];
    if (before === undefined) continue;
    assert.ok((change.watermark ?? 0) >= (before.watermark ?? 0), JSON.stringify(change));
    if (change.xid === before.xid) assert.ok((change.lsn ?? 0) >= (before.lsn ?? 0));
  }
}
