import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { OperatorError } from '../../../src/errors.js';
import { Partition } from '../../../src/sources/kafka/records.js';
import type { FetchedPartition } from '../../../src/sources/kafka/requests.js';
import { KafkaSource } from '../../../src/sources/kafka/source.js';
import { KafkaEncoder } from '../../../src/sources/kafka/wire.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { freePort, withBusyPort } from '../../helpers/free-port.js';

const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
const RECONNECT = { attempts: 1, baseMs: 1, maxMs: 1, failFast: true };

test('a record is given out once, with its offset', () => {
  const { partition, take } = reader(5);
  take(answer([batch(4, 3)], 8));
  assert.equal(partition.atEnd, false);
  take(answer([batch(4, 3), batch(7, 1)], 8));
  assert.equal(partition.atEnd, true);
  assert.deepEqual(take(answer([], 8)), [5, 6, 7]);
});

test('where compaction removed the last records of a batch, reading goes on after them', () => {
  const { partition, take } = reader(0);
  take(answer([batch(0, 2, { lastOffsetDelta: 9 })], 10));
  assert.equal(partition.next, 10);
  assert.equal(partition.atEnd, true);
});

test('records of an open transaction do not keep a partition from its end', () => {
  const { partition, take } = reader(0);
  take({ ...answer([batch(0, 2)], 9), lastStableOffset: 2 });
  assert.equal(partition.atEnd, true);
});

test('an aborted transaction is left out, also when its end is in another answer', () => {
  const { take } = reader(0);
  const first = answer([written(0, 2, 7), written(2, 1, 8)], 9, [[7, 0]]);
  assert.deepEqual(take(first), [2]);
  const rest = [written(3, 1, 7), ended(4, 7, 'abort'), written(5, 1, 7), batch(6, 1)];
  // The next one of the same producer was committed.
  assert.deepEqual(take(answer([...rest, ended(7, 7, 'commit')], 9, [[7, 0]])), [2, 5, 6]);
});

test('a broker that is not there is reported in one sentence', async () => {
  const port = await freePort();
  await assert.rejects(readFrom(port), (error) => {
    assert.ok(error instanceof OperatorError);
    assert.equal(error.exitCode, 3);
    assert.match(
      error.message,
      new RegExp(
        `^Kafka at 127.0.0.1:${port} does not answer \\(.*ECONNREFUSED.*\\); check [^\n]*$`,
      ),
    );
    return true;
  });
});

test('a broker that never answers is given up', async () => {
  await withBusyPort(async (port) => {
    await assert.rejects(readFrom(port), (error) => {
      assert.ok(error instanceof OperatorError);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /does not answer \(127\.0\.0\.1:\d+ was silent for 5 s\)/);
      return true;
    });
  });
});

async function readFrom(port: number): Promise<void> {
  const options = { brokers: [`127.0.0.1:${port}`], prefix: 'hospital', reconnect: RECONNECT };
  const source = new KafkaSource(options);
  try {
    await source.run(new CollectingSink(), anyScope);
  } finally {
    await source.close();
  }
}

/** A partition read from `first` on; `take` returns the offsets delivered so far. */
function reader(first: number) {
  const partition = new Partition({ topic: 'hospital', index: 0, stream: 0, first });
  const given: number[] = [];
  const take = (part: FetchedPartition): readonly number[] => {
    partition.take(part, (_key, _value, offset) => given.push(offset));
    return given;
  };
  return { partition, take };
}

function answer(
  records: Buffer[],
  end: number,
  aborted: readonly (readonly [producerId: number, firstOffset: number])[] = [],
): FetchedPartition {
  return {
    topic: 'hospital',
    index: 0,
    error: 0,
    highWatermark: end,
    lastStableOffset: end,
    aborted: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
    records: Buffer.concat(records),
  };
}

interface BatchOptions {
  readonly lastOffsetDelta?: number;
  readonly attributes?: number;
  readonly producerId?: number;
  readonly key?: Buffer;
}

/** A batch as a broker sends it; its records have no values. */
function batch(firstOffset: number, count: number, options: BatchOptions = {}): Buffer {
  const { lastOffsetDelta = count - 1, attributes = 0, producerId = -1, key } = options;
  const rest = new KafkaEncoder()
    .int32(0) // partition_leader_epoch
    .int8(2) // magic
    .int32(0) // crc
    .int16(attributes)
    .int32(lastOffsetDelta)
    .int64(0) // first_timestamp
    .int64(0) // max_timestamp
    .int64(producerId)
    .int16(-1) // producer_epoch
    .int32(-1) // first_sequence
    .int32(count);
  for (let delta = 0; delta < count; delta++) rest.raw(record(delta, key));
  return new KafkaEncoder().int64(firstOffset).bytes(rest.done()).done();
}

/** All numbers in it are small: zigzag takes a byte each. */
function record(delta: number, key: Buffer | undefined): Buffer {
  const keyBytes = key === undefined ? [1] : [2 * key.length, ...key];
  // attributes, timestamp, offset, key, value (null), no headers
  const body = [0, 0, 2 * delta, ...keyBytes, 1, 0];
  return Buffer.from([2 * body.length, ...body]);
}

/** Records that were written in a transaction. */
function written(firstOffset: number, count: number, producerId: number): Buffer {
  return batch(firstOffset, count, { attributes: TRANSACTIONAL, producerId });
}

/** A control record that ends a transaction. */
function ended(firstOffset: number, producerId: number, how: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, how === 'abort' ? 0 : 1]);
  return batch(firstOffset, 1, { attributes: TRANSACTIONAL | CONTROL, producerId, key });
}
