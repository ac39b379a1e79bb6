import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../../src/lib/package-root.js';
import { type Exact, parseExact, printExact } from '../../fixtures/values/exact-json.js';
import { readRecordings } from '../../fixtures/values/files.js';
import { valuesPage } from '../../fixtures/values/page.js';
import { completeLines, differingLines } from '../../fixtures/values/stories.js';

test('the page of values is the one that `npm run pages` writes from the recordings', () => {
  const page = readFileSync(join(packageRoot(), 'src/sources/VALUES.md'), 'utf8');
  const recorded = { pgoutput: readRecordings('pgoutput'), debezium: readRecordings('debezium') };
  assert.deepEqual(page.split('\n'), valuesPage(recorded).split('\n'));
});

test('a recording keeps the digits of numbers, and the escapes of emoji', () => {
  const texts = ['36.0', '-0.0', '9223372036854775807', '{"v":1.0E-7,"w":["1",null,true]}'];
  for (const text of [...texts, String.raw`"dor \uD83D\uDE00 \"9\" ç"`]) {
    assert.equal(printExact(parseExact(text)), text);
  }
});

test('a recording of the stories that differ is made whole again', () => {
  const line = (v: string): Exact => ({ v });
  const base = [{ story: 'a' }, line('1'), { story: 'b' }, line('2')];
  const other = [{ failed: 'x' }, { story: 'a' }, line('1'), { story: 'b' }, line('3')];
  const differing = differingLines(base, other);
  assert.deepEqual(differing, [{ failed: 'x' }, { story: 'b' }, line('3')]);
  const complete = completeLines(base, differing);
  assert.deepEqual(complete, [...differing, { story: 'a' }, line('1')]);
  assert.deepEqual(differingLines(other, complete), []);
});
