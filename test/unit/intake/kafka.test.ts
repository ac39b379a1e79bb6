import assert from 'node:assert/strict';
import test from 'node:test';
import { OperatorError } from '../../../src/errors.js';
import { loadClient } from '../../../src/intake/kafka/client.js';
import { type Answer, Partition } from '../../../src/intake/kafka/partition.js';
import { KafkaSource } from '../../../src/intake/kafka.js';
import { ptBR } from '../../../src/log/messages/pt-BR.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { freePort, withBusyPort } from '../../helpers/free-port.js';

type Batch = NonNullable<Answer['records']>[number];

const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
const RECONNECT = { attempts: 1, baseMs: 1, maxMs: 1, failFast: true };

test('a record is given out once, with its offset', () => {
  const { partition, take } = reader(5n);
  take(answer([batch(4n, 3)], 8n));
  assert.equal(partition.atEnd, false);
  take(answer([batch(4n, 3), batch(7n, 1)], 8n));
  assert.equal(partition.atEnd, true);
  assert.deepEqual(take(answer([], 8n)), [5, 6, 7]);
});

test('where compaction took the last records of a batch, it is read on behind them', () => {
  const { partition, take } = reader(0n);
  take(answer([{ ...batch(0n, 2), lastOffsetDelta: 9 }], 10n));
  assert.equal(partition.next, 10n);
  assert.equal(partition.atEnd, true);
});

test('what may not be read yet, of an open transaction, is not waited for', () => {
  const { partition, take } = reader(0n);
  take({ ...answer([batch(0n, 2)], 9n), lastStableOffset: 2n });
  assert.equal(partition.atEnd, true);
});

test('an aborted transaction is left out, also when its end is in another answer', () => {
  const { take } = reader(0n);
  const first = answer([written(0n, 2, 7n), written(2n, 1, 8n)], 9n, [[7n, 0n]]);
  assert.deepEqual(take(first), [2]);
  const rest = [written(3n, 1, 7n), ended(4n, 7n, 'abort'), written(5n, 1, 7n), batch(6n, 1)];
  // The one behind it, of the same producer, was committed.
  assert.deepEqual(take(answer([...rest, ended(7n, 7n, 'commit')], 9n, [[7n, 0n]])), [2, 5, 6]);
});

test('a client that is not installed is named', async () => {
  const missing = Object.assign(new Error('no such package'), { code: 'ERR_MODULE_NOT_FOUND' });
  await assert.rejects(
    loadClient(() => Promise.reject(missing)),
    (error) => {
      assert.ok(error instanceof OperatorError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, /npm install @platformatic\/kafka@1/);
      assert.match(error.tell(ptBR), /npm install @platformatic\/kafka@1/);
      return true;
    },
  );
  const broken = new Error('broken');
  await assert.rejects(
    loadClient(() => Promise.reject(broken)),
    broken,
  );
});

test('a broker that is not there is one clear sentence', async () => {
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
      assert.match(error.message, /does not answer \(Request timed out\)/);
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

/** A partition read from `first` on; `take` returns the offsets that were given out so far. */
function reader(first: bigint) {
  const partition = new Partition({ topic: 'hospital', index: 0, stream: 0, first });
  const given: number[] = [];
  const take = (part: Answer): readonly number[] => {
    partition.take(part, (_key, _value, offset) => given.push(offset));
    return given;
  };
  return { partition, take };
}

function answer(
  records: Batch[],
  end: bigint,
  aborted: readonly (readonly [producerId: bigint, firstOffset: bigint])[] = [],
): Answer {
  return {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: end,
    lastStableOffset: end,
    logStartOffset: 0n,
    abortedTransactions: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
    preferredReadReplica: -1,
    records,
  };
}

function batch(firstOffset: bigint, count: number): Batch {
  return {
    firstOffset,
    length: 0,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes: 0,
    lastOffsetDelta: count - 1,
    firstTimestamp: 0n,
    maxTimestamp: 0n,
    producerId: -1n,
    producerEpoch: -1,
    firstSequence: -1,
    records: Array.from({ length: count }, (_, offsetDelta) => ({
      length: 0,
      attributes: 0,
      timestampDelta: 0n,
      offsetDelta,
      key: null,
      value: null,
      headers: [],
    })),
  };
}

/** Records that were written in a transaction. */
function written(firstOffset: bigint, count: number, producerId: bigint): Batch {
  return { ...batch(firstOffset, count), attributes: TRANSACTIONAL, producerId };
}

/** What ends a transaction. */
function ended(firstOffset: bigint, producerId: bigint, how: 'abort' | 'commit'): Batch {
  const marker = batch(firstOffset, 1);
  const key = Buffer.from([0, 0, 0, how === 'abort' ? 0 : 1]);
  const records = marker.records.map((record) => ({ ...record, key }));
  return { ...marker, attributes: TRANSACTIONAL | CONTROL, producerId, records };
}
