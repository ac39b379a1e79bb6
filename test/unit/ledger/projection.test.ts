import assert from 'node:assert/strict';
import test from 'node:test';
import { projectionOf } from '../../../src/ledger/projection.js';

/** By type: values as PostgreSQL prints them, and their projections. */
const CASES: Readonly<Record<string, readonly (readonly [string, string | null])[]>> = {
  numeric: [
    ['70.50', '70.5'],
    ['0.10', '0.1'],
    ['-0.0', '0'],
    ['12345678901234567890.123', '12345678901234567000'],
    ['NaN', null],
    ['Infinity', null],
    ['-Infinity', null],
  ],
  'numeric(4,1)': [['36.0', '36']],
  real: [
    ['98.6', '98.6'],
    ['Infinity', null],
    ['NaN', null],
  ],
  'double precision': [
    ['1e-07', '1e-07'],
    ['-Infinity', null],
  ],
  interval: [
    ['00:00:00', '0'],
    ['04:05:06.789', '14706789000'],
    ['-04:05:06.789', '-14706789000'],
    ['1 day', '86400000000'],
    ['1 mon', '2629800000000'],
    ['1 year 2 mons -3 days', '36558000000000'],
    ['-1 years -2 mons +3 days -04:05:06', '-36572706000000'],
    // Debezium's floating-point numbers lose the microsecond.
    ['-1 days +23:59:59.999999', '0'],
    ['100:00:00', '360000000000'],
  ],
  'timestamp without time zone': [
    ['2026-01-31 08:15:00.123456', '2026-01-31 08:15:00.123'],
    ['2026-01-31 08:15:00.1004', '2026-01-31 08:15:00.1'],
    ['2026-01-31 08:15:00.000999', '2026-01-31 08:15:00'],
    ['2026-01-31 08:15:00', '2026-01-31 08:15:00'],
    ['0044-03-15 12:00:00.0005 BC', '0044-03-15 12:00:00 BC'],
    ['infinity', 'infinity'],
  ],
  'timestamp with time zone': [['2026-01-31 08:15:00.987654+00', '2026-01-31 08:15:00.987+00']],
  text: [['NaN', 'NaN']],
  'numeric[]': [['{1.50,NaN}', '{1.50,NaN}']],
};

test('the projection is the part of a value that the coarsest setting leaves', () => {
  for (const [type, cases] of Object.entries(CASES)) {
    const project = projectionOf(type);
    for (const [text, left] of cases) assert.equal(project(text), left, `${type} ${text}`);
  }
});
