import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

/** A server that does not exist: a dry run must not connect. */
const NOWHERE = { APP_LANG: 'en', PG_HOST: '127.0.0.1', PG_PORT: '1' };

const STAGES = ['--stage', 'ramp:100..2000/60s', '--stage', 'constant:2000/1m'];

test('a dry run draws the load and shares it out without a database', async () => {
  await withTempFolder(async (cwd) => {
    const args = ['stream', ...STAGES, '--workers', '3', '--dry-run'];
    const { code, stdout, stderr } = await runCli(args, { cwd, env: NOWHERE });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /183,000 events in 120 s, up to 2,000 events\/s/);
    assert.match(stdout, /█/);
    assert.match(stdout, /40 %\s+consulta/);
    assert.ok(!existsSync(join(cwd, 'logs', 'runs')));
  });
});

test('a dry run as JSON holds the curve and each worker', async () => {
  await withTempFolder(async (cwd) => {
    const args = ['stream', ...STAGES, '--workers', '8', '--dry-run', '--json'];
    const { code, stdout, stderr } = await runCli(args, { cwd, env: NOWHERE });
    assert.equal(code, 0, stderr);
    const { forecast, workers } = JSON.parse(stdout) as {
      forecast: { events: number; points: unknown[] };
      workers: { share: number }[];
    };
    assert.equal(forecast.events, 183_000);
    assert.ok(forecast.points.length > 10);
    assert.equal(workers.length, 8);
  });
});

test('a dry run has the hazards with their dials, and without hazards no word of them', async () => {
  await withTempFolder(async (cwd) => {
    const dryRun = async (...args: string[]) =>
      (await runCli(['stream', '--dry-run', ...args], { cwd, env: NOWHERE })).stdout;
    const asked = ['--hazard', 'ddl,huge', '--hazard', 'huge=5/1m', '--with', 'prontuario'];
    assert.match(await dryRun(...asked), /^hazards: huge=5\/1m, ddl=10s$/m);
    const { hazards } = JSON.parse(await dryRun(...asked, '--json')) as { hazards: string[] };
    assert.deepEqual(hazards, ['huge=5/1m', 'ddl=10s']);
    assert.doesNotMatch(await dryRun(), /hazard/);
    assert.doesNotMatch(await dryRun('--json'), /hazard/);
  });
});

const NONSENSE: Readonly<Record<string, { args: readonly string[]; sentence: RegExp }>> = {
  'a shape that nobody knows': { args: ['--stage', 'wave:1..2/60s'], sentence: /wave.*ramp:/ },
  'a shape without its length': { args: ['--stage', 'ramp:1..2'], sentence: /ramp:1\.\.2/ },
  'stages beside a rate': { args: [...STAGES, '--rate', '5'], sentence: /exclude each other/ },
  'shedding without a schedule': { args: ['--on-lag', 'shed'], sentence: /on_lag = shed/ },
  'a profile that nobody knows': { args: ['--profile', 'smok'], sentence: /smoke/ },
};

for (const [mistake, { args, sentence }] of Object.entries(NONSENSE)) {
  test(`${mistake} is a configuration error`, async () => {
    await withTempFolder(async (cwd) => {
      const { code, stderr } = await runCli(['stream', ...args], { cwd, env: NOWHERE });
      assert.equal(code, 2, stderr);
      assert.match(stderr, sentence);
    });
  });
}

test('stages may stand in a file as tables, and a profile by name in the package', async () => {
  await withTempFolder(async (cwd) => {
    for (const [profile, events] of Object.entries({ smoke: 750, soak: 150_000 })) {
      const args = ['stream', '--profile', profile, '--dry-run', '--json'];
      const { code, stdout, stderr } = await runCli(args, { cwd, env: NOWHERE });
      assert.equal(code, 0, stderr);
      assert.equal(
        (JSON.parse(stdout) as { forecast: { events: number } }).forecast.events,
        events,
      );
    }
  });
});
