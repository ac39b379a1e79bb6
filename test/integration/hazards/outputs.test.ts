import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { addHazards } from '../../../src/hazards/times.js';
import { runsPath } from '../../../src/runs/folder.js';
import { findRun, readRun } from '../../../src/runs/record.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { type CliResult, runCli } from '../../helpers/cli.js';
import { startServer } from '../../helpers/server.js';
import { withPlainWorkspace } from '../../helpers/workspace.js';

const server = await startServer(18, { settings: { wal_level: 'logical' } });

/** `long` is due an hour from the start. */
const HAZARDS = 'rollback=50%,huge=2000/1s,long=1s/1h';
const NEVER = 'hazards that never happened: long — what did not bite proves nothing; run longer, ';

function documentOf<T>({ code, stdout, stderr }: CliResult): T {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

test('what happened is in the summary, the log, the folder and the page of a run, and what never did is said', () =>
  withPlainWorkspace(server, async ({ cwd, env }) => {
    const run = (args: string) => runCli(args.split(' '), { cwd, env });
    const load = 'stream --json --rate 200 --batch-size 10 --duration 3s';
    const ended = await run(
      `${load} --hazard ${HAZARDS} --threshold hazard_huge>=1 --log-level DEBUG`,
    );
    const { hazards, thresholds } = documentOf<RunSummary>(ended);
    assert.deepEqual(Object.keys(hazards ?? {}), ['rollback', 'huge', 'long']);
    assert.deepEqual(hazards?.long, 0);
    assert.deepEqual(
      thresholds.map(({ held, value }) => [held, value]),
      [[true, hazards?.huge]],
    );

    const logs = join(cwd, 'logs');
    const record = readRun(findRun(logs, undefined));
    const { huge, ...others } = addHazards(record.series.map((point) => point.hazards ?? {}));
    assert.deepEqual({ ...others, huge, long: 0 }, hazards);
    assert.equal(record.occurrences.length, hazards?.huge);
    for (const { name, rows, lsn, length_ms } of record.occurrences) {
      assert.deepEqual([name, rows >= 2000, length_ms > 0], ['huge', true, true]);
      assert.match(lsn ?? '', /^[0-9A-F]+\/[0-9A-F]+$/);
    }

    assert.ok(ended.stderr.includes(`WARNING oltp.simulator [stream] - ${NEVER}`), ended.stderr);
    assert.match(ended.stderr, /INFO .* - hazard huge: 2,000 rows, [\d.,]+ m?s, LSN /);
    assert.match(ended.stderr, /DEBUG .* - hazards: rollback \d+\n/);
    const page = readFileSync(join(runsPath(logs), record.runId, 'report.html'), 'utf8');
    assert.match(page, /<code>long<\/code> was asked for and never happened in this run/);

    const shown = await run('runs show');
    assert.match(
      shown.stdout,
      new RegExp(`\\n  hazards  rollback \\d+, huge \\d\\n  ${NEVER}.*\\n`),
    );
    const translated = await run('runs show --lang pt-BR');
    assert.match(translated.stdout, /\n {2}hazards que nunca aconteceram: long — /);
    const calm = await run(load);
    assert.equal('hazards' in documentOf<RunSummary>(calm), false);
    assert.doesNotMatch(calm.stderr, /hazard/);
    assert.equal(existsSync(join(findRun(logs, undefined), 'hazards.ndjson')), false);
    const { runs } = documentOf<{ runs: readonly Pick<RunSummary, 'hazards'>[] }>(
      await run('runs list --json'),
    );
    assert.deepEqual(
      runs.map((each) => each.hazards),
      [undefined, hazards],
    );
  }));
