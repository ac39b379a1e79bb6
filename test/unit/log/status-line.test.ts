import assert from 'node:assert/strict';
import test from 'node:test';
import { createStatusLine, type Terminal } from '../../../src/log/status-line.js';

/** Collects the output, as a terminal of this width, or as a pipe. */
function collect(terminal: Partial<Terminal>): { terminal: Terminal; written: string[] } {
  const written: string[] = [];
  return {
    written,
    terminal: { ...terminal, write: (chunk) => written.push(chunk), on: () => {} },
  };
}

const ERASE = '\r\u001b[K';

test('log lines go above the live line, which is drawn again below them in the same write', () => {
  const { terminal, written } = collect({ isTTY: true, columns: 80 });
  const line = createStatusLine(terminal);
  line.write('before\n');
  line.show('50 events/s');
  line.write('log\n');
  line.show('60 events/s');
  line.clear();
  line.clear();
  line.write('after\n');
  assert.deepEqual(written, [
    'before\n',
    `${ERASE}50 events/s`,
    `${ERASE}log\n50 events/s`,
    `${ERASE}60 events/s`,
    ERASE,
    'after\n',
  ]);
});

test('the line is cut to the width of the terminal, by the columns of its characters', () => {
  const { terminal, written } = collect({ isTTY: true, columns: 10 });
  createStatusLine(terminal).show('ação: inserções\ncontínuas');
  createStatusLine(terminal).show('服务器断开');
  assert.deepEqual(written, [`${ERASE}ação: ins`, `${ERASE}服务器断`]);
});

test("another program's line is erased before text, and keeps this one's from being drawn", () => {
  const turn = { takes: () => false, isTaken: () => true, isWritable: () => true };
  const { terminal, written } = collect({ isTTY: true, columns: 80 });
  const line = createStatusLine(terminal, turn);
  assert.equal(line.show('50 events/s'), false);
  line.write('log\n');
  line.clear();
  assert.deepEqual(written, [`${ERASE}log\n`, ERASE]);
});

test('a terminal that stops programs in the background gets nothing from one', () => {
  const turn = { takes: () => false, isTaken: () => true, isWritable: () => false };
  const { terminal, written } = collect({ isTTY: true, columns: 80 });
  const line = createStatusLine(terminal, turn);
  line.show('50 events/s');
  line.write('log\n');
  line.clear();
  assert.deepEqual(written, []);
});

test('without a terminal nothing is shown, and log lines pass through', () => {
  const { terminal, written } = collect({});
  const line = createStatusLine(terminal);
  line.show('50 events/s');
  line.write('log\n');
  line.clear();
  assert.deepEqual([line.live, line.colors, written], [false, false, ['log\n']]);
});

test('colours are for terminals that have them', () => {
  const colored = (terminal: Partial<Terminal>) =>
    createStatusLine(collect(terminal).terminal).colors;
  assert.equal(colored({ isTTY: true, hasColors: () => true }), true);
  assert.equal(colored({ isTTY: true, hasColors: () => false }), false);
  assert.equal(colored({ hasColors: () => true }), false);
});
