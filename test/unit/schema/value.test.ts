import assert from 'node:assert/strict';
import test from 'node:test';
import { BASIS, hashText, hashValue, NULL } from '../../../src/ledger/value-hash.js';
import { formatDate, formatTimestamp } from '../../../src/lib/calendar.js';
import { WireWriter } from '../../../src/postgres/wire.js';
import { Rng } from '../../../src/random/rng.js';
import { defineColumn } from '../../../src/schema/define.js';
import {
  Composed,
  dateValue,
  momentMs,
  momentTypeOf,
  printValue,
  timestampValue,
  type Value,
} from '../../../src/schema/value.js';
import { BinaryWriter } from '../../../src/seed/copy-binary.js';
import { CsvWriter } from '../../../src/seed/csv.js';

/** The types whose columns hold numbers, moments and composed texts. */
const TYPES = ['bigint', 'date', 'timestamp without time zone', 'character varying(40)'] as const;

const RNG = new Rng(11).at(0, 1);

/** Days around leap days, the epochs, and the first and the last year that have four digits. */
const DAYS = [
  ...['0000-01-01', '0000-02-29', '0001-12-31', '1582-10-15', '1899-12-31', '1900-03-01'],
  ...['1969-12-31', '1970-01-01', '1999-12-31', '2000-01-01', '2000-02-29', '2024-02-29'],
  ...['2038-01-19', '2038-01-20', '2100-02-28', '2100-03-01', '9999-12-31'],
].map((day) => Date.parse(`${day}T00:00:00Z`));

const MOMENTS = [
  ...DAYS.flatMap((day) => [day, day + 1, day + 86_399_999, day + 12 * 3_600_000 + 61_000]),
  ...Array.from({ length: 3000 }, () => Math.floor((RNG.unit() * 2 - 0.4) * 4e12)),
];

const PARTS = ['', 'a', ' — ', 'João', ', ', '"', 'two\nlines', '🩺 x', 'ação "', 0, 7, 10, 2_500];
const TEXTS: Value[] = [
  ...['', 'plain', 'ação', '— é', '😀', 'a,b', 'x"y', 'é"—,😀"', '\r', 'x'.repeat(600)],
  ...Array.from(
    { length: 3000 },
    () => new Composed(Array.from({ length: RNG.below(8) }, () => RNG.pick(PARTS))),
  ),
];

const NUMBERS = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 40, 2 ** 53 - 1];

/** Each value in the form of rows, its type, and its text. */
const VALUES: readonly [type: string, value: Value, text: string][] = [
  ...NUMBERS.map((value) => [TYPES[0], value, String(value)] as const),
  ...MOMENTS.map((ms) => [TYPES[1], dateValue(ms), formatDate(ms)] as const),
  ...MOMENTS.map((ms) => [TYPES[2], timestampValue(ms), formatTimestamp(ms)] as const),
  ...TEXTS.map((value) => [TYPES[3], value, String(value)] as const),
].map(([type, value, text]) => [type, value, text]);

test('a value and its text print alike', () => {
  for (const [type, value, text] of VALUES) assert.equal(printValue(type, value), text);
  for (const ms of MOMENTS) {
    const whole = Math.floor(ms / 1000) * 1000;
    assert.equal(momentMs(timestampValue(ms)), whole);
    assert.equal(momentMs(formatTimestamp(ms)), whole);
    assert.equal(new Date(whole).toISOString().replace('T', ' ').slice(0, 19), formatTimestamp(ms));
  }
});

test('a value and its text have one hash', () => {
  for (const [type, value, text] of VALUES) {
    const hash = hashValue(BASIS, value, momentTypeOf(type));
    assert.equal(hash, hashText(BASIS, text), `${type} ${text}`);
  }
  assert.equal(hashValue(BASIS, null), hashText(BASIS, NULL));
});

test('a value and its text are the same bytes of a statement', () => {
  const bytesOf = (type: 'bigint' | 'varchar' | 'date' | 'timestamp', values: Value[]) => {
    const wire = new WireWriter();
    const rows = values.map((value) => [value]);
    wire.execute({ name: 'x', text: '', types: [type], rows });
    return Buffer.from(wire.bytes);
  };
  const wires = ['bigint', 'date', 'timestamp', 'varchar'] as const;
  for (const [i, type] of TYPES.entries()) {
    const own = VALUES.filter(([of]) => of === type);
    const values = own.map(([, value]) => value);
    const texts = own.map(([, , text]) => text);
    assert.ok(bytesOf(wires[i]!, values).equals(bytesOf(wires[i]!, texts)), type);
    assert.ok(own.length > 5);
  }
});

test('a value and its text are the same field of a CSV line, and the same bytes of a binary COPY', () => {
  for (const [type, value, text] of VALUES) {
    const columns = [defineColumn('c', type), defineColumn('d', type)];
    const bytesOf = (writer: CsvWriter | BinaryWriter, form: Value) => {
      writer.row([form, form]);
      writer.end();
      return writer.take();
    };
    const line = bytesOf(new CsvWriter(columns), value).toString();
    assert.equal(line, bytesOf(new CsvWriter(columns), text).toString());
    const quoted = `"${text.replaceAll('"', '""')}"`;
    assert.ok([`${text},${text}\n`, `${quoted},${quoted}\n`].includes(line), line);
    const binary = bytesOf(new BinaryWriter(columns), value);
    assert.ok(binary.equals(bytesOf(new BinaryWriter(columns), text)), `${type} ${text}`);
  }
});
