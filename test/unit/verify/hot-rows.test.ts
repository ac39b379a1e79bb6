import assert from 'node:assert/strict';
import test from 'node:test';
import { causesOf, judge, notes } from './hazard-run.js';

const HOT = { names: ['hot-keys'] } as const;
const SHARED = { notes: [1, 2] };
const update = (xid: number, worker: number, id = 1) => ({
  xid,
  worker,
  changes: [notes('update', [id], `state ${xid}`)],
  hazards: HOT,
});

test('two transactions that wrote the same row are in the order of their LSNs', async () => {
  for (const isSwapped of [false, true]) {
    const verdict = await judge(
      (run) => {
        const [one, two] = run.overlap(update(10, 1), update(20, 2));
        return isSwapped ? [...two, ...one] : [...one, ...two];
      },
      { shared: SHARED },
    );
    const causes = isSwapped ? ['reordered hot_row notes update 1'] : [];
    assert.deepEqual(causesOf(verdict), causes);
  }
});

test('transactions of different rows, or of rows that are not shared, may be in either order', async () => {
  for (const id of [2, 3]) {
    const verdict = await judge(
      (run) => {
        const [one, two] = run.overlap(update(10, 1, id === 2 ? 1 : 3), update(20, 2, id));
        return [...two, ...one];
      },
      { shared: SHARED },
    );
    assert.equal(verdict.verdict, 'exact');
  }
});

test('a row that a transaction writes twice, and a replay, are no disorder', async () => {
  const verdict = await judge(
    (run) => {
      const twice = {
        ...update(10, 1),
        changes: [notes('update', [1], 'a'), notes('update', [1], 'b')],
      };
      const [one, two] = run.overlap(twice, update(20, 2));
      return [...one, ...two, ...one, ...two];
    },
    { shared: SHARED },
  );
  assert.deepEqual([verdict.verdict, causesOf(verdict)], ['duplicates', []]);
});
