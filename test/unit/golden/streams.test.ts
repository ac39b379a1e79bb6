import assert from 'node:assert/strict';
import test from 'node:test';
import { TABLES } from '../../../src/schemas/hospital/tables.js';
import { DebeziumIntake } from '../../../src/sources/debezium/intake.js';
import { decode } from '../../../src/sources/slot/pgoutput.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { SHAPES } from '../../debezium/shapes.js';
import { type ExpectedEvent, expectedEvents } from '../../golden/expected.js';
import { readEvents, readMessages } from '../../golden/files.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import type { ReceivedRow } from '../../helpers/received-row.js';

/** Debezium's number for it is one that PostgreSQL has no date for: it spoils dates that far off. */
const SPOILED = '294276-12-31 23:59:59.999999';

for (const shape of SHAPES) {
  test(`Debezium's events in the shape "${shape}" are read as what was done`, () => {
    const sink = new CollectingSink();
    const intake = new DebeziumIntake(sink, anyScope);
    intake.lines(Buffer.from(`${readEvents(shape).join('\n')}\n`), 0, 1, 0);
    assert.deepEqual(sink.problems, []);
    const changes = sink.rows.filter(({ operation }) => operation !== 'snapshot');
    const snapshot = sink.rows.filter(({ operation }) => operation === 'snapshot');
    assert.ok(snapshot.length > 0);
    if (shape === 'schema') {
      // One of each kind was kept.
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
  test(`messages of pgoutput from PostgreSQL ${version} are read as what was done`, () => {
    const sink = new CollectingSink();
    const rows = new SlotRows(sink, anyScope, 0);
    for (const { lsn, data } of readMessages(version)) {
      rows.take({ tag: 'change', lsn, sentAt: 0n, receivedAt: 0, message: decode(data) });
    }
    assert.deepEqual(sink.problems, []);
    assertSame(sink.rows, expectedEvents());
    assertInOrder(sink.rows);
    assert.deepEqual(sink.truncated, ['exames', 'internacoes']);
    assert.equal(sink.ignoredKinds.filter((kind) => kind === 'message').length, 2);
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

/** Whether it tells of the same row, in the columns that are known. */
function isSame({ operation, table, key, values }: ReceivedRow, expected: ExpectedEvent): boolean {
  if (operation !== expected.operation || table !== expected.table) return false;
  if (String(key) !== expected.key) return false;
  if (expected.values === null) return true;
  return Object.entries(expected.values).every(([column, value]) => {
    const at = TABLES[table].columns.findIndex(({ name }) => name === column);
    return value === SPOILED || values?.[at] === value;
  });
}

/** Watermarks never fall, and LSNs not inside a transaction. */
function assertInOrder(changes: readonly ReceivedRow[]): void {
  for (const [i, change] of changes.entries()) {
    const before = changes[i - 1];
    if (before === undefined) continue;
    assert.ok((change.watermark ?? 0) >= (before.watermark ?? 0), JSON.stringify(change));
    if (change.xid === before.xid) assert.ok((change.lsn ?? 0) >= (before.lsn ?? 0));
  }
}
