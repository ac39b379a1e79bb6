import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { appendFile, copyFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { OperatorError } from '../../../src/errors.js';
import { en } from '../../../src/messages/en.js';
import { NdjsonSource } from '../../../src/sources/ndjson/source.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';

/** More than some reads hold. */
const MANY = 5000;

const line = (id: number, nome = 'José 👩‍⚕️') =>
  `{"before":null,"after":{"id":${id},"nome":"${nome}"},"source":{"table":"medicos","txId":1,"lsn":${id}},"op":"c"}`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${line(from + i)}\n`).join('');

async function read(path: string, stdin?: PassThrough): Promise<CollectingSink> {
  const sink = new CollectingSink();
  await new NdjsonSource({ path, follow: false, ...(stdin && { stdin }) }).run(sink, anyScope);
  return sink;
}

function assertRows(sink: CollectingSink, count: number): void {
  assert.deepEqual(sink.problems, []);
  assert.deepEqual(
    sink.rows.map((row) => [row.key, row.position, row.values?.[1]]),
    Array.from({ length: count }, (_, i) => [i, i + 1, 'José 👩‍⚕️']),
  );
}

test('a source knows the placeholders of its connector', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    await writeFile(path, `${line(1, 'n/a')}\n${line(2, 'n/b')}\n`);
    const sink = new CollectingSink();
    const source = new NdjsonSource({ path, follow: false, toastPlaceholders: ['n/a'] });
    await source.run(sink, anyScope);
    assert.deepEqual(
      sink.rows.map(({ values }) => values?.[1]),
      [undefined, 'n/b'],
    );
  });
});

/** Follows a file during `body`; `ended` is the result of the run. */
async function following(
  path: string,
  body: (sink: CollectingSink, source: NdjsonSource, ended: Promise<unknown>) => Promise<void>,
) {
  const sink = new CollectingSink();
  const source = new NdjsonSource({ path, follow: true });
  const ended = source.run(sink, anyScope).then(
    () => null,
    (error: unknown) => error,
  );
  try {
    await body(sink, source, ended);
  } finally {
    source.stop();
    await ended;
  }
}

const refused = (words: RegExp) => (error: unknown) =>
  error instanceof OperatorError && words.test(error.message);

test('a file is read to its end, packed or not, in one member or more', () =>
  withTempFolder(async (folder) => {
    const text = lines(0, MANY);
    const half = Buffer.from(text).subarray(0, 100_001);
    const other = Buffer.from(text).subarray(100_001);
    const files = {
      plain: Buffer.from(text),
      'without the last line feed': Buffer.from(text.trimEnd()),
      packed: gzipSync(text),
      'two members': Buffer.concat([gzipSync(half), gzipSync(other)]),
      'two members with zeros after each': Buffer.concat([
        gzipSync(half),
        Buffer.alloc(512),
        gzipSync(other),
        // More than a read.
        Buffer.alloc(200_000),
      ]),
      'many small members, with zeros here and there': Buffer.concat(
        text
          .split(/(?<=\n)/)
          .map((one, i) => Buffer.concat([gzipSync(one), Buffer.alloc(i % 50 === 0 ? i % 3 : 0)])),
      ),
      'over several lines': Buffer.from(
        text
          .trimEnd()
          .split('\n')
          .map((one) => `${JSON.stringify(JSON.parse(one), null, 2)}\n`)
          .join(''),
      ),
      'a mark and blank lines at the end': Buffer.from(`\ufeff${text}\r\n\n`),
    };
    for (const [name, bytes] of Object.entries(files)) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      const sink = await read(path);
      assertRows(sink, MANY);
      assert.equal(sink.idles, 1, name);
      assert.ok(Math.abs(sink.rows[0]!.receivedAt / 1000 - Date.now()) < 60_000);
    }
  }));

test('standard input is read as it comes, packed or not', async () => {
  for (const bytes of [Buffer.from(lines(0, MANY)), gzipSync(lines(0, MANY))]) {
    const stdin = new PassThrough();
    const done = read('-', stdin);
    // Its first byte alone does not decide whether it is packed.
    for (const part of [bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2)]) {
      stdin.write(part);
      await waitFor(() => stdin.readableLength === 0, { what: 'a part to be read' });
    }
    stdin.end();
    const sink = await done;
    assertRows(sink, MANY);
    assert.ok(sink.idles >= 1);
  }
});

test('standard input may be silent, and be stopped', async () => {
  const stdin = new PassThrough();
  const sink = new CollectingSink();
  const source = new NdjsonSource({ path: '-', follow: false, stdin });
  const done = source.run(sink, anyScope);
  stdin.write(`${line(0)}\n{"half`);
  await waitFor(() => sink.rows.length === 1 && sink.idles === 1);
  stdin.write(`":1}\n${line(1)}`);
  await waitFor(() => sink.problems.length === 1 && sink.idles === 2);
  source.stop();
  await done;
  assert.deepEqual(
    sink.rows.map((row) => [row.key, row.position]),
    [
      [0, 1],
      [1, 3],
    ],
  );
  assert.equal(stdin.destroyed, true);
});

