import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { WriteStream } from 'node:tty';
import { paintFor } from '../../../src/lib/paint.js';

const VARIABLES = ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'TERM', 'COLORTERM', 'CI'];
const saved = new Map(VARIABLES.map((name) => [name, process.env[name]]));
const set = (env: Readonly<Record<string, string>>) => {
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, env);
};

before(() => set({}));
after(() => {
  for (const [name, value] of saved) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const { getColorDepth } = WriteStream.prototype;
const stream = (isTTY: boolean) =>
  Object.assign(new Writable(), { isTTY, getColorDepth }) as unknown as NodeJS.WriteStream;

const CASES: readonly [
  isTTY: boolean,
  env: Readonly<Record<string, string>>,
  isColoured: boolean,
][] = [
  [true, { TERM: 'xterm' }, true],
  [true, { TERM: 'xterm', NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, { TERM: 'xterm' }, false],
  [false, { TERM: 'xterm', FORCE_COLOR: '1' }, true],
  [true, { TERM: 'xterm', FORCE_COLOR: '0' }, false],
];
for (const [isTTY, env, isColoured] of CASES) {
  const where = `${isTTY ? 'a terminal' : 'a pipe'} with ${JSON.stringify(env)}`;
  test(`${where} ${isColoured ? 'has colours' : 'has no colours'}`, () => {
    set(env);
    const paint = paintFor(stream(isTTY));
    assert.equal(paint('good', 'Held'), isColoured ? '\u001b[32mHeld\u001b[39m' : 'Held');
  });
}
