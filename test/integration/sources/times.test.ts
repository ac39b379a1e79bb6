import assert from 'node:assert/strict';
import test from 'node:test';
import { bigTimestampText, dateText } from '../../../src/sources/debezium/times.js';
import { randomNumbers } from '../../helpers/random.js';
import { startServer } from '../../helpers/server.js';

const TIMES = 20_000;
/** Timestamps in microseconds since 1970: from 4714 BC to the end of an int64, some years before the last one. */
const FIRST_MICROS = -210_866_803_200_000_000n;
const LAST_MICROS = 9_223_372_036_854_775_807n;
/** The year after the last one: 294277. */
const BEYOND_MICROS = 9_224_318_016_000_000_000n;
const FIRST_DAY = -2_440_588;
const LAST_DAY = 2_145_042_905;

const server = await startServer(18);

test('PostgreSQL itself prints timestamps and dates the same, from the first to the last', async () => {
  const random = randomNumbers(3);
  const micros: bigint[] = [FIRST_MICROS, LAST_MICROS, 0n, -1n];
  const days: number[] = [FIRST_DAY, LAST_DAY, 0, -1];
  for (let i = 0; i < TIMES; i++) {
    // Half of them anywhere, half of them around the years 1 and 10000, where the form changes.
    const near = i % 4 === 0 ? -62_135_596_800_000_000 : 253_402_300_800_000_000;
    const at = i % 2 === 0 ? near + (random() - 0.5) * 1e16 : random() * 9.4e18 - 2e17;
    const whole = BigInt(Math.floor(at));
    const trimmed = i % 3 === 0 ? (whole / 1000n) * 1000n : whole;
    if (trimmed >= FIRST_MICROS && trimmed <= LAST_MICROS) micros.push(trimmed);
    days.push(Math.floor(FIRST_DAY + random() * (LAST_DAY - FIRST_DAY)));
    days.push(Math.floor(-719_162 + (random() - 0.5) * 1_000_000));
  }
  const [row] = await server.query<{ times: string[]; dates: string[] }>(
    `SELECT (SELECT array_agg((timestamp '1970-01-01' + make_interval(
                days => (m / 86400000000)::int, secs => 0)
                + (m % 86400000000) * interval '1 microsecond')::text ORDER BY n)
              FROM unnest($1::int8[]) WITH ORDINALITY AS t(m, n)) AS times,
            (SELECT array_agg((date '1970-01-01' + d)::text ORDER BY n)
              FROM unnest($2::int4[]) WITH ORDINALITY AS t(d, n)) AS dates`,
    [micros.map(String), days],
  );
  assert.deepEqual(micros.map(bigTimestampText), row?.times);
  assert.deepEqual(days.map(dateText), row?.dates);
  assert.equal(bigTimestampText(BEYOND_MICROS - 1n), '294276-12-31 23:59:59.999999');
  assert.equal(bigTimestampText(BEYOND_MICROS), null);
  assert.equal(bigTimestampText(FIRST_MICROS - 1n), null);
  assert.equal(dateText(FIRST_DAY - 1), null);
  assert.equal(dateText(LAST_DAY + 1), null);
});
