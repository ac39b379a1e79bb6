import assert from 'node:assert/strict';
import test from 'node:test';
import { displayWidth } from '../../../src/lib/display-width.js';
import { type LivePart, layOut } from '../../../src/log/live-line.js';

const PARTS: readonly LivePart[] = [
  [{ text: '▶', worth: 9 }],
  [
    { text: '500 events/s', worth: 2 },
    { text: '500/s', worth: 8 },
  ],
  [{ text: 'p99 12 ms', worth: 7 }],
  [{ text: '1:30 left', worth: 3 }],
  [{ text: '12,340 events', worth: 1 }],
];

test('as the terminal narrows, parts are shortened and left out by their worth', () => {
  const cases: readonly [columns: number, line: string][] = [
    [80, '▶ · 500 events/s · p99 12 ms · 1:30 left · 12,340 events'],
    [57, '▶ · 500 events/s · p99 12 ms · 1:30 left · 12,340 events'],
    [56, '▶ · 500 events/s · p99 12 ms · 1:30 left'],
    [40, '▶ · 500/s · p99 12 ms · 1:30 left'],
    [33, '▶ · 500/s · p99 12 ms'],
    [20, '▶ · 500/s'],
    [5, '▶'],
    [0, '▶'],
  ];
  for (const [columns, line] of cases) assert.equal(layOut(PARTS, columns), line, String(columns));
});

test('the width of a text is that of its characters on a terminal', () => {
  const cases: readonly [text: string, columns: number][] = [
    ['inserções', 9],
    ['inserc\u0327o\u0303es', 9],
    ['服务器', 6],
    ['ｗｉｄｅ', 8],
    ['█░ · –', 6],
    // Some terminals draw these as emoji.
    ['▶⏸', 4],
    ['👩', 2],
  ];
  for (const [text, columns] of cases) assert.equal(displayWidth(text), columns, text);
});
