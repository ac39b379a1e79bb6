import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { access, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const server = await startServer(18);

const CLI = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
/** A user of the system that is in no list: it has neither a name nor a home. */
const UNLISTED = { uid: 54_321, gid: 54_321 };
const isRoot = process.getuid?.() === 0;
const FULL = '/dev/full';
const hasFull = await access(FULL, constants.W_OK).then(
  () => true,
  () => false,
);

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs the program with its stdout on a device. */
function runInto(
  device: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
) {
  const out = openSync(device, 'w');
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { PATH: process.env.PATH, APP_LANG: 'en', ...env },
    stdio: ['ignore', out, 'pipe'],
  });
  closeSync(out);
  return new Promise<Ended>((resolve) => {
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

function assertNoStack(stderr: string): void {
  assert.doesNotMatch(stderr, /^ +at /m);
}

test('a result that does not reach stdout is no success', { skip: !hasFull }, () =>
  withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      for (const args of [['counts', '--json'], ['--help'], ['--version']]) {
        const { code, stderr } = await runInto(FULL, args, envOf(db.target), cwd);
        assert.equal(code, 4, stderr);
        assert.match(
          stderr,
          /the result could not be written to stdout \(this machine's disk is full, ENOSPC/,
        );
        assertNoStack(stderr);
      }
      // The exit code keeps the error that came first.
      const usage = await runInto(FULL, ['counts', '--nonsense', '--json'], {}, cwd);
      assert.equal(usage.code, 2);
    }),
  ),
);

test('a reader that closes the pipe is no failure, and causes no message', () =>
  withTempFolder(async (cwd) => {
    const script = `"${process.execPath}" "${CLI}" --help | true; exit "\${PIPESTATUS[0]}"`;
    const { code, stderr } = await new Promise<Ended>((resolve) => {
      execFile('bash', ['-c', script], { cwd }, (error, _, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stderr }),
      );
    });
    assert.equal(code, 0);
    assert.equal(stderr, '');
  }));

test('a folder that may not be written to is named, by pause and by resume', () =>
  withTempFolder(async (cwd) => {
    writeFileSync(join(cwd, '.paused'), '');
    await chmod(cwd, 0o555);
    const options = { cwd, env: { APP_LANG: 'en' }, ...(isRoot ? { account: UNLISTED } : {}) };
    try {
      const resumed = await runCli(['resume'], options);
      assert.equal(resumed.code, 4, resumed.stderr);
      assert.match(resumed.stderr, /permission denied \(.*\.paused: EACCES\)/);
      assertNoStack(resumed.stderr);
      await chmod(cwd, 0o755);
      await runCli(['resume'], { cwd, env: {} });
      await chmod(cwd, 0o555);
      const paused = await runCli(['pause'], options);
      assert.equal(paused.code, 4, paused.stderr);
      assert.match(paused.stderr, /permission denied \(.*\.paused: EACCES\)/);
      assertNoStack(paused.stderr);
    } finally {
      await chmod(cwd, 0o755);
    }
  }));

test('a user without a name or a home learns which setting to add', { skip: !isRoot }, () =>
  withTempFolder(async (cwd) => {
    await chmod(cwd, 0o777);
    const port = String(server.port);
    const cases: readonly [Record<string, string>, number, RegExp][] = [
      [{ PGHOST: '127.0.0.1', PGPORT: port }, 2, /set PG_USER or PGUSER/],
      [{ PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'postgres' }, 3, /set PG_?PASSWORD/],
      [
        { PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'postgres', PGSSLMODE: 'verify-full' },
        2,
        /there is no ~\/\.postgresql\/root\.crt/,
      ],
    ];
    for (const [env, code, sentence] of cases) {
      const script = 'unset HOME; exec "$0" "$@"';
      const ended = await new Promise<Ended>((resolve) => {
        const child = spawn('sh', ['-c', script, process.execPath, CLI, 'counts'], {
          cwd,
          env: { PATH: process.env.PATH, APP_LANG: 'en', ...env },
          stdio: ['ignore', 'ignore', 'pipe'],
          ...UNLISTED,
        });
        let stderr = '';
        child.stderr?.on('data', (chunk) => {
          stderr += chunk;
        });
        child.on('close', (code) => resolve({ code, stderr }));
      });
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, sentence);
      assertNoStack(ended.stderr);
    }
  }),
);

test('a limit of open files that the workers exceed is reported in one sentence', () =>
  withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      const env = { PATH: process.env.PATH, APP_LANG: 'en', ...envOf(db.target) };
      const commands = [
        ['stream', '--max-events', '100', '--rate', 'max', '--workers', '40'],
        ['seed', '--workers', '40'],
      ];
      for (const args of commands) {
        // Enough for the program itself, and for a few of its threads.
        const script = 'ulimit -n 90; exec "$0" "$@"';
        const { code, stderr } = await new Promise<Ended>((resolve) => {
          const options = { cwd, env };
          execFile(
            'sh',
            ['-c', script, process.execPath, CLI, ...args],
            options,
            (error, _, stderr) => resolve({ code: Number(error?.code ?? 0), stderr }),
          );
        });
        assert.equal(code, 4, stderr);
        const errors = stderr.split('\n').filter((line) => line.includes(' ERROR '));
        assert.equal(errors.length, 1, stderr);
        assert.match(errors[0] ?? '', /EMFILE/);
        assertNoStack(stderr);
      }
    }),
  ));
