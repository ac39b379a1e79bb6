import assert from 'node:assert/strict';
import test from 'node:test';
import { dayOf } from '../../../src/lib/calendar.js';
import {
  bigTimestampText,
  dateText,
  instantText,
  parseInstant,
  timestampText,
} from '../../../src/sources/debezium/times.js';
import { randomNumbers } from '../../helpers/random.js';

const DAY_MS = 86_400_000;

test('timestamps are printed as PostgreSQL prints them', () => {
  const pairs: readonly (readonly [number, string])[] = [
    [0, '1970-01-01 00:00:00'],
    [-1, '1969-12-31 23:59:59.999999'],
    [500_000, '1970-01-01 00:00:00.5'],
    [120, '1970-01-01 00:00:00.00012'],
    [951_782_400_000_000, '2000-02-29 00:00:00'],
    [1_772_368_200_123_450, '2026-03-01 12:30:00.12345'],
  ];
  for (const [micros, text] of pairs) {
    assert.equal(timestampText(micros), text);
    assert.equal(bigTimestampText(BigInt(micros)), text);
  }
});

test('years before 1 and after 9999 are printed as PostgreSQL prints them', () => {
  const pairs: readonly (readonly [bigint, string | null])[] = [
    [-62_135_596_800_000_000n, '0001-01-01 00:00:00'],
    [-62_135_596_800_000_001n, '0001-12-31 23:59:59.999999 BC'],
    [-62_167_219_200_000_000n, '0001-01-01 00:00:00 BC'],
    [253_402_300_799_999_999n, '9999-12-31 23:59:59.999999'],
    [253_402_300_800_000_000n, '10000-01-01 00:00:00'],
    [-210_866_803_200_000_000n, '4714-11-24 00:00:00 BC'],
    [-210_866_803_200_000_001n, null],
  ];
  for (const [micros, text] of pairs) {
    assert.equal(bigTimestampText(micros), text);
  }
  assert.equal(dateText(dayOf(5_874_897, 12, 31)), '5874897-12-31');
  assert.equal(dateText(dayOf(5_874_898, 1, 1)), null);
  assert.equal(dateText(dayOf(-4713, 11, 24)), '4714-11-24 BC');
  assert.equal(dateText(dayOf(-4713, 11, 23)), null);
  assert.equal(dateText(Number.NaN), null);
  assert.equal(instantText({ day: dayOf(294_276, 12, 31), micros: 0 }), '294276-12-31 00:00:00');
  assert.equal(instantText({ day: dayOf(294_277, 1, 1), micros: 0 }), null);
});

test('dates and times are those of JavaScript, wherever both have them', () => {
  const random = randomNumbers(1);
  for (let i = 0; i < 50_000; i++) {
    // Year 1 to 9999.
    const ms = Math.floor(-62_135_596_800_000 + random() * 315_537_897_600_000);
    const iso = new Date(ms).toISOString();
    const text = `${iso.slice(0, 10)} ${iso.slice(11, 23)}`.replace(/\.?0+$/, (zeros) =>
      zeros.startsWith('.') ? '' : zeros,
    );
    const expected = iso.endsWith('.000Z')
      ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}`
      : text.replace(/(\.\d*?)0+$/, '$1');
    assert.equal(bigTimestampText(BigInt(ms) * 1000n), expected);
    const micros = ms * 1000;
    if (Number.isSafeInteger(micros)) assert.equal(timestampText(micros), expected);
    assert.equal(dateText(Math.floor(ms / DAY_MS)), iso.slice(0, 10));
    const instant = parseInstant(iso);
    assert.ok(instant);
    assert.equal(instantText(instant), expected);
    assert.equal(instant.day, Math.floor(ms / DAY_MS));
  }
});

test("dates and timestamps in words are parsed, PostgreSQL's and ISO 8601", () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['2026-03-01T12:30:00Z', '2026-03-01 12:30:00'],
    ['2026-03-01T12:30:00.123450Z', '2026-03-01 12:30:00.12345'],
    ['2026-03-01T12:30:00.123456789Z', '2026-03-01 12:30:00.123456'],
    ['2026-03-01T12:30Z', '2026-03-01 12:30:00'],
    ['2026-03-01 12:30:00.5', '2026-03-01 12:30:00.5'],
    ['2026-03-01', '2026-03-01 00:00:00'],
    ['2026-03-01Z', '2026-03-01 00:00:00'],
    ['2026-03-01T00:30:00+01:00', '2026-02-28 23:30:00'],
    ['2026-02-28T23:30:00-0130', '2026-03-01 01:00:00'],
    ['0044-03-15 08:15:00 BC', '0044-03-15 08:15:00 BC'],
    ['-0043-03-15T08:15:00Z', '0044-03-15 08:15:00 BC'],
    ['0000-03-15T08:15:00Z', '0001-03-15 08:15:00 BC'],
    ['+12026-03-01T12:30:00Z', '12026-03-01 12:30:00'],
    ['12026-03-01 12:30:00', '12026-03-01 12:30:00'],
  ];
  for (const [words, text] of pairs) {
    const instant = parseInstant(words);
    assert.ok(instant, words);
    assert.equal(instantText(instant), text, words);
  }
  for (const words of [
    '',
    'today',
    '2026-13-01',
    '2026-00-01',
    '2026-02-29',
    '2026-03-00',
    '2026-03-01T24:00:00Z',
    '2026-03-01T12:60:00Z',
    '2026-03-01T12:30:60Z',
    '2026-03-01T12:30:00Zx',
    '2026-3-1',
    '-0043-03-15 BC',
    '99999999-01-01',
  ]) {
    assert.equal(parseInstant(words), null, words);
  }
});
