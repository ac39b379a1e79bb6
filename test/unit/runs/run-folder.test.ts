import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { SeriesPoint } from '../../../src/run/series.js';
import type { RunDescription } from '../../../src/runs/description.js';
import { isUnderWay, RunFolder } from '../../../src/runs/folder.js';
import type { LatencyDistributions } from '../../../src/runs/latency.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const POINT = { second: 1, committed: 5 } as SeriesPoint;
const SUMMARY = { run_id: 'r', events: 5 } as RunSummary;
const DESCRIPTION = { run_id: 'r', changed_settings: ['rate'] } as unknown as RunDescription;
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
