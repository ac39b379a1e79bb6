import assert from 'node:assert/strict';
import test from 'node:test';
import { OPTION_KEYS, optionOf } from '../../../src/settings/options.js';
import { withoutSecrets } from '../../../src/settings/settings.js';
import { load } from './helpers.js';

test('the settings in a run folder hold no secret', () => {
  const secrets = OPTION_KEYS.filter((key) => optionOf(key).secret === true);
  assert.deepEqual(secrets, ['db.password', 'kafka.sasl_password']);
  const marked = Object.fromEntries(secrets.map((key) => [optionOf(key).env, `secret of ${key}`]));
  const settings = load({
    env: {
      ...marked,
      PG_HOST: 'db.example',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'reader',
    },
  });
  assert.equal(JSON.stringify(settings).match(/secret of/g)?.length, secrets.length);
  const shown = JSON.stringify(withoutSecrets(settings));
  assert.ok(shown.includes('db.example'));
  assert.ok(!shown.includes('secret of'), shown);
});
