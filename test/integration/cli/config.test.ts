import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import { OPTION_KEYS } from '../../../src/settings/options.js';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const PASSWORD = 's3nha-secreta';

interface Shown {
  readonly key: string;
  readonly value?: string;
  readonly set?: boolean;
  readonly from: string;
}

test('config show has the settings that differ, with their places, and --all has every one', () =>
  withTempFolder(async (cwd) => {
    const env = { DATABASE_URL: `postgresql://ana:${PASSWORD}@127.0.0.1:1/hospital` };
    const show = (...args: string[]) => runCli(['config', 'show', ...args], { cwd, env });
    // Nothing listens at the port: no server is asked.
    const some = await show('--rate', '100', '--batch-size', '7', '--no-ledger', '--wait', '3s');
    assert.equal(some.code, 0, some.stderr);
    for (const line of [
      /^Server: ana on 127\.0\.0\.1:1, database hospital$/m,
      /^db\.password +\(set\) +DATABASE_URL$/m,
      /^stream\.rate +100 +--rate$/m,
      /^stream\.ledger +false +--no-ledger$/m,
      /^verify\.wait_seconds +3s +--wait$/m,
      /^\d+ other settings have their defaults; --all shows them\.$/m,
    ]) {
      assert.match(some.stdout, line);
    }
    assert.doesNotMatch(some.stdout, /stream\.workers/);
    const all = await show('--all', '--json');
    const { server, settings } = JSON.parse(all.stdout) as { server: object; settings: Shown[] };
    assert.deepEqual(server, { host: '127.0.0.1', port: 1, user: 'ana', database: 'hospital' });
    const by = (key: string) => settings.find((one) => one.key === key);
    assert.deepEqual(by('stream.workers')?.from, 'default');
    assert.deepEqual([by('kafka.sasl_password')?.set, by('db.password')?.set], [false, true]);
    assert.equal(settings.length, OPTION_KEYS.length);
    assert.ok(![some.stdout, all.stdout].some((text) => text.includes(PASSWORD)));
    assert.deepEqual(await readdir(cwd), []);
  }));

test('config show reports what is wrong as any command does', () =>
  withTempFolder(async (cwd) => {
    const args = ['config', 'show', '--rate', 'fast', '--keep', 'x', '--dry-run'];
    const { code, stderr } = await runCli(args, { cwd, env: { BATCH_SIZE: '0' } });
    assert.equal(code, 2);
    for (const place of [/--rate: /, /--keep: /, /BATCH_SIZE in the environment: /]) {
      assert.match(stderr, place);
    }
    assert.match(stderr, /--dry-run: the command config has no such option/);
  }));
