import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { changedSettings } from '../../../src/settings/settings.js';
import { load } from './helpers.js';

test('settings with their defaults are not listed as changed', () => {
  assert.deepEqual(changedSettings(load({}), tmpdir()), []);
});

test('changed settings have the keys of settings.json, and a server is one of them', () => {
  const settings = load({
    flags: { rate: '500', threshold: 'response.p99<50ms' },
    env: { PG_HOST: 'db.example', SEED_PACIENTES: '5', STREAM_WORKERS: '5' },
  });
  assert.deepEqual(changedSettings(settings, tmpdir()).sort(), [
    'seed.volumes.pacientes',
    'server',
    'stream.rate',
    'stream.thresholds',
  ]);
});
