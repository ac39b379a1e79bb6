import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { monotonicMs } from '../../../src/lib/clock.js';
import { stampOf } from '../../../src/lib/process-stamp.js';
import { SharedTerminal } from '../../../src/log/shared-terminal.js';
import { inFolder } from '../settings/helpers.js';

/** Any device does: programs meet at its number. */
function withDevice<T>(use: (fd: number, prefix: string) => T): T {
  const fd = openSync('/dev/null', 'w');
  try {
    return use(fd, `oltp-simulator-tty-${fstatSync(fd).rdev}-`);
  } finally {
    closeSync(fd);
  }
}

/** The place of a program in the queue: the runner of this test, or one that does not run. */
function place(prefix: string, since: number, stamp: string | null): string {
  return `${prefix}${Math.floor(since)}-${(stamp ?? '').replace(' ', '.')}`;
}

const DEAD = '4194305 1';

test('the first program at a terminal draws; one that was killed, and one that came later, do not count', () =>
  inFolder({}, (folder) =>
    withDevice((fd, prefix) => {
      const now = monotonicMs();
      const dead = join(folder, place(prefix, now - 2000, DEAD));
      const later = join(folder, place(prefix, now + 60_000, stampOf(process.ppid)));
      for (const file of [dead, later]) writeFileSync(file, '');
      writeFileSync(join(folder, `${prefix}nonsense`), '');
      const terminal = new SharedTerminal(fd, folder);
      assert.equal(terminal.takes(), true);
      assert.equal(terminal.isTaken(), false);
      assert.equal(existsSync(dead), false);
      assert.equal(readdirSync(folder).length, 3);
    }),
  ));

test('a program that runs and came before keeps the terminal', () =>
  inFolder({}, (folder) =>
    withDevice((fd, prefix) => {
      writeFileSync(join(folder, place(prefix, monotonicMs() - 2000, stampOf(process.ppid))), '');
      const terminal = new SharedTerminal(fd, folder);
      assert.equal(terminal.takes(), false);
      assert.equal(terminal.isTaken(), true);
      assert.equal(terminal.isWritable(), true);
    }),
  ));

test('without a folder that can be written the program draws all the same', () =>
  withDevice((fd) => assert.equal(new SharedTerminal(fd, '/nowhere').takes(), true)));
