import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import * as v from 'valibot';
import { COMMAND_FLAGS, COMMANDS, COMMON_SETTINGS } from '../../../src/settings/commands.js';
import { readEnvFile } from '../../../src/settings/env-file.js';
import { OPTION_KEYS, optionOf } from '../../../src/settings/options.js';
import { readToml } from '../../../src/settings/toml.js';
import { load } from './helpers.js';

// The tests run from a folder one below the project's.
const project = new URL('../../../../', import.meta.url);
const toml = readFileSync(new URL('config/settings.toml', project), 'utf8');
const example = readFileSync(new URL('config/.env.example', project), 'utf8');

test('settings.toml as shipped says the built-in defaults, and leaves the server embedded', () => {
  const { given, problems } = readToml(toml, 'settings.toml');
  assert.deepEqual(problems, []);
  for (const [key, { text }] of given) {
    const { kind, fallback } = optionOf(key);
    assert.deepEqual(v.parse(kind.schema, text), v.parse(kind.schema, fallback), key);
  }
  const cwd = '/nowhere';
  const configFile = new URL('config/settings.toml', project).pathname;
  assert.deepEqual(load({ cwd, configFile }), load({ cwd }));
  assert.equal(load({ cwd, configFile }).server, null);
});

test('settings.toml with every comment of an option opened says the built-in defaults too', () => {
  const opened = toml.replaceAll(/^# (?=[a-z_]+ = )/gm, '');
  const { given, problems } = readToml(opened, 'settings.toml');
  assert.deepEqual(problems, []);
  for (const key of OPTION_KEYS) {
    const { kind, fallback } = optionOf(key);
    const name = key.split('.')[1];
    assert.match(toml, new RegExp(`^(# |\\[stream\\.)?${name}( = |\\])`, 'm'));
    const text = given.get(key)?.text ?? '';
    const expected = key === 'db.host' ? 'localhost' : fallback;
    assert.deepEqual(v.parse(kind.schema, text), v.parse(kind.schema, expected), key);
  }
});

test('.env.example loads without problems, and names every option', () => {
  assert.deepEqual(readEnvFile(example, '.env').problems, []);
  const opened = example.replaceAll(/^#(?=[A-Z_]+=)/gm, '');
  const { problems, variables } = readEnvFile(opened, '.env');
  assert.deepEqual(problems, []);
  for (const key of OPTION_KEYS) assert.ok(optionOf(key).env in variables, key);
  const envFile = new URL('config/.env.example', project).pathname;
  const { server } = load({ cwd: '/nowhere', envFile });
  assert.deepEqual(
    [server?.host, server?.user, server?.password],
    ['localhost', 'postgres', 'postgres'],
  );
});

/** They share a flag with an option before them. */
const SHARED = ['seed.workers', 'verify.publication'];

test('environment names are unique, and every flag of an option belongs to a command', () => {
  const names = OPTION_KEYS.flatMap((key) => [optionOf(key).env, ...(optionOf(key).libpq ?? [])]);
  assert.equal(new Set(names).size, names.length);
  const taken = new Set<string>([
    ...COMMON_SETTINGS,
    ...COMMANDS.flatMap((command) => COMMAND_FLAGS[command].settings),
    // A switch that is a setting.
    'no-ledger',
  ]);
  for (const key of OPTION_KEYS) {
    const { flag } = optionOf(key);
    if (flag !== undefined) assert.ok(taken.delete(flag) || SHARED.includes(key), key);
  }
  assert.deepEqual([...taken], []);
});
