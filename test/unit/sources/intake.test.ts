import assert from 'node:assert/strict';
import test from 'node:test';
import { en } from '../../../src/messages/en.js';
import { Intake, MOST_BYTES } from '../../../src/sources/intake.js';
import type { RowColumns, RowEvent } from '../../../src/sources/source.js';
import { anyScope, HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { randomNumbers } from '../../helpers/random.js';
import {
  CLOUD_EVENT,
  DELETE,
  EXAME,
  envelope,
  FLAT_META,
  FLATTENED,
  INSERT,
  MESSAGE,
  SCHEMA,
  SOURCE,
} from './samples.js';

/** Tries of each kind; one takes a third of a millisecond. */
const TRIES = 1500;

const SAMPLES = [
  INSERT,
  DELETE,
  envelope('u', { before: EXAME, after: EXAME }),
  `{"schema":${SCHEMA},"payload":${INSERT}}`,
  `{"key":{"id":7},"value":${DELETE},"headers":[{"a":1}]}`,
  `{"value":${JSON.stringify(INSERT)},"key":${JSON.stringify('{"id":7}')}}`,
  CLOUD_EVENT(`{"before":null,"after":${EXAME}}`),
  FLATTENED(EXAME, FLAT_META),
  '{"status":"END","id":"571:1","event_count":2,"data_collections":[{"data_collection":"a","event_count":2}],"ts_ms":1}',
  envelope('t', {}),
  MESSAGE,
];

function fresh() {
  const sink = new CollectingSink();
  return { sink, intake: new Intake(sink, anyScope) };
}

const collected = ({
  rows,
  keyless,
  truncates,
  messages,
  ignoredKinds,
  problems,
}: CollectingSink) => ({
  rows,
  keyless,
  truncates,
  messages,
  ignoredKinds,
  problems,
});

/** The same, with the reasons as texts: two functions are never equal. */
const readable = (sink: CollectingSink) => ({
  ...collected(sink),
  problems: sink.problems.map(({ reason, ...place }) => ({ ...place, reason: reason(en) })),
});

test('an event that is cut short at any byte is malformed', () => {
  for (const sample of SAMPLES) {
    const bytes = Buffer.from(sample);
    const { sink, intake } = fresh();
    intake.line(bytes, 0, 1, 0);
    assert.deepEqual(sink.problems, []);
    for (let length = 1; length < bytes.length; length++) {
      intake.line(bytes.subarray(0, length), 0, 1, 0);
      assert.equal(sink.problems.length, length, sample.slice(0, length));
    }
  }
});

test('any bytes give exactly one call of the sink, the same with templates and without', () => {
  const random = randomNumbers(21);
  const below = (end: number) => Math.floor(random() * end);
  const pick = () => Buffer.from(SAMPLES[below(SAMPLES.length)]!);
  const makers: Record<string, () => Buffer> = {
    random: () => Buffer.from(Array.from({ length: 1 + below(64) }, () => below(256))),
    mutated: () => {
      const bytes = pick();
      for (let n = 1 + below(3); n > 0; n--) bytes[below(bytes.length)] = below(256);
      return bytes;
    },
    printable: () => {
      const bytes = pick();
      for (let n = 1 + below(3); n > 0; n--) bytes[below(bytes.length)] = 0x20 + below(0x5f);
      return bytes;
    },
    spliced: () => {
      const [a, b] = [pick(), pick()];
      return Buffer.concat([a.subarray(0, below(a.length + 1)), b.subarray(below(b.length + 1))]);
    },
    digits: () =>
      Buffer.from(
        pick()
          .toString()
          .replaceAll(/\d+/g, (n) => (random() < 0.1 ? '9'.repeat(below(400)) : n)),
      ),
    kinds: () =>
      Buffer.from(
        pick()
          .toString()
          .replaceAll(/:(null|\d+|"[^"\\]*")/g, (all) =>
            random() < 0.05
              ? `:${['null', 'true', '1', '-1', '1.5', '""', '[]', '{}', '{"id":[1]}'][below(9)]}`
              : all,
          ),
      ),
  };
  const experienced = fresh();
  for (const sample of SAMPLES) experienced.intake.line(Buffer.from(sample), 0, 1, 0);
  for (const [name, make] of Object.entries(makers)) {
    for (let i = 0; i < TRIES; i++) {
      const bytes = make();
      const one = fresh();
      one.intake.line(bytes, 0, i, 0);
      const { sink } = experienced;
      for (const list of Object.values(collected(sink))) list.length = 0;
      experienced.intake.line(bytes, 0, i, 0);
      assert.deepEqual(readable(sink), readable(one.sink), `${name}: ${bytes}`);
      // White space gives nothing.
      if (/^[ \t\r\n]*$/.test(bytes.toString('latin1'))) continue;
      assert.equal(sink.count, 1, `${name}: ${bytes}`);
      if (!isJson(bytes)) assert.equal(sink.problems.length, 1, `${name}: ${bytes}`);
    }
  }
});

/** Also takes the hash of each value, with two beginnings. */
class HashingSink extends CollectingSink {
  readonly hashes: (number | null)[][] = [];

  override row(event: RowEvent, columns: RowColumns | null): void {
    super.row(event, columns);
    const places = HOSPITAL_TABLES.get(event.table).columns.keys();
    const begins = columns === null ? [] : [...places].flatMap((i) => [1, 1, i].map((b) => [i, b]));
    this.hashes.push(begins.map(([i, before]) => columns!.hash(i!, before!)));
  }
}

test('lines that repeat values of those before them are read as each by itself', () => {
  const random = randomNumbers(22);
  const below = (end: number) => Math.floor(random() * end);
  const together = new HashingSink();
  const apart = new HashingSink();
  const intake = new Intake(together, anyScope);
  for (let i = 0; i < TRIES / 20; i++) {
    const chunk: string[] = [];
    while (chunk.length < 60) {
      const sample = SAMPLES[below(SAMPLES.length)]!;
      const isVaried = Array.from({ length: 100 }, () => random() < 0.2);
      const numbers = Array.from({ length: 100 }, () => String(below(10 ** (1 + below(9)))));
      for (let n = 1 + below(50); n > 0; n--) {
        let at = 0;
        const text = sample.replaceAll(/\d+|Resson|true|null/g, (old) => {
          const k = at++ % 100;
          if (isVaried[k]) return /^\d/.test(old) ? `1${below(10 ** (1 + below(16)))}` : old;
          if (random() < 0.001) return ['"a"', '-5', '[1]', '{}', '2'][below(5)]!;
          if (random() < 0.003) return random() < 0.5 ? `${old}00` : old.slice(0, -3) || '7';
          return old.length < 4 && /^\d/.test(old) ? `1${numbers[k]}` : old;
        });
        chunk.push(random() < 0.005 ? text.slice(0, below(text.length)) : text);
      }
    }
    intake.lines(Buffer.from(`${chunk.join('\n')}\n`), 0, 1, 5);
    for (const [k, text] of chunk.entries()) {
      new Intake(apart, anyScope).line(Buffer.from(text), 0, 1 + k, 5);
    }
    assert.deepEqual(readable(together), readable(apart));
    assert.deepEqual(together.hashes, apart.hashes);
    for (const sink of [together, apart]) {
      for (const list of [...Object.values(collected(sink)), sink.hashes]) list.length = 0;
    }
  }
});

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

test('many kinds of events in any order, each one again and again', () => {
  const random = randomNumbers(22);
  const one = fresh();
  const expected: unknown[] = [];
  // More kinds than templates.
  const kinds = Array.from({ length: 100 }, (_, i) =>
    i % 3 === 0
      ? envelope(i % 2 ? 'c' : 'u', { after: EXAME.replace('"data"', `"extra${i}":"x","data"`) })
      : envelope(i % 2 ? 'd' : 'c', {
          before: `{"id":${i}}`,
          after: i % 2 ? 'null' : EXAME,
          source: SOURCE('exames').replace('oltp', `oltp${i}`),
          ...(i % 5 === 0 ? { transaction: 'null' } : {}),
        }),
  );
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(kinds[Math.floor(random() ** 2 * kinds.length)]!);
    one.intake.line(bytes, 0, i, 0);
    const other = fresh();
    other.intake.line(bytes, 0, i, 0);
    expected.push(other.sink.rows[0]);
  }
  assert.deepEqual(one.sink.rows, expected);
});