test('no more is read than the sink takes', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    await writeFile(path, lines(0, 50_000));
    const sink = new CollectingSink();
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    const done = new NdjsonSource({ path, follow: false }).run(sink, anyScope);
    await waitFor(() => sink.rows.length > 0);
    const first = sink.rows.length;
    assert.ok(first < 10_000);
    // It waits while other files are read from the first byte to the last.
    const other = join(folder, 'other');
    await writeFile(other, lines(0, MANY));
    for (let i = 0; i < 3; i++) await read(other);
    assert.equal(sink.rows.length, first);
    open();
    await done;
    assertRows(sink, 50_000);
  }));

test('a file that is not there yet, and grows within a line, is followed', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1, { what: 'the first idle' });
      const bytes = Buffer.from(lines(0, 3));
      // In the middle of a character.
      const cut = bytes.indexOf(0xf0) + 2;
      await writeFile(path, bytes.subarray(0, cut));
      await waitFor(() => sink.idles === 2);
      assert.equal(sink.count, 0);
      await appendFile(path, bytes.subarray(cut));
      await waitFor(() => sink.rows.length === 3 && sink.idles === 3);
      await appendFile(path, line(3));
      await waitFor(() => sink.idles === 4);
      assert.equal(sink.rows.length, 3);
      source.stop();
      assert.equal(await ended, null);
      assertRows(sink, 4);
    });
  }));

test('half of a line that was being written at the stop is not malformed', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    await writeFile(path, `${line(0)}\n${line(1).slice(0, 50)}`);
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1);
      source.stop();
      assert.equal(await ended, null);
      assertRows(sink, 1);
    });
    // A whole line counts, also one that a console printed.
    await writeFile(path, `{"id":0}\t${line(0)}\n{"id":1}\t${line(1)}`);
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1);
      source.stop();
      assert.equal(await ended, null);
      assertRows(sink, 2);
    });
    // Half of a character, of a console's line and of a registry's head.
    const half = [
      Buffer.from(line(1)).subarray(0, Buffer.from(line(1)).indexOf(0xf0) + 2),
      Buffer.from(`{"id":1}\t${line(1).slice(0, 50)}`),
      Buffer.from([0, 0, 0]),
      Buffer.from(`\0\0\0\0\u0007${line(1).slice(0, 50)}`),
    ];
    for (const bytes of half) {
      await writeFile(path, Buffer.concat([Buffer.from(`${line(0)}\n`), bytes]));
      await following(path, async (sink, source, ended) => {
        await waitFor(() => sink.rows.length === 1 && sink.idles === 1);
        source.stop();
        assert.equal(await ended, null);
        assertRows(sink, 1);
      });
    }
    // Bytes that cannot become an event are malformed.
    for (const [bytes, words] of [
      ['\n\u0005hello\u0012', /binary/],
      ['\u0001abc\n', /binary/],
      [`${line(0)}\r${line(1)}\r`, /more than one value/],
    ] as const) {
      await writeFile(path, bytes);
      await following(path, async (sink, source, ended) => {
        await waitFor(() => sink.idles === 1);
        source.stop();
        assert.equal(await ended, null);
        assert.match(sink.problems[0]?.reason(en) ?? '', words);
      });
    }
    await writeFile(path, Buffer.from([0x86, 0xa6, 0x62, 0x65]));
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1);
      source.stop();
      assert.equal(await ended, null);
      assert.match(sink.problems[0]?.reason(en) ?? '', /MessagePack/);
    });
    await writeFile(path, `${line(0)}\n${'\0'.repeat(4096)}`);
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.rows.length === 1 && sink.idles === 1);
      source.stop();
      assert.equal(await ended, null);
      assert.match(sink.problems[0]?.reason(en) ?? '', /NUL bytes/);
    });
    await writeFile(path, `${line(0)}\n${line(1).slice(0, 50)}`);
    // In a file that is not followed it is malformed.
    const sink = await read(path);
    assert.equal(sink.rows.length, 1);
    assert.deepEqual(
      sink.problems.map((problem) => problem.position),
      [2],
    );
  }));

