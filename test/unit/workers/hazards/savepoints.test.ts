import assert from 'node:assert/strict';
import test from 'node:test';
import { drawNest, type Nest, rowsOf } from '../../../../workers/hazards/savepoints.js';
import { randomNumbers } from '../../../helpers/random.js';

test('savepoints are nested, and some of them are released within one that is rolled back', () => {
  const random = randomNumbers(5);
  const depths = new Set<number>();
  let releasedInUndone = 0;
  for (let i = 0; i < 200; i++) {
    const nest = drawNest(random);
    assert.equal(nest.undone, false);
    assert.deepEqual(
      nest.inner.map(({ undone }) => undone),
      [true, false],
    );
    depths.add(depthOf(nest));
    if (flat(nest.inner[0]!).some(({ undone }) => !undone)) releasedInUndone++;
    assert.equal(
      rowsOf(nest),
      flat(nest).reduce((sum, { rows }) => sum + rows, 0),
    );
  }
  assert.deepEqual([...depths].sort(), [2, 3, 4]);
  assert.ok(releasedInUndone > 0);
});

function depthOf({ inner }: Nest): number {
  return 1 + Math.max(0, ...inner.map(depthOf));
}

function flat(nest: Nest): Nest[] {
  return [nest, ...nest.inner.flatMap(flat)];
}
