import assert from 'node:assert/strict';
import test from 'node:test';
import { Screen } from '../../../.github/pictures/screen.js';
import { drawTerminal } from '../../../.github/pictures/svg.js';

function linesOf(output: string, columns = 80): string[] {
  const screen = new Screen(columns);
  screen.write(output);
  return screen.lines().map((spans) => spans.map(({ text }) => text).join(''));
}

test('a line that is redrawn is there once, as it stood at the end', () => {
  assert.deepEqual(linesOf('10 events\r20 events\u001b[K\r\ndone\r\n\r\n'), ['20 events', 'done']);
  assert.deepEqual(linesOf('a long line\r\u001b[Kshort'), ['short']);
  assert.deepEqual(linesOf('one\r\ntwo\r\n\u001b[2A\u001b[0Jthree'), ['three']);
  assert.deepEqual(linesOf('\u001b[?25lhidden cursor\u001b[?25h'), ['hidden cursor']);
});

test('a line that is wider than the terminal goes on in the next one', () => {
  assert.deepEqual(linesOf('abcdefgh', 3), ['abc', 'def', 'gh']);
});

test('a sequence that the screen does not know is an error, not a wrong picture', () => {
  assert.throws(() => linesOf('\u001b[5S'), /CSI S/);
});

test('text is drawn in its colour, at its column', () => {
  const screen = new Screen(80);
  screen.write('  \u001b[32mheld\u001b[0m <1 & all\r\n');
  const svg = drawTerminal(screen.lines(), 80, 'a run');
  assert.match(svg, /<text x="34.8" [^>]*fill="#3fb950">held<\/text>/);
  assert.match(svg, />&lt;1 &amp; all<\/text>/);
});
