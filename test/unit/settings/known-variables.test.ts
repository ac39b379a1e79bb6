import assert from 'node:assert/strict';
import test from 'node:test';
import { messagesIn } from '../../../src/messages/index.js';
import { misspeltVariables } from '../../../src/settings/known-variables.js';
import { OPTION_KEYS, optionOf } from '../../../src/settings/options.js';
import { complaint, inFolder } from './helpers.js';

const sentences = (...names: readonly string[]) =>
  misspeltVariables(Object.fromEntries(names.map((name) => [name, 'x']))).map((problem) =>
    problem(messagesIn('en')),
  );

const TYPOS: Readonly<Record<string, string>> = {
  PG_HOTS: 'PG_HOST',
  PG_PASWORD: 'PG_PASSWORD',
  PG_SSL_MODE: 'PG_SSLMODE',
  PGHOTS: 'PGHOST',
  DATABSE_URL: 'DATABASE_URL',
  STRAEM_RATE: 'STREAM_RATE',
  STREAM_WORKER: 'STREAM_WORKERS',
  STREAM_BATCH_SIZE: 'BATCH_SIZE',
  STREAM_FAIL_FAST_ON_CRITICAL: 'STREAM_FAIL_FAST',
  BATCH_SISE: 'BATCH_SIZE',
  SEED_PACIENTS: 'SEED_PACIENTES',
  KAFKA_SASL_PASWORD: 'KAFKA_SASL_PASSWORD',
  LOG_LEVLE: 'LOG_LEVEL',
  VERIFY_SORUCE: 'VERIFY_SOURCE',
  pg_host: 'PG_HOST',
};

test('a variable that looks like a typing error of a known one is noticed', () => {
  for (const [name, meant] of Object.entries(TYPOS)) {
    assert.deepEqual(sentences(name), [
      `${name} in the environment is not a setting of this program; did you mean ${meant}?`,
    ]);
  }
});

test('variables of other programs, known ones and empty ones are left in peace', () => {
  const others = [
    ...['PGDATA', 'PGROOT', 'PG_COLOR', 'PG_CONFIG', 'PG_MAJOR', 'PG_VERSION', 'PGTZ', 'PGSERVICE'],
    ...['KAFKA_HOME', 'KAFKA_OPTS', 'KAFKA_HEAP_OPTS', 'KAFKA_LOG_DIRS', 'KAFKA_BROKERS'],
    ...['LOGLEVEL', 'LOG_DIRS', 'LOG_FILE', 'LOGNAME', 'LOGGING_LEVEL', 'LOG_COLORS'],
    ...['STREAM', 'STREAM_NAME', 'STREAM_URL', 'STREAM_DATE', 'STREAM_KEY', 'SEED', 'SEED_URL'],
    ...['APP_NAME', 'APP_ENV', 'APP_KEY', 'LANG', 'LANGUAGE', 'DB_HOST', 'DATABASE_URI'],
    ...['DATABASE_HOST', 'PATCH_SIZE', 'MAX_JOBS', 'HOME', 'PATH', 'PWD', 'SHLVL', 'PAGER'],
  ];
  assert.deepEqual(sentences(...others), []);
  assert.deepEqual(sentences(...OPTION_KEYS.map((key) => optionOf(key).env)), []);
  assert.deepEqual(misspeltVariables({ PG_HOTS: '' }), []);
});

test('in the program’s own file such a name is an error, with the same hint', async () => {
  await inFolder({ 'config/.env': 'STREAM_BATCH_SIZE=5\n' }, (cwd) => {
    assert.match(
      complaint({ cwd }),
      /STREAM_BATCH_SIZE in .*: unknown key; did you mean BATCH_SIZE\?/,
    );
  });
});
