import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withFileLock } from '../../../src/embedded/file-lock.js';
import { isRunning, ownStamp, stampOf } from '../../../src/lib/process-stamp.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';

const OPTIONS = {
  patienceMs: 10_000,
  onWait: () => undefined,
  tooLong: () => new Error('too long'),
};

/** A process that has ended. */
async function deadStamp(): Promise<string> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  const stamp = await waitFor(() => stampOf(child.pid ?? 0));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  return stamp;
}

test('one caller at a time holds the lock', async () => {
  await withTempFolder(async (folder) => {
    let inside = 0;
    let most = 0;
    let waited = 0;
    const hold = () =>
      withFileLock(
        join(folder, 'lock'),
        {
          ...OPTIONS,
          onWait: () => {
            waited++;
          },
        },
        async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
        },
      );
    await Promise.all(Array.from({ length: 10 }, hold));
    assert.equal(most, 1);
    assert.equal(waited, 9);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('a lock whose holder died is free, also for many callers at once', async () => {
  await withTempFolder(async (folder) => {
    const lock = join(folder, 'lock');
    writeFileSync(lock, await deadStamp());
    let inside = 0;
    const hold = () =>
      withFileLock(lock, OPTIONS, async () => {
        assert.equal(++inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      });
    await Promise.all([hold(), hold(), hold()]);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('a lock that is held for too long is an error, and stays held', async () => {
  await withTempFolder(async (folder) => {
    const lock = join(folder, 'lock');
    writeFileSync(lock, ownStamp());
    const attempt = withFileLock(lock, { ...OPTIONS, patienceMs: 50 }, async () => undefined);
    await assert.rejects(attempt, /too long/);
    assert.ok(existsSync(lock));
  });
});

test('the lock is released if the work fails', async () => {
  await withTempFolder(async (folder) => {
    const lock = join(folder, 'lock');
    const failing = withFileLock(lock, OPTIONS, () => Promise.reject(new Error('broken')));
    await assert.rejects(failing, /broken/);
    assert.ok(!existsSync(lock));
  });
});

test('a reused pid is not the process that had it before', (t) => {
  if (process.platform !== 'linux') return t.skip('needs the start time of processes');
  assert.ok(isRunning(ownStamp()));
  assert.ok(!isRunning(`${process.pid} 1`));
  assert.ok(!isRunning('not a stamp'));
});