test('events that are all different are read, too', () => {
  const { sink, intake } = fresh();
  for (let i = 0; i < 2000; i++) {
    const source = SOURCE('exames').replace('"oltp"', `"oltp ${i}"`);
    intake.line(Buffer.from(envelope('c', { after: `{"id":${i}}`, source })), 0, i, 0);
  }
  assert.deepEqual(
    sink.rows.map((row) => row.key),
    Array.from({ length: 2000 }, (_, i) => i),
  );
});

test('a row of more columns than a template may have is read like any other', () => {
  const { sink, intake } = fresh();
  const columns = Array.from({ length: 400 }, (_, i) => `"x${i}":${i}`).join();
  for (let id = 0; id < 3; id++) {
    const after = `{"id":${id},${columns},"resultado":"${id}"}`;
    intake.line(Buffer.from(envelope('c', { after })), 0, 1, 0);
  }
  assert.deepEqual(
    sink.rows.map((row) => [row.key, row.values?.[4], row.lsn]),
    [0, 1, 2].map((id) => [id, String(id), 24_023_200]),
  );
});

test('a body is one event or an array of them', () => {
  const { sink, intake } = fresh();
  const inString = JSON.stringify(INSERT);
  intake.valueOrArray(Buffer.from(INSERT), 0, 1, 0);
  intake.valueOrArray(
    Buffer.from(` [ ${INSERT} , ${inString}, null,${DELETE}, {"a":1} , 5 ]\n`),
    0,
    2,
    0,
  );
  intake.valueOrArray(Buffer.from('[]'), 0, 3, 0);
  intake.valueOrArray(Buffer.from(' '), 0, 4, 0);
  intake.valueOrArray(Buffer.from(`[${INSERT},]`), 0, 5, 0);
  intake.valueOrArray(Buffer.from(`[${INSERT}`), 0, 6, 0);
  assert.deepEqual(
    sink.rows.map((row) => [row.operation, row.position]),
    [
      ['insert', 1],
      ['insert', 2],
      ['insert', 2],
      ['delete', 2],
    ],
  );
  assert.deepEqual(sink.ignoredKinds, ['tombstone']);
  assert.deepEqual(
    sink.problems.map((problem) => problem.position),
    [2, 2, 5, 6],
  );
});

