import assert from 'node:assert/strict';
import test from 'node:test';
import {
  COPY_DATA,
  endOfMessage,
  HEAD_BYTES,
  MessageCutter,
} from '../../../src/postgres/message-cutter.js';
import { randomNumbers } from '../../helpers/random.js';
import { bytes, i32, letter } from '../sources/slot/bytes.js';

/** Streams to cut, each in chunks of another size. */
const TRIES = 300;

const message = (type: string, contents: string) =>
  bytes(letter(type), i32(HEAD_BYTES - 1 + contents.length), letter(contents));

/** The messages that come out of the chunks. */
function cut(chunks: readonly Buffer[]): string[] {
  const out: string[] = [];
  const cutter = new MessageCutter(
    [COPY_DATA],
    (messages) => {
      for (let at = 0, end = 0; at < messages.length; at = end) {
        end = endOfMessage(messages, at);
        out.push(messages.toString('latin1', at, end));
      }
    },
    (other) => out.push(other.toString('latin1')),
  );
  for (const chunk of chunks) cutter.take(chunk);
  return out;
}

test('messages come out whole and in order, wherever their bytes are cut', () => {
  const random = randomNumbers(1);
  const below = (end: number) => Math.floor(random() * end);
  for (let i = 0; i < TRIES; i++) {
    const sent = Array.from({ length: 30 }, () =>
      message('dddW'[below(4)]!, 'x'.repeat(below(5) === 0 ? below(500) : below(9))),
    );
    const stream = bytes(...sent);
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + below(i + 1);
      chunks.push(stream.subarray(at, end));
      at = end;
    }
    assert.deepEqual(
      cut(chunks),
      sent.map((each) => each.toString('latin1')),
    );
  }
});

test('the messages of a chunk come out together, and those of other types apart', () => {
  const calls: string[] = [];
  const cutter = new MessageCutter(
    [COPY_DATA],
    (messages) => calls.push(messages.toString('latin1')),
    (other) => calls.push(other.toString('latin1')),
  );
  const [a, b, end] = [message('d', 'a'), message('d', 'b'), message('C', 'end')];
  cutter.take(bytes(a, b, end, a, b.subarray(0, 3)));
  const expected = [bytes(a, b), end, a].map((each) => each.toString('latin1'));
  assert.deepEqual(calls, expected);
});

test('a length that is too small does not stop the cutter', () => {
  assert.deepEqual(cut([bytes(letter('d'), i32(0), message('d', 'a'))]).length, 2);
});
