import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { findRun, readRun } from '../../../src/runs/record.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const FIRST = '20261123-201530-a1b2';
const SECOND = '20261124-080000-c3d4';
const THIRD = '20261124-090000-e5f6';

/** Lends `body` a log folder with three runs. */
function withRuns(body: (logs: string) => Promise<void>): Promise<void> {
  return withTempFolder(async (logs) => {
    for (const runId of [SECOND, THIRD, FIRST]) await writeSampleRun(logs, sampleRun({ runId }));
    await body(logs);
  });
}

function refusal(pattern: RegExp) {
  return (error: unknown) =>
    error instanceof OperatorError && error.exitCode === EXIT.usage && pattern.test(error.message);
}

test('a run is read as it was written', () =>
  withTempFolder(async (logs) => {
    for (const run of [sampleRun(), sampleRun({ hazards: true })]) {
      assert.deepEqual(readRun(await writeSampleRun(logs, run)), run);
      await rm(join(logs, 'runs'), { recursive: true });
    }
  }));

test('the last line of a series may be cut off', () =>
  withTempFolder(async (logs) => {
    const run = sampleRun({ killed: true });
    const folder = await writeSampleRun(logs, run);
    await appendFile(join(folder, 'series.ndjson'), '{"at":"2026-11-23T20:18:31.000Z","second":18');
    const read = readRun(folder);
    assert.deepEqual(read.series, run.series);
    assert.equal(read.summary, null);
  }));

test('each file of a run may be missing or half written', () =>
  withTempFolder(async (logs) => {
    const folder = await writeSampleRun(logs, sampleRun());
    await writeFile(join(folder, 'summary.json'), '{"run_id":');
    await rm(join(folder, 'series.ndjson'));
    await rm(join(folder, 'settings.json'));
    await writeFile(join(folder, 'run.json'), '{"run_id":');
    await rm(join(folder, 'latency.json'));
    assert.deepEqual(readRun(folder), {
      summary: null,
      series: [],
      settings: null,
      description: null,
      latency: null,
      verification: null,
      occurrences: [],
      verdicts: [],
      runId: '20261123-201530-a1b2',
    });
  }));

test('without a name the newest run is found; a folder without a record does not count', () =>
  withRuns(async (logs) => {
    await mkdir(join(logs, 'runs', '20261125-000000-ffff'));
    await writeFile(join(logs, 'runs', 'comparison-a_b.html'), '');
    assert.equal(findRun(logs, undefined), join(logs, 'runs', THIRD));
  }));

test('a run is found by its name, a part of it, and the path of its folder or of a file in it', () =>
  withRuns(async (logs) => {
    const folder = join(logs, 'runs', SECOND);
    for (const name of [SECOND, 'c3d4', '20261124-08', folder, join(folder, 'series.ndjson')]) {
      assert.equal(findRun(logs, name), folder, name);
    }
    assert.equal(findRun(logs, `runs/${SECOND}`, logs), folder);
  }));

test('a run is found by the name that it was given, before a path or a part of an id', () =>
  withTempFolder(async (logs) => {
    const [soak, longer] = ['20261125-080000-aaaa-nightly', '20261125-090000-bbbb-nightly-soak'];
    for (const runId of [soak, longer]) await writeSampleRun(logs, sampleRun({ runId }));
    await mkdir(join(logs, 'nightly'));
    assert.equal(findRun(logs, 'nightly', logs), join(logs, 'runs', soak));
    for (const given of ['Nightly soak', 'nightly-s', '090000-bbbb', 'SOAK']) {
      assert.equal(findRun(logs, given, logs), join(logs, 'runs', longer), given);
    }
    const later = '20261126-080000-cccc-nightly';
    await writeSampleRun(logs, sampleRun({ runId: later }));
    const both = new RegExp(`matches several runs \\(${later}, ${soak}\\)`);
    assert.throws(() => findRun(logs, 'Nightly', logs), refusal(both));
  }));

test('a run that was killed at its beginning is found by its name, as `runs list` shows it, and is not the newest', () =>
  withTempFolder(async (logs) => {
    const folder = join(logs, 'runs', FIRST);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'settings.json'), '{}');
    for (const name of [FIRST, 'a1b2']) assert.equal(findRun(logs, name, logs), folder);
    assert.equal(findRun(logs, folder, logs), folder);
    assert.throws(() => findRun(logs, undefined), refusal(/no run is recorded/));
  }));

test('an ambiguous name is refused with the runs that it may be', () =>
  withRuns(async (logs) => {
    assert.throws(
      () => findRun(logs, '20261124'),
      refusal(new RegExp(`several runs \\(${THIRD}, ${SECOND}\\)`)),
    );
  }));

test('an unknown name is refused with the nearest ones', () =>
  withRuns(async (logs) => {
    assert.throws(
      () => findRun(logs, '20261123-201530-a1b3'),
      refusal(/no run .*20261123-201530-a1b2/),
    );
    assert.throws(() => findRun(logs, 'zzz'), refusal(new RegExp(`nearest: ${THIRD}`)));
  }));

test('a folder that is not a run, and a log folder without runs, are refused', () =>
  withTempFolder(async (logs) => {
    assert.throws(() => findRun(logs, undefined), refusal(/no run is recorded/));
    assert.throws(() => findRun(logs, 'anything'), refusal(/no run is recorded/));
    assert.throws(() => findRun(logs, logs), refusal(/does not hold the record of a run/));
  }));
