import assert from 'node:assert/strict';
import test from 'node:test';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { runsTable } from '../../../src/report/runs-text.js';
import { listRuns, readKept } from '../../../src/runs/kept.js';
import { findRun } from '../../../src/runs/record.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const RUNS = [
  { runId: '20261123-201530-a1b2' },
  { runId: '20261124-080000-c3d4-nightly', verdict: 'exact' },
  { runId: '20261125-080000-e5f6-nightly', verdict: 'indeterminate' },
  { runId: '20261126-080000-0a0b-before-the-upgrade-of-the-connector', killed: true },
  { runId: '20240126-080000-0a0c-once', verdict: 'violation', rate: 100_000 },
] as const;

test('the table of runs fits 80 columns, and its names name the runs to every command', () =>
  withTempFolder(async (logs) => {
    for (const shape of RUNS) await writeSampleRun(logs, sampleRun(shape));
    const kept = listRuns(logs).map(readKept);
    for (const language of LANGUAGES) {
      const lines = runsTable(messagesIn(language), language, kept).trimEnd().split('\n');
      assert.equal(lines.length, RUNS.length + 1);
      for (const line of lines) assert.ok(line.length <= 80, line);
      const named = lines.slice(1).map((line) => {
        const [name = ''] = /\S+$/.exec(line) ?? [];
        return findRun(logs, name.replace('…', ''));
      });
      assert.deepEqual(
        named,
        kept.map(({ folder }) => folder),
      );
    }
  }));

test('a run is listed with its worst reason: a violation, a failed threshold, its end', () =>
  withTempFolder(async (logs) => {
    for (const shape of RUNS) await writeSampleRun(logs, sampleRun(shape));
    const kept = listRuns(logs).map(readKept);
    const rows = runsTable(messagesIn('en'), 'en', kept)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/));
    const verdicts = rows.map((cells) => cells.at(-2));
    assert.deepEqual(verdicts, ['killed', 'not held', 'not held', 'not held', 'violation']);
    // A year ago and more, the year matters more than the time.
    assert.equal(rows.at(-1)?.[0], '2024-01-26');
    assert.deepEqual(rows[0]?.slice(1, 4), ['3:00', '3 stages', '170,449']);
  }));
