import assert from 'node:assert/strict';
import test from 'node:test';
import { withConnection } from '../../../src/postgres/connect.js';
import {
  arrayText,
  floatText,
  isoIntervalText,
  plainDecimal,
  unscaledText,
} from '../../../src/sources/debezium/value-texts.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers();
test.after(() => Promise.all(servers.map((server) => server.stop())));

/** A few of each exponent, and the ends. */
const DOUBLES: readonly number[] = [
  ...Array.from({ length: 600 }, (_, i) => {
    const digits = ((i * 2_654_435_761) % 2 ** 32) / 2 ** (i % 32);
    return (i % 2 === 0 ? digits : -digits) * 10 ** ((i % 61) - 30);
  }),
  ...[0, -0, 1, 0.1, 123456, 1234567, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308],
  ...[999_999_999_999_999, 1e15, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];
const REALS = DOUBLES.map(Math.fround);

const INTERVALS = [0, 1, -1, 14, -25].flatMap((months) =>
  [0, 1, -1, 40].flatMap((days) =>
    [0n, 1n, -1n, 3_600_000_000n, -90_061_000_100n, 360_000_000_000n].map((micros) => ({
      months,
      days,
      micros,
    })),
  ),
);

/** An interval as Debezium writes it: each part with its sign. */
function isoOf({ months, days, micros }: (typeof INTERVALS)[number]): string {
  const whole = micros / 1_000_000n;
  const seconds = whole % 60n;
  const fraction = String((micros < 0n ? -micros : micros) % 1_000_000n).padStart(6, '0');
  const sign = micros < 0n && seconds === 0n ? '-' : '';
  const [hours, minutes] = [whole / 3600n, (whole / 60n) % 60n];
  const years = Math.trunc(months / 12);
  return `P${years}Y${months % 12}M${days}DT${hours}H${minutes}M${sign}${seconds}.${fraction}S`;
}

for (const server of servers) {
  test(`values are printed as the server prints them, on PostgreSQL ${server.version}`, () =>
    withDatabase(server, async (db) => {
      const printed = (type: string, texts: readonly string[]) =>
        withConnection(db.target, async (client) => {
          const { rows } = await client.query<{ text: string }>(
            `SELECT v::${type}::text AS text FROM unnest($1::text[]) WITH ORDINALITY AS t (v, n) ORDER BY n`,
            [texts],
          );
          return rows.map(({ text }) => text);
        });
      assert.deepEqual(
        DOUBLES.map((value) => floatText(value, false)),
        await printed('float8', DOUBLES.map(numberText)),
      );
      assert.deepEqual(
        REALS.map((value) => floatText(value, true)),
        await printed('float4', REALS.map(numberText)),
      );
      const intervals = INTERVALS.map(isoOf);
      assert.deepEqual(intervals.map(isoIntervalText), await printed('interval', intervals));
      const decimals = ['1E-7', '0E-3', '-1.50E+3', '12', '-0.0', '1e20', '00.10'];
      assert.deepEqual(decimals.map(plainDecimal), await printed('numeric', decimals));
      const elements = [
        ['a', 'null', 'NULL', '', ' ', 'a b', '"', '\\', '{', '}', ',', 'ç😀', '\n'],
      ];
      const [array = []] = elements;
      const literal = array.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',');
      assert.deepEqual([arrayText(array)], await printed('text[]', [`{${literal}}`]));
      assert.deepEqual([arrayText([null, 'x'])], await printed('text[]', ['{NULL,x}']));
    }));
}

/** -0 keeps its sign. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

test('intervals have microseconds again, where Debezium cut them as a double', () => {
  for (const [iso, text] of [
    ['P0Y0M5DT0H48M30.579560999S', '5 days 00:48:30.579561'],
    ['P0Y-1M2DT0H-26M-5.993902999S', '-1 mons +2 days -00:26:05.993903'],
    ['P0Y0M0DT0H0M59.999999999S', '00:01:00'],
    ['P0Y0M0DT0H0M0.000001S', '00:00:00.000001'],
  ] as const) {
    assert.equal(isoIntervalText(iso), text);
  }
});

test('an unscaled value is an integer in two’s complement of any length', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['', 2, '0.00'],
    ['00', 2, '0.00'],
    ['ff', 2, '-0.01'],
    ['7f', 0, '127'],
    ['0080', 1, '12.8'],
    ['80', 3, '-0.128'],
    ['0de0b6b3a7640000', 18, '1.000000000000000000'],
    ['ffffffffffffffff', 1, '-0.1'],
    ['ff0000000000000000', 0, '-18446744073709551616'],
    ['05', -2, '500'],
  ];
  for (const [hex, scale, text] of cases) {
    assert.equal(unscaledText(Buffer.from(hex, 'hex'), scale), text, hex);
  }
});
