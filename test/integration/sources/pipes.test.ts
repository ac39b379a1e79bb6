import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { NdjsonSource } from '../../../src/sources/ndjson/source.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';

const line = (id: number) =>
  `{"before":null,"after":{"id":${id},"nome":"Ana"},"source":{"table":"medicos","txId":1,"lsn":${id}},"op":"c"}\n`;
const LINES = Array.from({ length: 3 }, (_, id) => line(id)).join('');

/** Reads a named pipe as `verify` does. */
async function withPipe(
  body: (pipe: {
    readonly path: string;
    readonly folder: string;
    readonly sink: CollectingSink;
    readonly source: NdjsonSource;
    readonly ended: Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const sink = new CollectingSink();
    const source = new NdjsonSource({ path, follow: true });
    const ended = source.run(sink, anyScope);
    try {
      await body({ path, folder, sink, source, ended });
    } finally {
      source.stop();
      await ended;
    }
  });
}

/** Runs a command of the shell; what it writes goes into the pipe. */
function write(path: string, command: string) {
  return spawn('sh', ['-c', `{ ${command}; } > "$0"`, path], { stdio: 'ignore' });
}

const keys = ({ rows }: CollectingSink) => rows.map(({ key }) => key);

test('a named pipe is read to the end of its writer, packed or not', async () => {
  for (const bytes of [Buffer.from(LINES), gzipSync(LINES)]) {
    await withPipe(async ({ path, folder, sink, ended }) => {
      await waitFor(() => sink.idles === 1, { what: 'a pipe without a writer to be idle' });
      writeFileSync(join(folder, 'bytes'), bytes);
      write(path, `cat '${folder}/bytes'`);
      await ended;
      assert.deepEqual(keys(sink), [0, 1, 2]);
      assert.deepEqual(sink.problems, []);
    });
  }
});

test('a pipe that nobody writes to can be left, before its writer and amid', async () => {
  await withPipe(async ({ sink, source, ended }) => {
    await waitFor(() => sink.idles === 1, { what: 'a pipe without a writer to be idle' });
    source.stop();
    await ended;
    assert.equal(sink.received, 0);
  });
  await withPipe(async ({ path, folder, sink, source, ended }) => {
    writeFileSync(join(folder, 'bytes'), LINES);
    const writer = write(path, `cat '${folder}/bytes'; exec sleep 60`);
    try {
      await waitFor(() => sink.rows.length === 3, { what: 'its events' });
      source.stop();
      await ended;
      assert.deepEqual(keys(sink), [0, 1, 2]);
    } finally {
      writer.kill();
    }
  });
});
