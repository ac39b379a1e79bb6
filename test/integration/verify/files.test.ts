import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { startCli } from '../../helpers/cli.js';
import { freePort } from '../../helpers/free-port.js';
import { startServer } from '../../helpers/server.js';
import { type Streamed, stream } from '../../helpers/stream-run.js';
import { run, type Workspace, withWorkspace } from '../../helpers/workspace.js';
import {
  assertExact,
  dropSlot,
  makeSlot,
  newSlot,
  readLines,
  SOON,
  verifyAfter,
  writeLines,
} from './verifying.js';

const server = await startServer(18);
const LOAD = ['--workers', '3', '--max-events', '600', '--batch-size', '5', '--rate', 'max'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];

/** Lends `body` a run that is over, and its changes as lines of Debezium's JSON. */
function withLines(
  body: (workspace: Workspace, lines: readonly string[], streamed: Streamed) => Promise<void>,
): Promise<void> {
  return withWorkspace(server, async (workspace) => {
    const slot = newSlot();
    await makeSlot(workspace, slot);
    try {
      const streamed = await stream(workspace, [...LOAD, ...MIX]);
      await body(workspace, await readLines(workspace, slot, streamed.summary.events), streamed);
    } finally {
      await dropSlot(workspace, slot);
    }
  });
}

test('a file of events is exact, plain and packed; missing, cut-off and malformed lines are reported', () =>
  withLines(async (workspace, lines, streamed) => {
    for (const name of ['all.ndjson', 'all.ndjson.gz']) {
      const { document } = await verifyAfter(workspace, [
        '--source',
        writeLines(workspace, name, lines),
      ]);
      assertExact(document, streamed);
      assert.equal(document.rows.compared, document.rows.followed);
    }
    const middle = Math.floor(lines.length / 2);
    const lost = writeLines(workspace, 'lost.ndjson', lines.toSpliced(middle, 1));
    const missing = await verifyAfter(workspace, ['--source', lost, ...SOON], 7);
    assert.equal(missing.document.violations.missing, 1);
    const cut = writeLines(workspace, 'cut.ndjson', lines.slice(0, middle));
    const short = await verifyAfter(workspace, ['--source', cut, ...SOON], 8);
    assert.deepEqual(Object.keys(short.document.doubts), ['ended_early']);
    const rewound = [...lines.slice(0, middle), ...lines.slice(middle - 20)];
    const again = await verifyAfter(
      workspace,
      ['--source', writeLines(workspace, 'again.ndjson', rewound)],
      6,
    );
    assert.equal(again.document.events.replayed, 20);

    const odd = writeLines(
      workspace,
      'odd.ndjson',
      lines.toSpliced(6, 0, '{"after":{"nome":"Maria"'),
    );
    const refused = await run(workspace, ['verify', '--source', odd]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /input 7 is not an event: .*--skip-malformed/);
    assert.ok(!refused.stderr.includes('Maria'), 'personal data in the log');
    const portuguese = await run(workspace, ['verify', '--source', odd, '--lang', 'pt-BR']);
    assert.match(
      portuguese.stderr,
      /a entrada 7 não é um evento: JSON inválido no byte 25: o texto termina aqui; corrija-a/,
    );
    const skipping = ['--source', odd, '--skip-malformed', '--lang', 'pt-BR'];
    const skipped = await verifyAfter(workspace, skipping, 8);
    // A document is the same in every language.
    assert.deepEqual(skipped.document.malformed, [
      { partition: 0, position: 7, reason: 'invalid JSON at byte 25: the text ends here' },
    ]);
    assert.deepEqual(skipped.document.doubts, { malformed: 1 });
    assert.equal(skipped.document.accounting.delivered, streamed.summary.events);
    assert.equal(skipped.document.events.malformed, 1);
  }));

