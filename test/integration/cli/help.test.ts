import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../../src/lib/package-root.js';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const COMMON = ['config', 'env-file', 'profile', 'lang', 'log-level', 'json', 'help'];
const STREAM = [
  'workers',
  'rate',
  'stage',
  'arrivals',
  'on-lag',
  'threshold',
  'junit',
  'interval',
  'batch-size',
  'jitter',
  'duration',
  'max-events',
  'rng',
  'only',
  'update-ratio',
  'delete-ratio',
  'name',
  'note',
];
const SEED = ['scale', 'workers', 'rng'];

/** The flags that scripts rely on, listed once more: none may vanish unnoticed. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  start: [...STREAM, 'scale', 'no-ledger'],
  'init-db': [],
  seed: SEED,
  stream: [...STREAM, 'no-ledger', 'dry-run'],
  reset: [...SEED, 'yes', 'drop-foreign-tables'],
  counts: [],
  check: [],
  runs: ['keep', 'older-than', 'yes', 'dry-run'],
  report: [],
  ledger: [],
  doctor: ['publication', 'slot', 'role'],
  metrics: [],
  help: [],
  verify: ['source', 'publication', 'wait', 'sample', 'memory', 'create-slot', 'skip-malformed'],
  'demo-cdc': ['workers', 'rate', 'batch-size', 'duration', 'rng', 'name', 'note'],
  pause: [],
  resume: [],
  db: [],
  config: ['all'],
  completion: [],
};

/** The widest line that a usual terminal shows without breaking it in an ugly way. */
const WIDTH = 100;

for (const lang of ['pt-BR', 'en']) {
  test(`--help of every command explains every promised flag, in ${lang}`, async () => {
    await withTempFolder(async (cwd) => {
      for (const command of Object.keys(PROMISED)) {
        const asked = await runCli([command, '--help', '--lang', lang], { cwd });
        const { code, stdout, stderr } = asked;
        assert.equal(code, 0);
        assert.equal(stderr, '');
        assert.match(stdout, lang === 'en' ? /^Usage:$/m : /^Uso:$/m);
        for (const flag of [...COMMON, ...(PROMISED[command] ?? [])]) {
          assert.match(stdout, new RegExp(`--${flag}[ \\n]`), `${command} --${flag}`);
        }
        assert.ok(stdout.endsWith('\n') && !stdout.endsWith('\n\n'));
        for (const line of stdout.split('\n')) assert.ok([...line].length <= WIDTH, line);
      }
    });
  });
}

test('help and help COMMAND are what --help shows; a word that is not a command is refused', async () => {
  await withTempFolder(async (cwd) => {
    const run = async (...args: string[]) => await runCli(args, { cwd });
    assert.deepEqual(await run('help'), await run('--help'));
    assert.deepEqual(await run('help', 'stream'), await run('stream', '--help'));
    assert.deepEqual(await run('help', 'ledger', 'show'), await run('ledger', '--help'));
    const { code, stdout, stderr } = await run('help', 'streem');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /"streem": unknown command; did you mean stream\?/);
    // Help reads no settings that it does not need.
    assert.equal((await runCli(['help'], { cwd, env: { BATCH_SIZE: 'x' } })).code, 0);
  });
});

test('metrics names every figure of a threshold, with its units', async () => {
  await withTempFolder(async (cwd) => {
    const { code, stdout } = await runCli(['metrics', '--json'], { cwd });
    assert.equal(code, 0);
    const { metrics } = JSON.parse(stdout) as { metrics: { name: string; units: string[] }[] };
    const units = Object.fromEntries(metrics.map((metric) => [metric.name, metric.units]));
    assert.deepEqual(units['response.p99'], ['us', 'ms', 's', 'm']);
    assert.deepEqual(units.rejected, []);
    assert.ok(units['slot.<name>.retained']?.includes('GB'));
    const { stdout: text } = await runCli(['metrics'], { cwd });
    assert.match(text, /^slot\.<name>\.retained\|lag +B, kB/m);
  });
});

test('the general help names every command, --version is that of the package', async () => {
  await withTempFolder(async (cwd) => {
    const help = await runCli(['--help'], { cwd });
    assert.equal(help.code, 0);
    for (const command of Object.keys(PROMISED)) {
      assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
    }
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    const answer = await runCli(['--version'], { cwd });
    assert.equal(answer.stdout, `${version}\n`);
    assert.equal(answer.code, 0);
  });
});

test('APP_LANG chooses the language, --lang has the last word', async () => {
  await withTempFolder(async (cwd) => {
    const env = { APP_LANG: 'en' };
    assert.match((await runCli(['seed', '--help'], { cwd, env })).stdout, /^Usage:$/m);
    const both = await runCli(['seed', '--help', '--lang', 'pt-BR'], { cwd, env });
    assert.match(both.stdout, /^Uso:$/m);
  });
});
