import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/errors.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { waitFor } from '../helpers/wait-for.js';

const BENCH = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
const FILE = fileURLToPath(new URL('../fixtures/waits-with-server.js', import.meta.url));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`tests that are stopped by ${signal} leave no server behind`, () =>
    withTempFolder(async (folder) => {
      const pidFile = join(folder, 'pid');
      // As the runner starts the file, not as one of its own files.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const child = spawn(process.execPath, ['--test', FILE], {
        env: { ...env, PID_FILE: pidFile },
        stdio: 'ignore',
        detached: true,
      });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      try {
        const pid = await waitFor(
          () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')),
        );
        assert.ok(isAlive(Number(pid)));
        // As a terminal does it: to the runner and to the file at once.
        process.kill(-(child.pid ?? 0), signal);
        await ended;
        await waitFor(() => !isAlive(Number(pid)), { what: 'the server to end' });
      } finally {
        child.kill('SIGKILL');
      }
    }));
}

test('a bench that is stopped leaves no server and no folder behind, and prints no stack', () =>
  withTempFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const child = spawn(process.execPath, ['--enable-source-maps', BENCH, 'pacing'], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    try {
      const pid = await waitFor(() => serverOf(folder), { what: 'the server of the bench' });
      child.kill('SIGTERM');
      assert.equal(await ended, EXIT.forced, stderr);
      await waitFor(() => !isAlive(pid), { what: 'the server to end' });
      assert.equal(stderr, 'pacing\n');
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      child.kill('SIGKILL');
    }
  }));

/** The process of the server whose data are below a bench's folder; null: it has not started. */
function serverOf(folder: string): number | null {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name, 'data', 'postmaster.pid');
    const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
    // While initdb fills the folder, its server is noted by a negative number.
    if (pid > 0) return pid;
  }
  return null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