test('a packed file that is being written is read as far as it has come', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events.gz');
    const [one, two] = [gzipSync(lines(0, 2000)), gzipSync(lines(2000, 2010))];
    const half = one.length >> 1;
    await writeFile(path, one.subarray(0, half));
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1);
      assert.ok(sink.rows.length > 0 && sink.rows.length < 2000);
      await appendFile(path, one.subarray(half));
      await waitFor(() => sink.rows.length === 2000);
      await appendFile(path, two);
      await waitFor(() => sink.rows.length === 2010);
      source.stop();
      assert.equal(await ended, null);
      assertRows(sink, 2010);
    });
    // Stopped amid a member, it is not an error.
    await writeFile(path, one.subarray(0, half));
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1);
      source.stop();
      assert.equal(await ended, null);
      assert.ok(sink.rows.length > 0);
      assert.deepEqual(sink.problems, []);
    });
    // In a file that is not followed it is cut off.
    await writeFile(path, one.subarray(0, half));
    const sink = new CollectingSink();
    const run = new NdjsonSource({ path, follow: false }).run(sink, anyScope);
    await assert.rejects(run, refused(/are cut off/));
    assert.ok(sink.rows.length > 0);
    await writeFile(path, Buffer.from(one).fill(0x55, half, half + 20));
    await assert.rejects(read(path), refused(/damaged/));
  }));

test('bytes after a member of gzip that are not another one are an error', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events.gz');
    for (const zeros of [0, 7]) {
      const rest = Buffer.concat([Buffer.alloc(zeros), Buffer.from(line(1))]);
      await writeFile(path, Buffer.concat([gzipSync(lines(0, 1)), rest]));
      await assert.rejects(read(path), refused(/damaged/));
    }
    const cut = gzipSync(lines(1, 2)).subarray(0, 30);
    await writeFile(path, Buffer.concat([gzipSync(lines(0, 1)), Buffer.alloc(7), cut]));
    await assert.rejects(read(path), refused(/are cut off/));
  }));

test('idle is called once at the end of a file, also if it is stopped there', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    await writeFile(path, lines(0, 2));
    await following(path, async (sink, source, ended) => {
      await waitFor(() => sink.idles === 1);
      source.stop();
      assert.equal(await ended, null);
      assert.equal(sink.idles, 1);
    });
  }));

test('a file that gets shorter, is written anew, or is another one cannot be followed', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    const text = lines(0, 10);
    const changes: readonly (readonly [RegExp, () => Promise<void>])[] = [
      [/truncated or rewritten/, () => truncate(path, 10)],
      // Within one look at it, so that it is never seen to be shorter.
      [/truncated or rewritten/, () => writeFile(path, lines(20, 30))],
      [/truncated or rewritten/, () => writeFile(path, lines(20, 60))],
      [/truncated or rewritten/, () => writeFile(path, Buffer.alloc(text.length + 100))],
      [/deleted or replaced/, () => rm(path)],
      [
        /deleted or replaced/,
        async () => {
          await copyFile(path, `${path}.new`);
          await rename(`${path}.new`, path);
        },
      ],
    ];
    for (const [words, change] of changes) {
      await writeFile(path, text);
      await following(path, async (sink, _, ended) => {
        await waitFor(() => sink.idles === 1);
        await change();
        assert.ok(refused(words)(await ended));
        assertRows(sink, 10);
      });
    }
  }));

test('a file that is not there, or a folder, is refused', () =>
  withTempFolder(async (folder) => {
    await assert.rejects(read(join(folder, 'none')), refused(/there is no file/));
    await assert.rejects(read(folder), refused(/EISDIR/));
  }));

test('an empty file is at its end at once', () =>
  withTempFolder(async (folder) => {
    for (const bytes of ['', '\n', gzipSync('')]) {
      await writeFile(join(folder, 'events'), bytes);
      const sink = await read(join(folder, 'events'));
      assert.equal(sink.count, 0);
      assert.equal(sink.idles, 1);
    }
  }));

test('a line of many megabytes is malformed, and the next one is not', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    await writeFile(path, `${line(0)}\n${line(1, 'x'.repeat(40 << 20))}\n${line(2)}\n`);
    const sink = await read(path);
    assert.deepEqual(
      sink.rows.map((row) => [row.key, row.position]),
      [
        [0, 1],
        [2, 3],
      ],
    );
    assert.deepEqual(
      sink.problems.map(({ position, reason }) => [position, reason(en)]),
      [[2, 'longer than 16 MiB']],
    );
  }));
