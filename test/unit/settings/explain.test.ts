import assert from 'node:assert/strict';
import test from 'node:test';
import { type ExplainedSetting, explainSettings } from '../../../src/settings/explain.js';
import { OPTION_KEYS } from '../../../src/settings/options.js';
import { type Inputs, readSources } from '../../../src/settings/resolve.js';
import { loadSettings } from '../../../src/settings/settings.js';
import { inFolder } from './helpers.js';

function explain(inputs: Partial<Inputs> & { cwd: string }): ExplainedSetting[] {
  const sources = readSources({ flags: {}, env: {}, ...inputs });
  return explainSettings(sources, loadSettings(sources));
}

/** Value and place of every setting that is not the default. */
function changed(inputs: Partial<Inputs> & { cwd: string }): Record<string, unknown> {
  const entries = explain(inputs).filter(({ isDefault }) => !isDefault);
  return Object.fromEntries(entries.map(({ key, value, from }) => [key, [value, from]]));
}

test('each setting says the place that its value came from, the strongest', () =>
  inFolder(
    {
      'config/settings.toml':
        '[stream]\nrate = 10\nworkers = 3\nbatch_size = 50\n[seed]\nscale = 2\n',
      'config/.env': 'STREAM_RATE=20\nBATCH_SIZE=7\n# a comment\nMAX_JITTER_MS=9\n',
      'config/profiles/own.toml': '[stream]\nduration = "5m"\nmax_jitter_ms = 8\n',
    },
    (cwd) => {
      const env = { STREAM_DURATION: '9s', LANG: 'pt_BR.UTF-8', PGAPPNAME: 'mine' };
      assert.deepEqual(changed({ cwd, env, profile: 'own', flags: { workers: '4' } }), {
        'app.lang': ['pt-BR', 'LANG'],
        'db.application_name': ['mine', 'PGAPPNAME'],
        'stream.workers': ['4', '--workers'],
        'seed.workers': ['4', '--workers'],
        'stream.rate': ['20', 'STREAM_RATE (config/.env:1)'],
        'stream.batch_size': ['7', 'BATCH_SIZE (config/.env:2)'],
        'stream.max_jitter_ms': ['8', 'stream.max_jitter_ms (config/profiles/own.toml:3)'],
        'stream.duration': ['9s', 'STREAM_DURATION'],
        'seed.scale': ['2', 'seed.scale (config/settings.toml:6)'],
      });
    },
  ));

test('every setting is there, those that differ from their defaults first', () =>
  inFolder({ 'config/.env': 'BATCH_SIZE=50\nSEED_SCALE=2\n' }, (cwd) => {
    const all = explain({ cwd });
    assert.deepEqual(all.map(({ key }) => key).sort(), [...OPTION_KEYS].sort());
    assert.equal(all[0]?.key, 'seed.scale');
    // Given, and yet the default.
    const batch = all.find(({ key }) => key === 'stream.batch_size');
    assert.deepEqual([batch?.isDefault, batch?.from], [true, 'BATCH_SIZE (config/.env:1)']);
  }));

test('the parts of a URL are shown without its password, and the user that will log in', () =>
  inFolder({}, (cwd) => {
    const url = 'postgresql://ana:s3cret@db.example:6000/hospital?channel_binding=require';
    const env = { DATABASE_URL: url, KAFKA_SASL_PASSWORD: '', STREAM_NOTE: `like ${url}` };
    const all = explain({ cwd, env });
    assert.doesNotMatch(JSON.stringify(all), /s3cret/);
    assert.deepEqual(changed({ cwd, env }), {
      'db.host': ['db.example', 'DATABASE_URL'],
      'db.port': ['6000', 'DATABASE_URL'],
      'db.user': ['ana', 'DATABASE_URL'],
      'db.password': [null, 'DATABASE_URL'],
      'db.database': ['hospital', 'DATABASE_URL'],
      'stream.note': [`like ${url.replace('s3cret', '***')}`, 'STREAM_NOTE'],
      'libpq.channel_binding': ['require', 'DATABASE_URL'],
    });
    const secret = (key: string) => all.find((one) => one.key === key);
    assert.deepEqual(secret('db.password')?.isSet, true);
    assert.deepEqual(secret('kafka.sasl_password')?.isSet, false);
    const user = explain({ cwd, env: { PGHOST: 'db.example' } }).find(
      ({ key }) => key === 'db.user',
    );
    assert.equal(user?.from, 'account');
  }));
