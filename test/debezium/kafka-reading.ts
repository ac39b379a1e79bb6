import '../../src/messages/english.js';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import zlib from 'node:zlib';
import { OperatorError } from '../../src/errors.js';
import { Intake } from '../../src/sources/intake.js';
import { KafkaSource } from '../../src/sources/kafka/source.js';
import { readEvents } from '../golden/files.js';
import { anyScope } from '../helpers/any-scope.js';
import { CollectingSink } from '../helpers/collecting-sink.js';
import { waitFor } from '../helpers/wait-for.js';
import type { Compression, Entry } from './kafka-writer.js';
import { broker, writer as brokerWriter, noBroker } from './shared-broker.js';

const PARTITIONS = 2;
const RECONNECT = { attempts: 5, baseMs: 50, maxMs: 200, failFast: false };
/** Until a broker that was killed is up again and its topics have a leader. */
const RECOVERY_MS = 60_000;

const skip = noBroker;
const writer = brokerWriter;

test('Kafka: every partition in its order, and more as it comes', { skip }, async () => {
  assert.ok(writer);
  const entries = recorded('one');
  const half = entries.slice(0, entries.length / 2);
  await writer.createTopics([...namesOf(entries), 'none.of.ours'], PARTITIONS);
  await writer.send(half);
  await writer.send([{ topic: 'none.of.ours', partition: 0, key: half[0]!.key }]);
  await reading('one', async (source, sink) => {
    assert.equal(source.partitions, namesOf(entries).length * PARTITIONS);
    await waitFor(() => sink.idles > 0, { what: 'the end of the topics' });
    assert.deepEqual(perStream(sink), perStream(expected(half)));
    assert.equal(sink.count, expected(half).count);
    const { idles } = sink;
    await writer.send(entries.slice(half.length));
    await waitFor(() => sink.count === entries.length, { what: 'what was added' });
    await waitFor(() => sink.idles > idles, { what: 'the end, once more' });
    const all = expected(entries);
    assert.deepEqual(perStream(sink), perStream(all));
    assert.deepEqual(sink.ignoredKinds.toSorted(), all.ignoredKinds.toSorted());
    assert.deepEqual(sink.problems, []);
  });
});

const COMPRESSIONS: readonly Compression[] = ['gzip', 'snappy', 'lz4', 'zstd'];
for (const compression of COMPRESSIONS) {
  const prefix = `packed-${compression}`;
  const canRead = compression !== 'zstd' || 'zstdDecompressSync' in zlib;
  test(`Kafka: records compressed by ${compression}`, { skip }, async () => {
    assert.ok(writer);
    // Enough for several blocks of any method, and values that repeat little.
    const entries = Array.from({ length: 20 }, () => recorded(prefix)).flat();
    await writer.createTopics(namesOf(entries), PARTITIONS);
    await writer.send(entries, compression);
    const read = reading(prefix, async (_, sink) => {
      await waitFor(() => sink.count === entries.length, { what: 'all records' });
      assert.deepEqual(perStream(sink), perStream(expected(entries)));
    });
    if (canRead) return read;
    await assert.rejects(read, (error) => {
      assert.ok(error instanceof OperatorError);
      assert.equal(error.exitCode, 4);
      assert.match(error.message, /compressed by zstd, which Node\.js unpacks from 22\.15 on/);
      return true;
    });
  });
}

test('Kafka: without what transactions wrote that were aborted', { skip }, async () => {
  assert.ok(writer);
  const [first, second, third] = recorded('two').map((entry) => ({ ...entry, topic: 'two.all' }));
  assert.ok(first && second && third);
  await writer.createTopics(['two.all'], PARTITIONS);
  const within = (entry: Entry, end: 'commit' | 'abort') =>
    writer.transaction(end, [{ ...entry, partition: 0 }], 'two');
  await within(first, 'abort');
  await within(second, 'commit');
  await within(third, 'abort');
  await reading('two.', async (_, sink) => {
    await waitFor(() => sink.idles > 0, { what: 'the end of the topic' });
    assert.equal(sink.count, 1);
    // After the first record and the one that ends its transaction.
    assert.equal(sink.rows[0]?.position, 3);
  });
});

