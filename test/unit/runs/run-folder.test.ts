import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { HazardReport } from '../../../src/run/protocol.js';
import type { SeriesPoint } from '../../../src/run/series.js';
import type { RunDescription } from '../../../src/runs/description.js';
import { isUnderWay, RunFolder } from '../../../src/runs/folder.js';
import { occurrenceOf } from '../../../src/runs/hazards.js';
import type { LatencyDistributions } from '../../../src/runs/latency.js';
import { readRun } from '../../../src/runs/record.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const POINT = { second: 1, committed: 5 } as SeriesPoint;
const SUMMARY = { run_id: 'r', events: 5 } as RunSummary;
const DESCRIPTION = { run_id: 'r', changed_settings: ['rate'] } as unknown as RunDescription;
const ADDED_COLUMN: HazardReport = {
  kind: 'hazard',
  name: 'ddl',
  atMs: 60_000,
  lengthMs: 31,
  rows: 2,
  lsn: '0/16B3748',
  detail: { change: 'add-column', table: 'prontuarios', stays: false },
};
const LATENCY: LatencyDistributions = { response: [{ one_in: 5, ms: 1 }], service: [], lag: [] };

test('a run leaves its settings, its series and its summary, and a pid while it lasts', () =>
  withTempFolder(async (logs) => {
    const folder = new RunFolder(logs, 'r', assert.fail);
    await folder.begin(DESCRIPTION, { rate: 5 });
    assert.equal(isUnderWay(folder.path), true);
    folder.append(POINT);
    assert.equal(await folder.conclude(SUMMARY, LATENCY), true);
    await folder.leave();
    const written = readFileSync(join(folder.path, 'summary.json'), 'utf8');
    assert.deepEqual(JSON.parse(written), SUMMARY);
    assert.equal(
      readFileSync(join(folder.path, 'series.ndjson'), 'utf8'),
      '{"second":1,"committed":5}\n',
    );
    const read = (file: string) => JSON.parse(readFileSync(join(folder.path, file), 'utf8'));
    assert.deepEqual(read('settings.json'), { rate: 5 });
    assert.deepEqual(read('run.json'), DESCRIPTION);
    assert.deepEqual(read('latency.json'), LATENCY);
    assert.equal(existsSync(join(folder.path, 'pid')), false);
  }));

test('timed hazards are lines of a file that only runs with hazards have', () =>
  withTempFolder(async (logs) => {
    const folder = new RunFolder(logs, 'r', assert.fail);
    await folder.begin(DESCRIPTION, {});
    const file = join(folder.path, 'hazards.ndjson');
    assert.equal(existsSync(file), false);
    const now = new Date('2026-11-23T20:16:30.250Z');
    const added = occurrenceOf(ADDED_COLUMN, now);
    folder.appendHazard(added);
    folder.appendHazard({ ...added, name: 'huge', change: null });
    const whole =
      '{"at":"2026-11-23T20:16:30.250Z","name":"ddl","length_ms":31,"rows":2,"lsn":"0/16B3748","change":{"name":"add-column","table":"prontuarios","stays":false}}';
    const [first, second] = readFileSync(file, 'utf8').split('\n');
    assert.equal(first, whole);
    // A killed run leaves half a line.
    appendFileSync(file, whole.slice(0, 40));
    const read = readRun(folder.path).occurrences;
    assert.deepEqual(read, [added, JSON.parse(second ?? '')]);
  }));

test('a folder that cannot be written to is reported, once for all points, and no reason to throw', () =>
  withTempFolder(async (logs) => {
    // A file in the place of the folder of all runs.
    writeFileSync(join(logs, 'runs'), '');
    const codes: (string | undefined)[] = [];
    const folder = new RunFolder(logs, 'r', (error) => {
      codes.push((error as NodeJS.ErrnoException).code);
    });
    await folder.begin(DESCRIPTION, {});
    folder.append(POINT);
    folder.append(POINT);
    assert.equal(await folder.conclude(SUMMARY, LATENCY), false);
    assert.deepEqual(codes, ['ENOTDIR', 'ENOTDIR', 'ENOTDIR']);
  }));
