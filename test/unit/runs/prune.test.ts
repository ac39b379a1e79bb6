import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runNames } from '../../../src/runs/folder.js';
import { type FoundRun, listRuns } from '../../../src/runs/kept.js';
import { deleteRun, removeRemains, runsToPrune } from '../../../src/runs/prune.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
const NOW = Date.parse('2026-11-29T12:00:00Z');

/** Runs that began so many days ago, named after that; the newest first. */
function runsOf(days: readonly number[], underWay: readonly number[] = []): FoundRun[] {
  return days.map((age) => ({
    runId: String(age),
    folder: `/logs/runs/${age}`,
    began: NOW - age * DAY_MS,
    underWay: underWay.includes(age),
  }));
}

test('a run is deleted when no limit keeps it', () => {
  const runs = runsOf([0, 1, 5, 31, 40]);
  const chosen = (keep: number | null, days: number | null) =>
    runsToPrune(
      runs,
      { keep, olderThanSeconds: days === null ? null : days * DAY_SECONDS },
      NOW,
    ).map(({ runId }) => runId);
  assert.deepEqual(chosen(2, null), ['5', '31', '40']);
  assert.deepEqual(chosen(null, 30), ['31', '40']);
  assert.deepEqual(chosen(4, 30), ['40']);
  assert.deepEqual(chosen(1, 30), ['31', '40']);
  assert.deepEqual(chosen(0, null), ['0', '1', '5', '31', '40']);
  assert.deepEqual(chosen(9, 0), []);
});

test('a run that is under way is kept by every limit', () => {
  const runs = runsOf([0, 1, 5], [5, 0]);
  const limits = { keep: 0, olderThanSeconds: 0 };
  assert.deepEqual(
    runsToPrune(runs, limits, NOW).map(({ runId }) => runId),
    ['1'],
  );
});

test('a folder that is just being made is a run that is under way; an old one was killed', () =>
  withTempFolder(async (logs) => {
    const folder = join(logs, 'runs', '20261129-110000-aaaa');
    await mkdir(join(folder, 'ledger'), { recursive: true });
    assert.deepEqual(
      listRuns(logs).map(({ underWay }) => underWay),
      [true],
    );
    const before = new Date(Date.now() - DAY_MS);
    await utimes(folder, before, before);
    assert.deepEqual(
      listRuns(logs).map(({ underWay }) => underWay),
      [false],
    );
  }));

test('folders and files that no run made are no runs', () =>
  withTempFolder(async (logs) => {
    const run = sampleRun();
    await writeSampleRun(logs, run);
    await mkdir(join(logs, 'runs', 'my-notes'));
    await writeFile(join(logs, 'runs', 'comparison-a_b.html'), '');
    assert.deepEqual(
      listRuns(logs).map(({ runId }) => runId),
      [run.runId],
    );
  }));

test('what a killed prune left is no run, and the next prune removes it', () =>
  withTempFolder(async (logs) => {
    const run = sampleRun();
    const folder = await writeSampleRun(logs, run);
    await writeSampleRun(logs, { ...run, runId: `.deleted-${run.runId}` });
    assert.deepEqual(runNames(logs), [run.runId]);
    removeRemains(logs);
    assert.deepEqual(await readdir(join(logs, 'runs')), [run.runId]);
    deleteRun(folder);
    assert.deepEqual(await readdir(join(logs, 'runs')), []);
    assert.equal(existsSync(folder), false);
  }));
