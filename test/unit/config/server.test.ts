import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Variables } from '../../../src/config/variables.js';
import { complaint, inFolder, load } from './helpers.js';

const serverFrom = (env: Variables) => load({ env }).server;

test('without a word about a server, the embedded one is used', () => {
  assert.equal(serverFrom({}), null);
  assert.equal(serverFrom({ PGHOST: '', DATABASE_URL: '', PG_HOST: '' }), null);
  assert.equal(serverFrom({ PG_DATABASE: 'other', PGSSLMODE: 'require' }), null);
  assert.equal(load({ env: { PG_DATABASE: 'other' } }).db.database, 'other');
});

test("each of libpq's variables, DATABASE_URL and PG_HOST name a server", async () => {
  for (const name of ['PGHOST', 'PGHOSTADDR', 'PGUSER', 'PGPASSWORD', 'PGDATABASE', 'PG_HOST']) {
    assert.notEqual(serverFrom({ [name]: 'x' }), null, name);
  }
  assert.equal(serverFrom({ PGPORT: '6000' })?.port, 6000);
  await inFolder({ 'config/settings.toml': '[db]\nhost = "h"\n' }, (cwd) => {
    assert.equal(load({ cwd }).server?.host, 'h');
  });
});

test('what is not said of a server has its usual value', () => {
  assert.deepEqual(serverFrom({ PG_HOST: 'h' }), {
    host: 'h',
    port: 5432,
    user: 'postgres',
    password: null,
    database: 'hospital_oltp',
    sslMode: 'prefer',
    sslRootCert: null,
    sslCert: null,
    sslKey: null,
    searchPath: 'public',
    connectTimeoutSeconds: 10,
    applicationName: 'oltp-simulator',
  });
  assert.equal(serverFrom({ PGHOST: 'h' })?.user, userInfo().username);
  assert.equal(serverFrom({ PGPORT: '1' })?.host, 'localhost');
});

test('in one place DATABASE_URL beats PG_…, which beats PG…; and the environment beats .env', async () => {
  const env = {
    DATABASE_URL: 'postgres://u@a',
    PG_HOST: 'b',
    PG_PORT: '2',
    PGHOST: 'c',
    PGPORT: '3',
    PGPASSWORD: 'p',
  };
  const server = serverFrom(env);
  assert.deepEqual([server?.host, server?.port, server?.password], ['a', 2, 'p']);
  await inFolder({ 'config/.env': 'DATABASE_URL=postgres://u:s@a:5/d\n' }, (cwd) => {
    const mixed = load({ cwd, env: { PGHOST: 'c' } }).server;
    assert.deepEqual([mixed?.host, mixed?.port, mixed?.database], ['c', 5, 'd']);
  });
});

test('a URL is read as libpq reads it', () => {
  const full = serverFrom({
    DATABASE_URL:
      'postgresql://us%40er:p%40ss%2Fw%25@[::1]:6000/my%20db?sslmode=disable&application_name=a%26b&connect_timeout=3',
  });
  assert.equal(full?.user, 'us@er');
  assert.equal(full?.password, 'p@ss/w%');
  assert.equal(full?.host, '::1');
  assert.equal(full?.port, 6000);
  assert.equal(full?.database, 'my db');
  assert.equal(full?.sslMode, 'disable');
  assert.equal(full?.applicationName, 'a&b');
  assert.equal(full?.connectTimeoutSeconds, 3);
  assert.equal(serverFrom({ DATABASE_URL: 'postgres:///d?host=/run/pg' })?.host, '/run/pg');
  assert.equal(serverFrom({ DATABASE_URL: 'postgres://u@/d?host=/run/pg' })?.user, 'u');
  assert.equal(serverFrom({ DATABASE_URL: 'postgres://%2Frun%2Fpg/d' })?.host, '/run/pg');
});

test('a URL that cannot be used is refused, and its password shown to nobody', () => {
  const cases: readonly [url: string, expected: RegExp][] = [
    ['mysql://u:hunter2@h/d', /cannot be read/],
    ['postgres://u:hun@ter2@h/d', /cannot be read/],
    ['postgres://u:hunter2@h:1:2/d', /cannot be read/],
    ['postgres://u:hunter2@h1,h2/d', /several hosts/],
    ['postgres://u:hunter2%zz@h/d', /\(password\): invalid % encoding/],
    ['postgres://u:hunter2@h:99999/d', /DATABASE_URL in the environment \(port\): .*99999.*65535/],
    ['postgres://u:hunter2@h/d?options=-csearch_path%3Dhunter2', /parameter options is not/],
    ['postgres://u@h/d?password=hunter2', /parameter password is not/],
    ['postgres://u:hunter2@h/d?sslmode=maybe', /\(sslmode\).*"maybe"/],
    ['postgres://u:hunter2@h/d?constructor=1', /parameter constructor is not/],
  ];
  for (const [url, expected] of cases) {
    const sentence = complaint({ env: { DATABASE_URL: url } });
    assert.match(sentence, expected);
    assert.doesNotMatch(sentence, /hunter2|ter2/);
  }
});

test('a list of hosts and a service file are refused', () => {
  assert.match(complaint({ env: { PGHOST: 'a,b' } }), /PGHOST in the environment.*one name/);
  assert.match(complaint({ env: { PGSERVICE: 's' } }), /PGSERVICE is not supported; use PG_HOST/);
  assert.equal(serverFrom({ PGSERVICE: 's', PG_HOST: 'h' })?.host, 'h');
});

test('certificates are found from the working directory, and must be readable and complete', async () => {
  await inFolder({ 'ca.pem': 'x' }, (cwd) => {
    const env = { PG_HOST: 'h', PG_SSLROOTCERT: 'ca.pem' };
    assert.equal(load({ cwd, env }).server?.sslRootCert, join(cwd, 'ca.pem'));
    const sentences = complaint({ cwd, env: { PG_HOST: 'h', PGSSLCERT: 'gone.pem' } });
    assert.match(sentences, /PGSSLCERT in the environment: .*gone\.pem cannot be read \(ENOENT\)/);
    assert.match(sentences, /PG_SSLCERT and PG_SSLKEY go together/);
  });
});
