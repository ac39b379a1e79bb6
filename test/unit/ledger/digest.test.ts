import assert from 'node:assert/strict';
import test from 'node:test';
import { Digest } from '../../../src/ledger/digest.js';
import type { Operation } from '../../../src/schema/changes.js';
import type { Row, TableName } from '../../../src/schema/table.js';

type Part = readonly [TableName, Operation, Row];

function digestOf(...parts: readonly Part[]): string {
  const digest = new Digest();
  for (const part of parts) digest.add(...part);
  return digest.text;
}

const ROW: Part = ['consultas', 'insert', [1, 20, 3, '2026-11-23 08:15:00', 'retorno', 'agendada']];
const OTHER: Part = ['exames', 'update', [7, 'normal']];

test('the order of rows does not matter', () => {
  const third: Part = ['exames', 'delete', [8]];
  assert.equal(digestOf(ROW, OTHER, third), digestOf(third, ROW, OTHER));
});

test('every part of a row matters', () => {
  const [table, operation, row] = ROW;
  const variants: Part[] = [
    ['exames', operation, row],
    [table, 'update', row],
    ...row.map((_, i): Part => [table, operation, row.with(i, null)]),
    ...row.map((_, i): Part => [table, operation, row.with(i, '')]),
    ...row.map((value, i): Part => [table, operation, row.with(i, `${value}1`)]),
    [table, operation, [...row, null]],
    [table, operation, row.toReversed()],
    [table, operation, row.slice(0, -1)],
  ];
  const digests = new Set(variants.map((variant) => digestOf(variant, OTHER)));
  assert.equal(digests.size, variants.length);
  assert.ok(!digests.has(digestOf(ROW, OTHER)));
});

test('values are separated, and an added or doubled row changes the digest', () => {
  assert.notEqual(
    digestOf(['exames', 'update', ['ab', 'c']]),
    digestOf(['exames', 'update', ['a', 'bc']]),
  );
  assert.notEqual(digestOf(ROW), digestOf(ROW, ROW));
  assert.notEqual(digestOf(ROW, ROW), digestOf(OTHER, OTHER));
  assert.notEqual(digestOf(), digestOf(ROW));
});

test('a number is hashed as the text that PostgreSQL prints', () => {
  assert.equal(
    digestOf(['exames', 'update', [7, 'normal']]),
    digestOf(['exames', 'update', ['7', 'normal']]),
  );
  assert.match(digestOf(ROW), /^[0-9a-f]{8}$/);
});

test('the digest of a format never changes', () => {
  assert.equal(digestOf(), '00000000');
  assert.equal(digestOf(['exames', 'update', [7, 'normal', null]]), '5f490b63');
});
