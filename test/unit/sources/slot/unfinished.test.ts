import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { scopeOfNames } from '../../../../src/sources/scope.js';
import { DecodeError } from '../../../../src/sources/slot/byte-reader.js';
import { FILE_PREFIX } from '../../../../src/sources/slot/change-store.js';
import { decode } from '../../../../src/sources/slot/pgoutput.js';
import { SlotRows } from '../../../../src/sources/slot/rows.js';
import { PreparedBefore, UnfinishedTransactions } from '../../../../src/sources/slot/unfinished.js';
import { readStreamed } from '../../../golden/files.js';
import { ADDED_VALUES, LAST_DOCTOR, STREAMED_TABLES } from '../../../golden/streamed.js';
import { EventList } from '../../../helpers/event-list.js';
import { randomNumbers } from '../../../helpers/random.js';
import type { ReceivedRow } from '../../../helpers/received-row.js';
import { bytes, cString, i32, i64, letter, row, u8 } from './bytes.js';

const SCOPE = scopeOfNames(STREAMED_TABLES);

type Message = ReturnType<typeof readStreamed>[number];

/** The events that a consumer gets of the messages. */
function eventsOf(messages: readonly Message[], unfinished = new UnfinishedTransactions()) {
  const sink = new EventList(STREAMED_TABLES);
  const rows = new SlotRows(sink, SCOPE, 0);
  const change = { tag: 'change', sentAt: 0, receivedAt: 0 } as const;
  for (const { lsn, data } of messages) {
    if (!unfinished.isOwn(data[0]!)) {
      rows.take({ ...change, lsn, message: decode(data) });
      continue;
    }
    const finished = unfinished.take({ lsn, data });
    for (let next = finished?.next(); next?.value; next = finished?.next()) {
      rows.take({ ...change, ...next.value });
    }
  }
  return sink.events;
}

/** Temporary files that are open, by their descriptors. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

for (const version of [14, 18] as const) {
  const streamed = readStreamed('streamed', version);
  const unstreamed = eventsOf(readStreamed('unstreamed', version));

  for (const [where, memoryBytes] of [
    ['in memory', undefined],
    ['in files, one message after the other', 0],
    ['in memory and in files', 300],
  ] as const) {
    test(`${version}: transactions kept ${where} come out as if they had not been streamed`, () => {
      const unfinished = new UnfinishedTransactions(memoryBytes);
      const open = openFiles();
      assert.deepEqual(eventsOf(streamed, unfinished), unstreamed);
      assert.ok(unfinished.streamStarts > 10, `${unfinished.streamStarts} Stream Starts`);
      assert.equal(openFiles(), open);
      assert.equal((unstreamed.at(-1) as ReceivedRow).key, LAST_DOCTOR);
    });
  }

  test(`${version}: a column that is added in the middle has values from then on`, () => {
    const added = unstreamed.flatMap((event) => {
      if (typeof event === 'string' || !('values' in event) || event.table !== 'exames') return [];
      return [[event.key, event.values?.at(-1)]];
    });
    assert.deepEqual(added, ADDED_VALUES);
  });

  test(`${version}: no file is left when the reader stops in the middle`, () => {
    const open = openFiles();
    const unfinished = new UnfinishedTransactions(0);
    let most = 0;
    for (const { lsn, data } of streamed) {
      if (!unfinished.isOwn(data[0]!)) continue;
      // The transaction that comes out is left in the middle, too.
      const finished = unfinished.take({ lsn, data });
      if (finished !== null) for (let i = 0; i < 2; i++) finished.next();
      most = Math.max(most, openFiles() - open);
      assert.ok(!readdirSync(tmpdir()).some((name) => name.startsWith(FILE_PREFIX)));
      if (finished !== null) break;
    }
    assert.ok(most > 0, 'nothing was written to a file');
    unfinished.close();
    assert.equal(openFiles(), open);
  });

  test(`${version}: messages that are cut, changed or left out are refused, or are others`, () => {
    const random = randomNumbers(version);
    const below = (end: number) => Math.floor(random() * end);
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const messages = streamed.map(({ lsn, data }) => ({ lsn, data: Buffer.from(data) }));
      const at = below(messages.length);
      const { lsn, data } = messages[at]!;
      if (i % 3 === 0) messages.splice(at, 1);
      else if (i % 3 === 1) messages[at] = { lsn, data: data.subarray(0, below(data.length)) };
      else data[below(data.length)] = below(256);
      const unfinished = new UnfinishedTransactions();
      try {
        eventsOf(messages, unfinished);
      } catch (error) {
        assert.ok(error instanceof DecodeError || error instanceof PreparedBefore, String(error));
        refused++;
      } finally {
        unfinished.close();
      }
    }
    assert.ok(refused > 100, `${refused} were refused`);
  });
}

const insert = (xid: number, id: string) =>
  bytes(letter('I'), i32(xid), i32(7), letter('N'), row(id));
const start = (xid: number) => bytes(letter('S'), i32(xid), u8(1));
const commit = (xid: number) => bytes(letter('c'), i32(xid), u8(0), i64(50n), i64(60n), i64(0n));
const STOP = letter('E');

/** The ids that come out of the messages. */
function idsOf(...messages: readonly Buffer[]): unknown[] {
  const unfinished = new UnfinishedTransactions();
  const ids: unknown[] = [];
  for (const data of messages) {
    assert.ok(unfinished.isOwn(data[0]!));
    const finished = unfinished.take({ lsn: 1, data });
    for (let next = finished?.next(); next?.value; next = finished?.next()) {
      const { message } = next.value;
      if (message.tag === 'insert') ids.push(message.row[0]);
    }
  }
  return ids;
}