test('a missing source of a run that is over is an error at once, and earlier verdicts stay', () =>
  withLines(async (workspace, lines, streamed) => {
    const { document } = await verifyAfter(workspace, [
      '--source',
      writeLines(workspace, 'all.ndjson', lines),
    ]);
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as AddressInfo;
    const absent: Readonly<Record<string, [number, RegExp]>> = {
      'ndjson:nowhere.ndjson': [2, /there is no file of events .*nowhere\.ndjson/],
      'ndjson:.': [2, /cannot be read \(EISDIR\)/],
      [`http://127.0.0.1:${port}`]: [2, /another program uses port/],
      'slot:nowhere': [4, /no publication|does not exist/],
      [`kafka:127.0.0.1:${await freePort()}/srv.`]: [3, /Kafka at .* does not answer/],
    };
    try {
      for (const [source, [code, sentence]] of Object.entries(absent)) {
        const refused = await run(workspace, ['verify', '--source', source, '--wait', '600']);
        assert.equal(refused.code, code, `${source}: ${refused.stderr}`);
        assert.match(refused.stderr, sentence);
        assert.doesNotMatch(refused.stderr, /comparing|waiting for/);
      }
    } finally {
      taken.close();
    }
    const folder = join(workspace.cwd, 'logs', 'runs', streamed.summary.run_id);
    const kept = JSON.parse(readFileSync(join(folder, 'verify.json'), 'utf8'));
    assert.deepEqual(kept, document);
  }));

test('with `next`, a missing port or slot is waited for, with a warning', () =>
  withWorkspace(server, async (workspace) => {
    const slot = newSlot();
    const cli = startCli(['verify', 'next', '--json', '--source', `slot:${slot}`], workspace);
    try {
      await cli.until(/waiting for the source: .*no publication/);
      await makeSlot(workspace, slot);
      await cli.until(/waiting for the next run/);
      const streamed = await stream(workspace, LOAD);
      const { code, stdout, stderr } = await cli.ended();
      assert.equal(code, 0, stderr);
      assertExact(JSON.parse(stdout), streamed);
    } finally {
      cli.child.kill('SIGKILL');
      await cli.ended();
      await dropSlot(workspace, slot);
    }
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as AddressInfo;
    const posted = startCli(['verify', 'next', '--source', `http://127.0.0.1:${port}`], workspace);
    try {
      await posted.until(/waiting for the source: .*another program uses port/);
      taken.close();
      await posted.until(/waiting for events at/);
      await posted.until(/waiting for the next run/);
    } finally {
      posted.child.kill('SIGKILL');
      taken.close();
    }
  }));

test('a file is waited for before its run begins, and followed while it grows', () =>
  withLines(async (workspace, lines, streamed) => {
    const next = startCli(['verify', 'next', '--source', 'ndjson:later.ndjson'], workspace);
    try {
      await next.until(/waiting for the source: there is no file/);
      await next.until(/waiting for the next run/);
    } finally {
      next.child.kill('SIGKILL');
    }
    const file = join(workspace.cwd, 'late.ndjson');
    writeFileSync(file, '');
    const cli = startCli(
      ['verify', '--json', '--source', `ndjson:${file}`, '--wait', '60'],
      workspace,
    );
    try {
      await cli.until(/comparing ndjson/);
      const text = lines.map((line) => `${line}\n`).join('');
      // Also in the middle of a line.
      const half = Math.floor(text.length / 2);
      appendFileSync(file, text.slice(0, half));
      appendFileSync(file, text.slice(half));
      const { code, stdout, stderr } = await cli.ended();
      assert.equal(code, 0, stderr);
      assertExact(JSON.parse(stdout), streamed);
    } finally {
      cli.child.kill('SIGKILL');
    }
  }));

test('posted events are taken before the response', () =>
  withLines(async (workspace, lines, streamed) => {
    const port = await freePort();
    const source = `http://127.0.0.1:${port}`;
    const cli = startCli(['verify', '--json', '--source', source, '--wait', '60'], workspace);
    try {
      await cli.until(/waiting for events at/);
      for (const line of lines) {
        const { status } = await fetch(source, {
          method: 'POST',
          body: line,
          headers: { 'content-type': 'application/json' },
        });
        assert.equal(status, 204);
      }
      if (cli.child.exitCode === null) await once(cli.child, 'close');
      const { code, stdout, stderr } = await cli.ended();
      assert.equal(code, 0, stderr);
      assertExact(JSON.parse(stdout), streamed);
    } finally {
      cli.child.kill('SIGKILL');
    }
  }));
