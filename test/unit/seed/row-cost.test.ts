import assert from 'node:assert/strict';
import test from 'node:test';
import type { Row } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { costOfRow } from '../../../src/seed/row-cost.js';

const { tables } = schemaWith(['prontuario']);
const BLOCK = { table: 'prontuarios', first: 1, count: 10_000 };

/** Every tenth row has a text of 100 kB, and the average row some 10 kB. */
function note(index: number): Row {
  return [
    index,
    1,
    1,
    '2026-01-01 08:00:00',
    'aberto',
    null,
    'x'.repeat(sizeAt(index)),
    '{}',
    null,
  ];
}

function sizeAt(index: number): number {
  return index % 10 === 0 ? 100_000 : 100;
}

test('rows cost what their bytes do, by a sample that takes part of the block from end to end', () => {
  const sampled: number[] = [];
  const cost = costOfRow(tables.get('prontuarios'), BLOCK, (index) => {
    sampled.push(index);
    return note(sampled.length);
  });
  assert.ok(cost > 35 && cost < 45, String(cost));
  assert.ok(sampled.length <= 1_000);
  assert.ok(sampled[0] === 0 && sampled.at(-1)! > 0.99 * BLOCK.count);
  assert.equal(new Set(sampled).size, sampled.length);
});

test('small rows cost the same as each other, and a block may have fewer rows than the sample', () => {
  const small = (index: number) => note(10 * index + 1);
  assert.equal(costOfRow(tables.get('prontuarios'), { ...BLOCK, count: 3 }, small), 1);
});

test('rows of the hospital are of the usual size, and are not sampled', () => {
  for (const table of schemaWith([]).tables) {
    const block = { table: table.name, first: 1, count: 9 };
    assert.equal(
      costOfRow(table, block, () => assert.fail(table.name)),
      1,
    );
  }
});
