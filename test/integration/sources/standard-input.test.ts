import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { END, IDLE } from '../../../src/sources/ndjson/byte-input.js';
import { pipeStream, StreamInput } from '../../../src/sources/ndjson/stream-input.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

/** Bytes that another process writes: numbers, one a line. */
const LINES = 400_000;
const expected = () => {
  const hash = createHash('sha256');
  for (let i = 1; i <= LINES; i++) hash.update(`${i}\n`);
  return hash.digest('hex');
};

/** Lends `body` a pipe that another process writes to. */
async function withPipe(command: string, body: (input: StreamInput) => Promise<void>) {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const writer = spawn('sh', ['-c', `{ ${command}; } > "$0"`, path], { stdio: 'ignore' });
    const ended = new Promise((resolve) => writer.on('exit', resolve));
    // Waits for the writer: without one, a pipe is at its end.
    const fd = openSync(path, 'r');
    const input = new StreamInput(pipeStream(fd), 'pipe');
    try {
      await body(input);
    } finally {
      await input.close();
      writer.kill();
      await ended;
    }
  });
}

async function readAll(input: StreamInput, size: number): Promise<{ hash: string; idles: number }> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(size);
  let idles = 0;
  for (;;) {
    const count = await input.read(buffer, 0);
    if (count === END) return { hash: hash.digest('hex'), idles };
    if (count === IDLE) idles++;
    else hash.update(buffer.subarray(0, count));
  }
}

test('a pipe is read to its last byte, in pieces of any size', async () => {
  const hash = expected();
  for (const size of [997, 1 << 16, 1 << 20]) {
    await withPipe(`seq ${LINES}`, async (input) => {
      assert.equal((await readAll(input, size)).hash, hash, `${size}`);
    });
  }
});

test('a silent pipe is idle once, and goes on', async () => {
  await withPipe(`seq 1 10; sleep 0.5; seq 11 ${LINES}`, async (input) => {
    const { hash, idles } = await readAll(input, 1 << 16);
    assert.equal(hash, expected());
    assert.ok(idles > 0);
  });
});

test('a stop ends its wait, and bytes that have come are given out', async () => {
  await withPipe('echo one; sleep 60', async (input) => {
    const buffer = Buffer.alloc(100);
    let text = '';
    for (let count = 1; count !== IDLE || text === ''; ) {
      count = await input.read(buffer, 0);
      if (count > 0) text += buffer.toString('utf8', 0, count);
    }
    const last = input.read(buffer, 0);
    input.stop();
    assert.deepEqual([text, await last], ['one\n', END]);
  });
});
