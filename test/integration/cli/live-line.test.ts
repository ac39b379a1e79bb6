import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../helpers/server.js';
import { logsOf } from '../../helpers/stream-run.js';
import { openTerminal, type Terminal, terminalsMissing } from '../../helpers/terminal.js';
import { run, type Workspace, withPlainWorkspace } from '../../helpers/workspace.js';

const server = await startServer(18);
const CLI = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
const skip = terminalsMissing();

const CTRL_C = '\u0003';
/** To the first column, and erase. */
const ERASE = '\r\u001b[K';
/** A line that is drawn over. */
const LIVE = /\r[^\r]{3}▶ \d.* events\r(?!\n)/;
const STREAM = ['stream', '--rate', '200', '--workers', '2'];

/** Runs a shell's commands in a terminal, with the program as `$P`. */
function openShell({ cwd, env }: Workspace, script: string): Terminal {
  // Without its own LOG_LEVEL the terminal is quiet.
  const { LOG_LEVEL: _, ...quiet } = env;
  return openTerminal(['bash', '-c', script], {
    cwd,
    env: { ...quiet, P: `${process.execPath} ${CLI}`, TMPDIR: cwd },
  });
}

const stream = (more = '') => `$P ${STREAM.join(' ')} ${more}`;

test('a terminal shows few lines and the live line, and the files everything', {
  skip,
}, async () => {
  await withPlainWorkspace(server, async (workspace) => {
    const terminal = openShell(workspace, stream('--duration 2'));
    const { code, shown } = await terminal.ended();
    assert.equal(code, 0, shown);
    assert.match(shown, /^run \S+: 2 workers, 200 events\/s in batches of 50\r\n/);
    assert.match(shown, LIVE);
    assert.match(shown, /\r[^\r]{3}No verdict: /);
    assert.doesNotMatch(shown, /oltp\.simulator|inserted \+/);
    assert.match(logsOf(workspace.cwd), / INFO oltp\.simulator \[stream\] - \w+: inserted \+/);
  });
});

test('--verbose brings the lines back to the terminal', { skip }, async () => {
  await withPlainWorkspace(server, async (workspace) => {
    const terminal = openShell(workspace, stream('--duration 1 -v'));
    const { code, shown } = await terminal.ended();
    assert.equal(code, 0, shown);
    assert.match(shown, / oltp\.simulator \[stream\] - \w+: inserted \+/);
    assert.match(shown, LIVE);
  });
});

test('two programs in one terminal do not draw over each other: one draws, the other writes lines', {
  skip,
}, async () => {
  await withPlainWorkspace(server, async (workspace) => {
    const other = { ...workspace, cwd: join(workspace.cwd, 'other') };
    const terminal = openShell(
      workspace,
      `mkdir ${other.cwd}; ${stream('--duration 11')} & sleep 3; cd ${other.cwd}; ${stream('--duration 6')}; wait`,
    );
    const { code, shown } = await terminal.ended();
    assert.equal(code, 0, shown);
    // The second program's lines begin where the first one's live line was erased.
    const [before = '', after = '', ...more] = shown.split(`${ERASE}run `);
    assert.deepEqual(more, [], shown);
    assert.match(before, LIVE);
    assert.match(after, LIVE);
    assert.match(after, /\r[^\r]{3}▶ \d[^\r]* left[^\r]*\r\n/, shown);
    for (const line of shown.split(/\r[^\r\n]{3}|\r\n/)) {
      assert.ok(line.lastIndexOf('▶') <= 0, JSON.stringify(line));
    }
  });
});

test('a lost server is one line on a terminal, counted in the live line, and one line when it is back', {
  skip,
}, async () => {
  await withPlainWorkspace(server, async (workspace) => {
    const env = { STREAM_RECONNECT_MAX_SECONDS: '1', STREAM_RECONNECT_ATTEMPTS: '100' };
    const quick = { ...workspace, env: { ...workspace.env, ...env } };
    const terminal = openShell(quick, stream());
    await terminal.until(/▶ \d.* [1-9]\d* events/);
    await server.stop('fast');
    await terminal.until(/↻ server lost \d+ s ago · (reconnecting, )?attempt [2-9]/);
    await server.start();
    await terminal.until(/connected again after [\d.]+ s; [12] workers?/);
    terminal.type(CTRL_C);
    const { shown } = await terminal.ended();
    assert.match(shown, /error\S*: connection lost: .* \(57P0[13]\) — [12] workers?\s/);
    assert.equal(shown.split('connection lost').length, 2, shown);
    assert.match(logsOf(workspace.cwd), /reconnecting in [\d.]+s \(attempt 2\/100\)/);
  });
});

test('a program in the background neither draws nor is stopped by the terminal (tostop)', {
  skip,
}, async () => {
  await withPlainWorkspace(server, async (workspace) => {
    // With job control, as in an interactive shell; the result goes to a file, which no terminal stops.
    const script = `set -m; stty tostop; ${stream('--duration 3 > result.txt')} & wait; jobs -l; cat result.txt`;
    const terminal = openShell(workspace, script);
    const { code, shown } = await terminal.ended();
    assert.equal(code, 0, shown);
    assert.match(shown, /No verdict: /);
    assert.doesNotMatch(shown, /▶|Stopped|run \S+: 2 workers/);
  });
});

test('with --progress json stderr has nothing but JSON, with a moment of the run every second', async () => {
  await withPlainWorkspace(server, async (workspace) => {
    const refused = await run(workspace, ['stream', '--rate', '0', '--progress', 'json']);
    assert.equal(refused.code, 2);
    assert.match((JSON.parse(refused.stderr) as { msg: string }).msg, /--rate/);
    const args = [...STREAM, '--duration', '2', '--progress', 'json', '--json'];
    const { code, stderr } = await run(workspace, args);
    assert.equal(code, 0, stderr);
    const records = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const moments = records.filter(({ type }) => type === 'progress');
    assert.ok(moments.length >= 1, stderr);
    const { time, run_id: runId, ...last } = moments.at(-1) ?? {};
    assert.equal(new Date(String(time)).toISOString(), time);
    assert.match(String(runId), /^\d{8}-/);
    assert.equal(last.phase, 'stream');
    assert.equal(last.target_rate, 200);
    assert.ok(Number(last.events) > 0, stderr);
    assert.ok(records.some(({ msg }) => /^run /.test(String(msg))));
  });
});
