import assert from 'node:assert/strict';
import test from 'node:test';
import { RepeatedLines } from '../../../src/cli/repeated-lines.js';

function collect() {
  const clock = { now: 0 };
  const written: string[] = [];
  const lines = new RepeatedLines(() => clock.now);
  const add = (kind: string) => lines.add(kind, (count) => written.push(`${kind} ${count}`));
  /** The lines since the last call. */
  const take = () => written.splice(0);
  return { clock, lines, add, take };
}

test('the first lines of a kind are written at once, the others as sums in growing spans', () => {
  const { clock, lines, add, take } = collect();
  for (let i = 0; i < 10; i++) add('a');
  add('b');
  assert.deepEqual(take(), ['a 1', 'a 1', 'a 1', 'b 1']);
  lines.flush();
  assert.deepEqual(take(), []);
  const sums: number[] = [];
  for (clock.now = 1000; clock.now <= 200_000; clock.now += 1000) {
    lines.flush();
    if (take().length > 0) sums.push(clock.now / 1000);
    add('a');
  }
  assert.deepEqual(sums, [1, 3, 7, 15, 31, 63, 123, 183]);
  lines.end();
  assert.deepEqual(take(), ['a 18']);
});

test('a kind that was quiet for a while begins anew', () => {
  const { clock, lines, add, take } = collect();
  for (let i = 0; i < 5; i++) add('a');
  clock.now = 1000;
  lines.flush();
  assert.deepEqual(take(), ['a 1', 'a 1', 'a 1', 'a 2']);
  clock.now = 20_000;
  lines.flush();
  add('a');
  assert.deepEqual(take(), ['a 1']);
});