test('Kafka: goes on where it was when the broker was away', { skip }, async () => {
  assert.ok(writer);
  const entries = recorded('three');
  const half = entries.slice(0, entries.length / 2);
  await writer.createTopics(namesOf(entries), PARTITIONS);
  await writer.send(half);
  await reading('three', async (_, sink) => {
    await waitFor(() => sink.count === half.length, { what: 'the first half' });
    await broker?.restart();
    await writer.send(entries.slice(half.length));
    const all = () => sink.count >= entries.length;
    await waitFor(all, { what: 'the second half', deadline: RECOVERY_MS });
    assert.deepEqual(perStream(sink), perStream(expected(entries)));
  });
});

test('Kafka: topics that come while it reads end it', { skip }, async () => {
  assert.ok(writer);
  await writer.createTopics(['four.a'], PARTITIONS);
  const source = sourceOf('four');
  const run = source.run(new CollectingSink(), anyScope);
  await source.start();
  await writer.createTopics(['four.b'], PARTITIONS);
  await assert.rejects(run, (error) => {
    assert.ok(error instanceof OperatorError);
    assert.equal(error.exitCode, 4);
    assert.match(error.message, /"four\.b"/);
    return true;
  });
});

test('Kafka: no topic of the prefix', { skip }, async () => {
  const source = sourceOf('nobodys');
  await assert.rejects(source.run(new CollectingSink(), anyScope), (error) => {
    assert.ok(error instanceof OperatorError);
    assert.equal(error.exitCode, 4);
    assert.match(error.message, /no topic that begins with "nobodys"/);
    return true;
  });
  await source.close();
});

function sourceOf(prefix: string): KafkaSource {
  return new KafkaSource({ brokers: [broker!.address], prefix, reconnect: RECONNECT });
}

/** Reads the topics while `body` looks at the events; then the source must stop. */
async function reading(
  prefix: string,
  body: (source: KafkaSource, sink: CollectingSink) => Promise<void>,
): Promise<void> {
  const source = sourceOf(prefix);
  const sink = new CollectingSink();
  await source.start();
  const run = source.run(sink, anyScope);
  try {
    await Promise.race([body(source, sink), run.then(() => assert.fail('it ended by itself'))]);
  } finally {
    source.stop();
    await run;
  }
}

/** The recorded events, of topics that begin with `prefix`; equal keys in one partition. */
function recorded(prefix: string): Entry[] {
  return readEvents('entry').map((line) => {
    const { topic, key, value } = JSON.parse(line);
    const bytes = Buffer.from(JSON.stringify(key));
    const partition = createHash('md5').update(bytes).digest()[0]! % PARTITIONS;
    const entry = { topic: `${prefix}.${topic}`, partition, key: bytes };
    return value === null ? entry : { ...entry, value: Buffer.from(JSON.stringify(value)) };
  });
}

function namesOf(entries: readonly Entry[]): string[] {
  return [...new Set(entries.map(({ topic }) => topic))].sort();
}

/** A sink with these events, each received in its own partition. */
function expected(entries: readonly Entry[]): CollectingSink {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  // All topics have a number, also those that have no event in this part.
  const names = namesOf(recorded(entries[0]!.topic.split('.')[0]!));
  const places = new Map<number, number>();
  for (const { topic, partition, key, value = null } of entries) {
    const stream = names.indexOf(topic) * PARTITIONS + partition;
    const place = (places.get(stream) ?? 0) + 1;
    places.set(stream, place);
    intake.value(key, value, stream, place, 0);
  }
  return sink;
}

function perStream({ rows }: CollectingSink) {
  return rows
    .map((row) => ({ ...row, receivedAt: 0 }))
    .toSorted((a, b) => a.partition - b.partition || a.position - b.position)
    .map((row, index, all) => {
      // Sorting keeps no secret: the order of arrival is that of the places.
      const before = all[index - 1];
      assert.ok(before?.partition !== row.partition || before.position < row.position);
      return row;
    });
}
