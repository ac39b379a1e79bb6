import assert from 'node:assert/strict';
import test from 'node:test';
import type { Expectation } from '../../../src/ledger/expectations.js';
import { Segments } from '../../../src/ledger/segments.js';
import { Rng } from '../../../src/random/rng.js';

/** Above 2^31: ages of the tests are on both sides of 0. */
const NOW = 3_000_000_000;

function block(rule: Expectation['rule'], first: number, last: number, xid = 700): Expectation {
  const own = rule === 'same' ? xid : null;
  const entry = {
    first,
    last,
    write: 'insert',
    fate: 'committed',
    xid: own,
    transaction: 1,
  } as const;
  return { rule, first, last, xid: own, entry };
}

function segmentsOf(...blocks: readonly Expectation[]): Segments {
  const segments = new Segments(NOW);
  for (const each of blocks) segments.batch.addWhole(each);
  segments.divide();
  return segments;
}

/** Each segment's parameters, as the server computes them from the `xmin` of the rows that exist. */
function sumsOf({ columns }: Segments, rows: ReadonlyMap<number, number>) {
  return columns.first.map((first, i) => {
    const sums = { count: 0, ages: 0, once: 0, twice: 0 };
    for (let id = first; id <= columns.last[i]!; id++) {
      const xmin = rows.get(id);
      if (xmin === undefined) continue;
      const [age, place] = [(NOW - xmin) | 0, id - first + 1];
      sums.count++;
      sums.ages += age;
      sums.once += place * age;
      sums.twice += place * place * age;
    }
    return sums;
  });
}

function wanted({ columns }: Segments) {
  const { count, ages, once, twice } = columns;
  return count.map((each, i) => ({
    count: each,
    ages: ages[i]!,
    once: once[i]!,
    twice: twice[i]!,
  }));
}

test('blocks without a gap are one segment of 128 ids at most', () => {
  const { columns } = segmentsOf(
    block('same', 1, 100),
    block('none', 101, 128),
    block('same', 129, 130),
    block('same', 132, 132),
  );
  assert.deepEqual(
    [columns.first, columns.last],
    [
      [1, 129, 132],
      [128, 130, 132],
    ],
  );
});

test('blocks of a wrong segment are suspects, and those that no checksum covers, in their order', () => {
  const blocks = [
    block('same', 1, 100),
    block('any', 101, 101),
    block('same', 102, 102),
    block('none', 103, 600),
    block('same', 601, 601),
    block('other', 602, 602),
    block('same', 603, 603),
  ];
  const segments = segmentsOf(...blocks);
  const firsts = (wrong: number[]) => segments.suspects(wrong).map(({ first }) => first);
  assert.deepEqual(firsts([]), [101, 103, 602]);
  assert.deepEqual(firsts([1, 3]), [101, 102, 103, 602, 603]);
});

test('the checksum is that of the rows, with xids on both sides of the half, and beyond 2^32', () => {
  const rng = new Rng(3).at(1, 1);
  for (let round = 0; round < 500; round++) {
    const rows = new Map<number, number>();
    const blocks: Expectation[] = [];
    for (let first = 1 + rng.below(1_000), i = 0; i < 30; i++) {
      const last = first + rng.below(20);
      const xid = 3 + rng.below(2 ** 32 - 4) + rng.below(3) * 2 ** 32;
      const rule = rng.below(4) === 0 ? 'none' : 'same';
      blocks.push(block(rule, first, last, xid));
      for (let id = first; rule === 'same' && id <= last; id++) rows.set(id, xid % 2 ** 32);
      first = last + 1 + rng.below(2);
    }
    const segments = segmentsOf(...blocks);
    assert.deepEqual(sumsOf(segments, rows), wanted(segments));
    // Up to three wrong rows, in one segment or several.
    for (let i = 0, ids = [...rows.keys()]; i < 1 + (round % 3); i++) {
      const id = ids[rng.below(ids.length)]!;
      if (rng.below(3) === 0) rows.delete(id);
      else if (rows.has(id)) rows.set(id, (rows.get(id)! + 1 + rng.below(1_000)) % 2 ** 32);
    }
    assert.notDeepEqual(sumsOf(segments, rows), wanted(segments));
  }
});
