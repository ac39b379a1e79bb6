import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { assertRefused, readDocument } from './refusals.js';

interface Case {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files below the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly sentence: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  'an unknown flag': { args: ['stream', '--wrokers', '2'], sentence: /--wrokers.*--workers\?/ },
  'an unknown command': { args: ['strem'], sentence: /strem.*stream\?/ },
  'a flag of another command': { args: ['counts', '--rate', '5'], sentence: /--rate.*counts/ },
  'a second command': { args: ['counts', 'check'], sentence: /"check"/ },
  'a flag without its value': { args: ['stream', '--rate'], sentence: /--rate/ },
  'no worker': { args: ['stream', '--workers', '0'], sentence: /--workers.*"0".*1 to 256/ },
  'a negative rate': { args: ['stream', '--rate', '-5'], sentence: /--rate.*"-5"/ },
  'a rate in letters': { args: ['stream', '--rate', 'abc'], sentence: /--rate.*"abc".*max/ },
  'an enormous batch': { args: ['stream', '--batch-size', '1e9'], sentence: /--batch-size.*"1e9"/ },
  'a negative interval': { args: ['stream', '--interval', '-1'], sentence: /--interval.*"-1"/ },
  'shares above 1': {
    args: ['stream', '--update-ratio', '0.7', '--delete-ratio', '0.5'],
    sentence: /--update-ratio.*--delete-ratio.*above 1/,
  },
  'an event type that does not exist': {
    args: ['stream', '--only', 'cirurgia'],
    sentence: /--only.*"cirurgia".*consulta/,
  },
  'a port that cannot be': {
    args: ['counts'],
    env: { PG_HOST: 'localhost', PG_PORT: '99999' },
    sentence: /PG_PORT.*"99999".*65535/,
  },
  'a URL that is none': {
    args: ['counts'],
    env: { DATABASE_URL: 'mysql://u:secreta@h/d' },
    sentence: /DATABASE_URL.*postgresql:\/\//,
  },
  'a configuration file that is not there': {
    args: ['counts', '--config', 'missing.toml'],
    sentence: /missing\.toml.*ENOENT/,
  },
  'a configuration file that cannot be read': {
    args: ['counts', '--config', 'folder'],
    files: { 'folder/x': '' },
    sentence: /folder.*EISDIR/,
  },
  'an unknown key in settings.toml': {
    args: ['counts'],
    files: { 'config/settings.toml': '[stream]\nbatchsize = 5\n' },
    sentence: /batchsize.*settings\.toml.*batch_size\?/,
  },
  'an unknown table in settings.toml': {
    args: ['counts'],
    files: { 'config/settings.toml': '[streams]\nworkers = 5\n' },
    sentence: /\[streams\].*\[stream\]\?/,
  },
  'an unknown key in .env': {
    args: ['counts'],
    files: { 'config/.env': 'BATCH_SIZES=5\n' },
    sentence: /BATCH_SIZES.*\.env.*BATCH_SIZE\?/,
  },
  'a syntax error in TOML': {
    args: ['counts'],
    files: { 'config/settings.toml': '[stream]\nworkers = = 5\n' },
    sentence: /settings\.toml, line 2: .*`workers = = 5`/,
  },
};

for (const [name, { args, env = {}, files = {}, sentence }] of Object.entries(CASES)) {
  test(`${name} is refused in one sentence, and nothing is written`, async () => {
    await withTempFolder(async (cwd) => {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(join(cwd, path, '..'), { recursive: true });
        await writeFile(join(cwd, path), content);
      }
      const before = await readdir(cwd);
      const result = await runCli(args, { cwd, env });
      assertRefused(result, 2, sentence);
      assert.doesNotMatch(result.stderr, /secreta/);
      assert.deepEqual(await readdir(cwd), before);
    });
  });
}

test('a variable that looks like a typing error is noticed once, and is no error', async () => {
  await withTempFolder(async (cwd) => {
    const env = { PG_HOTS: 'db.example', KAFKA_OPTS: '-Xmx1g' };
    const { code, stdout, stderr } = await runCli(['metrics', '--json'], { cwd, env });
    assert.equal(code, 0);
    assert.doesNotThrow(() => JSON.parse(stdout));
    assert.match(stderr, /^.* WARNING .*PG_HOTS.*did you mean PG_HOST\?\n$/);
  });
});

test('a missing .env file is refused, by Node itself where it takes the flag for its own', async () => {
  await withTempFolder(async (cwd) => {
    const result = await runCli(['counts', '--env-file', 'missing.env'], { cwd });
    // Node 20 interprets this flag after the script's name, too.
    if (result.code === 9) assert.match(result.stderr, /: missing\.env: not found\n$/);
    else assertRefused(result, 2, /missing\.env.*ENOENT/);
  });
});

test('all problems are reported at once, in the language asked for', async () => {
  await withTempFolder(async (cwd) => {
    await mkdir(join(cwd, 'config'));
    await writeFile(
      join(cwd, 'config/settings.toml'),
      '[stream]\ncolour = 1\nmax_jitter_ms = -1\n',
    );
    await writeFile(join(cwd, 'config/.env'), 'LOG_LEVEL=loud\n');
    const { code, stderr } = await runCli(
      ['stream', '--workers', '0', '--rate', 'abc', '--wat', '--lang', 'en'],
      { cwd, env: { PG_PORT: '0' } },
    );
    assert.equal(code, 2);
    const [title, ...problems] = stderr.trimEnd().split('\n');
    assert.match(title!, /^invalid configuration, 7 problems:$/);
    const wrong = ['--wat', '--workers', '--rate', 'PG_PORT', 'LOG_LEVEL', 'colour', 'max_jitter'];
    for (const key of wrong) {
      assert.equal(problems.filter((line) => line.includes(key)).length, 1, `${key}: ${stderr}`);
    }
  });
});

test('with --json an error is the one document on stdout', async () => {
  await withTempFolder(async (cwd) => {
    const wrong = [['stream', '--rate', 'abc', '--json'], ['nope', '--json'], ['--json']];
    for (const args of wrong) {
      const result = await runCli(args, { cwd });
      assert.equal(result.code, 2);
      const { error, exit_code } = readDocument<{ error: string; exit_code: number }>(result);
      assert.equal(exit_code, 2);
      assert.notEqual(error, '');
    }
  });
});

test('without a command the help goes to stderr, with the exit code of a wrong usage', async () => {
  await withTempFolder(async (cwd) => {
    const { code, stdout, stderr } = await runCli([], { cwd });
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^oltp-simulator: .*\n(.*\n)+ +stream /);
  });
});
