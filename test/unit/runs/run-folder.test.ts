import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { SeriesPoint } from '../../../src/run/series.js';
import { isUnderWay, RunFolder } from '../../../src/runs/folder.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const POINT = { second: 1, committed: 5 } as SeriesPoint;
const SUMMARY = { run_id: 'r', events: 5 } as RunSummary;

test('a run leaves its settings, its series and its summary, and a pid while it lasts', () =>
  withTempFolder(async (logs) => {
    const folder = new RunFolder(logs, 'r', assert.fail);
    await folder.begin({ rate: 5 });
    assert.equal(isUnderWay(folder.path), true);
    folder.append(POINT);
    assert.equal(await folder.conclude(SUMMARY), true);
    await folder.leave();
    const written = readFileSync(join(folder.path, 'summary.json'), 'utf8');
    assert.deepEqual(JSON.parse(written), SUMMARY);
    assert.equal(
      readFileSync(join(folder.path, 'series.ndjson'), 'utf8'),
      '{"second":1,"committed":5}\n',
    );
    assert.deepEqual(JSON.parse(readFileSync(join(folder.path, 'settings.json'), 'utf8')), {
      rate: 5,
    });
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
    await folder.begin({});
    folder.append(POINT);
    folder.append(POINT);
    assert.equal(await folder.conclude(SUMMARY), false);
    assert.deepEqual(codes, ['ENOTDIR', 'ENOTDIR', 'ENOTDIR']);
  }));