test('a rolled-back subtransaction takes its changes of all parts with it, and no others', () => {
  const abort = bytes(letter('A'), i32(1), i32(2));
  const parts = [start(1), insert(1, 'a'), insert(2, 'b'), STOP, start(1), insert(2, 'c'), STOP];
  assert.deepEqual(idsOf(...parts, abort, start(1), insert(3, 'd'), STOP, commit(1)), ['a', 'd']);
  const whole = bytes(letter('A'), i32(1), i32(1));
  assert.deepEqual(idsOf(...parts, whole, start(9), insert(9, 'e'), STOP, commit(9)), ['e']);
});

test('a Stream Abort of a transaction that was not streamed is nothing', () => {
  const abort = bytes(letter('A'), i32(1), i32(2));
  const whole = bytes(letter('A'), i32(3), i32(3));
  assert.deepEqual(idsOf(abort, whole, start(9), insert(9, 'a'), STOP, whole, commit(9)), ['a']);
});

test('messages in an impossible order are refused', () => {
  const prepare = (type: string) =>
    bytes(letter(type), u8(0), i64(1n), i64(1n), i64(1n), i32(1), cString('g'));
  for (const messages of [
    [STOP],
    [start(1), start(1)],
    [commit(1)],
    [start(1), commit(1)],
    [start(1), insert(1, 'a'), STOP, commit(2)],
    [prepare('P')],
    [prepare('p')],
  ]) {
    assert.throws(() => idsOf(...messages), DecodeError);
  }
});

test('a COMMIT PREPARED without its changes has an error of its own, a ROLLBACK PREPARED has none', () => {
  const end = (type: string, times: number) =>
    bytes(
      ...[letter(type), u8(0), i64(1n), i64(1n)],
      ...Array.from({ length: times }, () => i64(1n)),
      ...[i32(1), cString('gid/1')],
    );
  assert.throws(
    () => idsOf(end('K', 1)),
    (error) => {
      assert.ok(error instanceof PreparedBefore);
      return error.gid === 'gid/1';
    },
  );
  assert.deepEqual(idsOf(end('r', 2)), []);
});
