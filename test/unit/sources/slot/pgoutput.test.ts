import assert from 'node:assert/strict';
import test from 'node:test';
import { DecodeError } from '../../../../src/sources/slot/byte-reader.js';
import { decode } from '../../../../src/sources/slot/pgoutput.js';
import { readStreamed } from '../../../golden/files.js';
import { bytes, cString, i16, i32, i64, letter, row, u8 } from './bytes.js';
import { SAMPLES } from './samples.js';

/** Buffers of each kind to try. */
const TRIES = 20_000;
const SEED = 20_260_301;

test('every kind of message is decoded', () => {
  for (const [sample, message] of SAMPLES) assert.deepEqual(decode(sample), message);
});

test('the content of a message outlives its bytes', () => {
  const sample = bytes(letter('M'), u8(0), i64(0n), cString(''), i32(1), letter('a'));
  const message = decode(sample);
  sample.fill(0);
  assert.equal(message.tag === 'message' && message.content.toString(), 'a');
});

test('a message that is cut short at any byte, or too long, is refused', () => {
  for (const [sample] of SAMPLES) {
    for (let length = 0; length < sample.length; length++) {
      assert.throws(() => decode(sample.subarray(0, length)), DecodeError);
    }
    assert.throws(() => decode(bytes(sample, u8(0))), /^DecodeError: 1 bytes too many \(at byte /);
  }
});

const INVALID: readonly (readonly [string, Buffer, RegExp, number])[] = [
  ['an unknown type', letter('x'), /no message has the type "x"/, 0],
  ['flags of a part', bytes(letter('S'), i32(1), u8(2)), /unknown flags 2/, 5],
  [
    'flags of a streamed commit',
    bytes(letter('c'), i32(1), u8(1), i64(1n), i64(1n), i64(1n)),
    /unknown flags 1/,
    5,
  ],
  ...['P', 'p', 'K', 'r'].map(
    (type) => [`flags of ${type}`, bytes(letter(type), u8(4)), /unknown flags 4/, 1] as const,
  ),
  [
    'a binary value',
    bytes(letter('I'), i32(1), letter('N'), i16(1), letter('b'), i32(0)),
    /binary/,
    8,
  ],
  ['a kind of value', bytes(letter('I'), i32(1), letter('N'), i16(1), letter('z')), /kind "z"/, 8],
  ['a new row that is old', bytes(letter('I'), i32(1), letter('K'), row('1')), /new row .* "K"/, 5],
  [
    'an old row that is new',
    bytes(letter('D'), i32(1), letter('N'), row('1')),
    /old row .* "N"/,
    5,
  ],
  ['an update of nothing', bytes(letter('U'), i32(1), letter('X'), row('1')), /kind "X"/, 5],
  ['flags of a commit', bytes(letter('C'), u8(1), i64(1n), i64(1n), i64(1n)), /unknown flags 1/, 1],
  ['flags of a truncate', bytes(letter('T'), i32(1), u8(4), i32(1)), /unknown flags 4/, 5],
  [
    'a negative length',
    bytes(letter('I'), i32(1), letter('N'), i16(1), letter('t'), i32(-1)),
    /length -1/,
    9,
  ],
  [
    'a huge length',
    bytes(letter('I'), i32(1), letter('N'), i16(1), letter('t'), i32(0x7fffffff)),
    /2147483647 bytes/,
    9,
  ],
  [
    'a huge content',
    bytes(letter('M'), u8(0), i64(0n), cString(''), i32(0x7fffffff)),
    /2147483647 bytes/,
    11,
  ],
  ['many relations', bytes(letter('T'), i32(0x7fffffff), u8(0)), /2147483647 relations/, 1],
  ['many values', bytes(letter('I'), i32(1), letter('N'), i16(-1)), /ends within the kind/, 8],
  ['a name without an end', bytes(letter('O'), i64(1n), letter('abc')), /does not end/, 9],
  [
    'an identity',
    bytes(letter('R'), i32(1), cString('s'), cString('t'), letter('q'), i16(0)),
    /identity "q"/,
    9,
  ],
  [
    'bytes that are no UTF-8',
    bytes(letter('I'), i32(1), letter('N'), i16(1), letter('t'), i32(2), Buffer.from([0xc3, 0x28])),
    /not UTF-8/,
    13,
  ],
];

for (const [problem, sample, words, offset] of INVALID) {
  test(`refused with the problem and its byte: ${problem}`, () => {
    assert.throws(
      () => decode(sample),
      (error) => {
        assert.ok(error instanceof DecodeError);
        assert.match(error.message, words);
        assert.equal(error.offset, offset);
        return true;
      },
    );
  });
}

for (const version of [14, 18] as const) {
  test(`streamed messages of PostgreSQL ${version} are decoded, and refused when cut or too long`, () => {
    let streamed = false;
    const tags = new Set<string>();
    for (const { data } of readStreamed('streamed', version)) {
      const message = decode(data, streamed);
      tags.add(message.tag);
      for (let length = 0; length < data.length; length++) {
        assert.throws(() => decode(data.subarray(0, length), streamed), DecodeError);
      }
      assert.throws(() => decode(bytes(data, u8(0)), streamed), DecodeError);
      // Without its xid it is another message, or none.
      if (streamed && message.tag === 'insert') assert.throws(() => decode(data), DecodeError);
      if (message.tag === 'stream-start') streamed = true;
      if (message.tag === 'stream-stop') streamed = false;
    }
    const own = ['stream-start', 'stream-stop', 'stream-commit', 'stream-abort'];
    const later = ['begin-prepare', 'prepare', 'commit-prepared', 'rollback-prepared'];
    for (const tag of own) assert.ok(tags.has(tag), tag);
    // PostgreSQL 14 sends a prepared transaction when it is committed.
    for (const tag of [...later, 'stream-prepare']) assert.equal(tags.has(tag), version > 14, tag);
  });
}

test('any bytes are a message or a DecodeError', () => {
  const random = generator(SEED);
  const below = (end: number) => Math.floor(random() * end);
  const types = SAMPLES.map(([sample]) => sample[0] ?? 0);
  const makers: Record<string, () => Buffer> = {
    random: () => Buffer.from(Array.from({ length: below(64) }, () => below(256))),
    typed: () =>
      Buffer.from([
        types[below(types.length)] ?? 0,
        ...Array.from({ length: below(64) }, () => (random() < 0.5 ? below(4) : below(256))),
      ]),
    mutated: () => {
      const sample = Buffer.from(SAMPLES[below(SAMPLES.length)]?.[0] ?? []);
      for (let n = 1 + below(4); n > 0; n--) sample[below(sample.length)] = below(256);
      return sample.subarray(0, random() < 0.3 ? below(sample.length + 1) : sample.length);
    },
    spliced: () => {
      const a = SAMPLES[below(SAMPLES.length)]?.[0] ?? Buffer.alloc(0);
      const b = SAMPLES[below(SAMPLES.length)]?.[0] ?? Buffer.alloc(0);
      return bytes(a.subarray(0, below(a.length + 1)), b.subarray(below(b.length + 1)));
    },
  };
  for (const [name, make] of Object.entries(makers)) {
    let decoded = 0;
    for (let i = 0; i < TRIES; i++) {
      const sample = make();
      try {
        decode(sample);
        decoded++;
      } catch (error) {
        assert.ok(error instanceof DecodeError, `${name} ${sample.toString('hex')}: ${error}`);
        assert.ok(error.offset >= 0 && error.offset <= sample.length, sample.toString('hex'));
      }
    }
    // Not all of them are refused at the first byte.
    if (name === 'mutated') assert.ok(decoded > TRIES / 100, `${decoded} were decoded`);
  }
});

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
