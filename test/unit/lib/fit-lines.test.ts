import assert from 'node:assert/strict';
import test from 'node:test';
import { fitLines } from '../../../src/lib/fit-lines.js';

function fit(columns: number, ...lines: string[]): string[] {
  return fitLines(lines.join('\n'), columns).split('\n');
}

test('lines that fit stay as they are, with their gaps', () => {
  const lines = ['  run           a', '', '  rows   inserted', ''];
  assert.deepEqual(fit(17, ...lines), lines);
});

test('a long value goes on below the value, not below its label', () => {
  assert.deepEqual(fit(40, '  ended by  Ctrl+C (or a signal), after 3.3 s'), [
    '  ended by  Ctrl+C (or a signal), after',
    '            3.3 s',
  ]);
});

test('where the last column has no room, it begins a line of its own', () => {
  assert.deepEqual(fit(40, '  ok  every table has a primary key  id (7) and others'), [
    '  ok  every table has a primary key',
    '    id (7) and others',
  ]);
});

test('a row of a wide table is broken before a column', () => {
  assert.deepEqual(fit(20, '  latency   p50   p90   p99   max'), [
    '  latency   p50',
    '    p90   p99   max',
  ]);
});

test('a sentence goes on with an indent, and colours take no room', () => {
  assert.deepEqual(fit(24, '  \u001b[31m✗\u001b[39m response.p99 91 ms, limit 1 ms'), [
    '  \u001b[31m✗\u001b[39m response.p99 91 ms,',
    '    limit 1 ms',
  ]);
});