test('a record of Kafka has its id from its row, or else from its key', () => {
  const { sink, intake } = fresh();
  const record = (key: string | null, value: string | null) =>
    intake.value(
      key === null ? null : Buffer.from(key),
      value === null ? null : Buffer.from(value),
      3,
      9,
      1,
    );
  record('{"id":1}', null);
  record('{"schema":{},"payload":{"id":8}}', envelope('d', {}));
  record('{"id":1}', DELETE);
  record(null, INSERT);
  record('no JSON', DELETE);
  assert.deepEqual(sink.problems, []);
  record('no JSON', envelope('d', {}));
  record('{"id":"x"}', envelope('d', {}));
  intake.value(Buffer.from([0x22, 0xff, 0x22]), Buffer.from(envelope('d', {})), 3, 9, 1);
  assert.deepEqual(sink.ignoredKinds, ['tombstone']);
  assert.deepEqual(
    sink.rows.map((row) => row.key),
    [8, 7, '9007199254740993', 7],
  );
  assert.equal(sink.problems.length, 2);
  assert.equal(sink.keyless.length, 1);
});

test('every line counts, blank ones too, and a malformed one does not affect others', () => {
  const { sink, intake } = fresh();
  const bytes = Buffer.concat([
    Buffer.from(`\ufeff${INSERT}\r\n\n \t\r\n${DELETE}\n{"a\n`),
    Buffer.from(INSERT).fill(0xff, 60, 61),
    Buffer.from(`\n${INSERT}\n`),
  ]);
  assert.equal(intake.lines(bytes, 0, 10, 5), 17);
  assert.deepEqual(
    sink.rows.map((row) => [row.position, row.receivedAt]),
    [
      [10, 5],
      [13, 5],
      [16, 5],
    ],
  );
  assert.deepEqual(
    sink.problems.map(({ position, reason }) => [position, reason(en)]),
    [
      [14, 'invalid JSON at byte 4: the text ends here'],
      [15, 'not UTF-8: convert it (iconv -f WINDOWS-1252 -t UTF-8)'],
    ],
  );
});

test('a line that is too long is refused', () => {
  const { sink, intake } = fresh();
  const long = Buffer.alloc(MOST_BYTES + 1, ' ');
  intake.line(long, 0, 1, 0);
  intake.valueOrArray(long, 0, 2, 0);
  intake.value(null, long, 0, 3, 0);
  intake.lines(Buffer.concat([long, Buffer.from(`\n${INSERT}\n`)]), 0, 4, 0);
  assert.deepEqual(
    sink.problems.map(({ position, reason }) => [position, reason(en)]),
    [1, 2, 3, 4].map((place) => [place, 'longer than 16 MiB']),
  );
  assert.equal(sink.rows.length, 1);
  const big = EXAME.replace('"resultado":null', `"resultado":"${'x'.repeat(1 << 20)}"`);
  intake.line(Buffer.from(envelope('c', { after: big })), 0, 5, 0);
  assert.equal(sink.rows[1]?.values?.[4]?.length, 1 << 20);
});
