import assert from 'node:assert/strict';
import test from 'node:test';
import { en } from '../../../src/messages/en.js';
import type { PgOutputMessage } from '../../../src/sources/slot/pgoutput.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { publicScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';

const RELATION = 7;

function relation(...names: readonly string[]): PgOutputMessage {
  const columns = names.map((name) => ({ name, key: true, type: 25, modifier: -1 }));
  const table = { schema: 'public', name: 'medicos', identity: 'index' as const };
  return { tag: 'relation', relation: RELATION, ...table, columns };
}

function read(...messages: readonly PgOutputMessage[]): CollectingSink {
  const sink = new CollectingSink();
  const rows = new SlotRows(sink, publicScope, 0);
  const commit = { commitLsn: 900n, commitTime: 5n, xid: 3 };
  for (const message of [{ tag: 'begin', ...commit } as const, ...messages]) {
    rows.take({ tag: 'change', lsn: 100, sentAt: 8, receivedAt: 9, message });
  }
  return sink;
}

test('a delete whose replica identity lacks the id comes in order, with all else', () => {
  const sink = read(
    relation('id', 'crm'),
    { tag: 'insert', relation: RELATION, row: ['1', 'x'] },
    { tag: 'delete', relation: RELATION, old: { kind: 'key', tuple: [null, 'x'] } },
    { tag: 'insert', relation: RELATION, row: ['2', 'y'] },
  );
  assert.deepEqual(sink.problems, []);
  assert.deepEqual(
    sink.rows.map(({ key, order, position }) => [key, order, position]),
    [
      [1, 1, 1],
      [2, 3, 3],
    ],
  );
  assert.deepEqual(sink.keyless, [
    {
      operation: 'delete',
      table: 'medicos',
      xid: 3,
      lsn: 100,
      order: 2,
      watermark: 900,
      committedAt: 5,
      connectorAt: 8,
      receivedAt: 9,
      partition: 0,
      position: 2,
      origin: null,
      snapshot: null,
    },
  ]);
});

test('an update that changes an identity without the id is an update', () => {
  const old = { kind: 'key', tuple: [null, 'x'] } as const;
  const sink = read(relation('id', 'crm'), {
    tag: 'update',
    relation: RELATION,
    old,
    row: ['1', 'y'],
  });
  assert.deepEqual(
    sink.rows.map(({ operation, key }) => [operation, key]),
    [['update', 1]],
  );
});

test('where a list of columns has no id, inserts and updates are malformed', () => {
  const sink = read(
    relation('crm'),
    { tag: 'insert', relation: RELATION, row: ['x'] },
    { tag: 'update', relation: RELATION, old: null, row: ['x'] },
    { tag: 'delete', relation: RELATION, old: { kind: 'key', tuple: ['x'] } },
  );
  assert.deepEqual(
    sink.problems.map(({ position, reason }) => [position, reason(en)]),
    [
      [1, 'insert of medicos without its key (id)'],
      [2, 'update of medicos without its key (id)'],
    ],
  );
  assert.equal(sink.keyless.length, 1);
});
