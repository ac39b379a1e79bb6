import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import * as v from 'valibot';
import { HAZARD_NAMES } from '../../../src/hazards/hazards.js';
import { parseHazard, parseHazards } from '../../../src/hazards/parse.js';
import { COMMANDS } from '../../../src/settings/commands.js';
import { readEnvFile } from '../../../src/settings/env-file.js';
import { COMMON_FLAGS, flagsOf, SWITCH_NAMES, VALUE_FLAGS } from '../../../src/settings/flags.js';
import { OPTION_KEYS, optionOf } from '../../../src/settings/options.js';
import { readToml } from '../../../src/settings/toml.js';
import { load } from './helpers.js';

// The tests run from dist/, one folder below the project's.
const project = new URL('../../../../', import.meta.url);
const toml = readFileSync(new URL('config/settings.toml', project), 'utf8');
const example = readFileSync(new URL('config/.env.example', project), 'utf8');

/** Examples of a value that is not the default: a server of one's own, and Portuguese wherever the program runs. */
const SHOWN_OTHERWISE = ['PG_HOST', 'PG_PASSWORD', 'APP_LANG'];

test('settings.toml as shipped says the built-in defaults, and leaves the server embedded', () => {
  const { given, problems } = readToml(toml, 'settings.toml');
  assert.deepEqual(problems, []);
  for (const [key, { text }] of given) {
    const { validator, default: standard } = optionOf(key);
    assert.deepEqual(v.parse(validator.schema, text), v.parse(validator.schema, standard), key);
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
    const { validator, default: standard } = optionOf(key);
    const name = key.split('.')[1];
    assert.match(toml, new RegExp(`^(# |\\[stream\\.)?${name}( = |\\])`, 'm'));
    const text = given.get(key)?.text ?? '';
    const expected = key === 'db.host' ? 'localhost' : standard;
    assert.deepEqual(v.parse(validator.schema, text), v.parse(validator.schema, expected), key);
  }
});

test('.env.example loads without problems, and names every option with its default', () => {
  assert.deepEqual(readEnvFile(example, '.env').problems, []);
  const opened = example.replaceAll(/^#(?=[A-Z_]+=)/gm, '');
  const { problems, variables } = readEnvFile(opened, '.env');
  assert.deepEqual(problems, []);
  for (const key of OPTION_KEYS) {
    const { env, default: standard } = optionOf(key);
    if (!SHOWN_OTHERWISE.includes(env)) assert.equal(variables[env], standard, key);
    assert.ok(env in variables, key);
  }
  const envFile = new URL('config/.env.example', project).pathname;
  const { server } = load({ cwd: '/nowhere', envFile });
  assert.deepEqual(
    [server?.host, server?.user, server?.password],
    ['localhost', 'postgres', 'postgres'],
  );
});

test('settings.toml shows every hazard, with its usual value', () => {
  const opened = toml.replaceAll(/^# ( {2}[a-z-]+ = |\[hazards\])/gm, '$1');
  const { given, problems } = readToml(
    `[hazards]${opened.split('[hazards]').at(-1)}`,
    'the example',
  );
  assert.deepEqual(problems, []);
  const { all, named } = parseHazards(given.get('stream.hazards')?.text ?? '')!;
  assert.ok(all);
  assert.deepEqual(Object.keys(named), [...HAZARD_NAMES]);
  for (const name of HAZARD_NAMES) {
    const usual = name === 'publication' ? `${name}=cdc` : name;
    assert.deepEqual(named[name], parseHazard(usual)?.dial, name);
  }
});

test('environment names are unique, and a command has one option for each flag', () => {
  const names = OPTION_KEYS.flatMap((key) => [optionOf(key).env, ...(optionOf(key).libpq ?? [])]);
  assert.equal(new Set(names).size, names.length);
  for (const command of COMMANDS) {
    const { settings, switches } = flagsOf(command);
    const flags = [...settings, ...switches, ...COMMON_FLAGS.settings, ...COMMON_FLAGS.switches];
    assert.equal(new Set(flags).size, flags.length, command);
  }
  for (const key of OPTION_KEYS) {
    const { flag, deniedBy, enabledBy } = optionOf(key);
    if (flag !== undefined) assert.ok(VALUE_FLAGS.includes(flag.name), key);
    for (const name of [deniedBy, enabledBy]) {
      if (name !== undefined) assert.ok(SWITCH_NAMES.includes(name), key);
    }
  }
});

test('make help has a line for every target', () => {
  const makefile = readFileSync(new URL('Makefile', project), 'utf8');
  const [, targets = ''] = /^\.PHONY: (.*)$/m.exec(makefile) ?? [];
  assert.match(targets, /start test/);
  for (const target of targets.split(' ')) {
    assert.match(makefile, new RegExp(`^${target}:.* ## \\S`, 'm'));
  }
});
