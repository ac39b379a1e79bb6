import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Variables } from '../../../src/settings/variables.js';
import { complaint, inFolder, load } from './helpers.js';

const serverFrom = (env: Variables) => load({ env }).server;

test('the embedded server is used when no setting names one', () => {
  assert.equal(serverFrom({}), null);
  assert.equal(serverFrom({ PGHOST: '', DATABASE_URL: '', PG_HOST: '' }), null);
  assert.equal(serverFrom({ PG_DATABASE: 'other', PGSSLMODE: 'require' }), null);
  assert.equal(load({ env: { PG_DATABASE: 'other' } }).db.database, 'other');
});

test("each of libpq's variables, DATABASE_URL and PG_HOST name a server", async () => {
  for (const name of ['PGHOST', 'PGHOSTADDR', 'PGUSER', 'PGDATABASE', 'PG_HOST']) {
    assert.notEqual(serverFrom({ [name]: 'x' }), null, name);
  }
  assert.equal(serverFrom({ PGPASSWORD: 'a password says nothing of a server' }), null);
  assert.equal(serverFrom({ PGPORT: '6000' })?.port, 6000);
  await inFolder({ 'config/settings.toml': '[db]\nhost = "h"\n' }, (cwd) => {
    assert.equal(load({ cwd }).server?.host, 'h');
  });
});

test('the parts of a server that are not given have their usual values', () => {
  const { demands, origins, ...server } = serverFrom({ PG_HOST: 'h' }) ?? {};
  assert.equal(demands?.options, null);
  assert.equal(origins?.host, 'PG_HOST');
  assert.deepEqual(server, {
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

test('an unusable URL is refused, and its password not shown', () => {
  const cases: readonly [url: string, expected: RegExp][] = [
    ['mysql://u:hunter2@h/d', /not a PostgreSQL URL/],
    ['postgres://u:hun@ter2@h/d', /not a PostgreSQL URL/],
    ['postgres://u:hunter2@h:1:2/d', /not a PostgreSQL URL/],
    ['postgres://u:hunter2@h1,h2/d', /several hosts/],
    ['postgres://u:hunter2%zz@h/d', /\(password\): invalid % encoding/],
    ['postgres://u:hunter2@h:99999/d', /DATABASE_URL in the environment \(port\): .*99999.*65535/],
    ['postgres://u:hunter2@h/d?sslmode=maybe', /\(sslmode\).*"maybe"/],
    ['postgres://u:hunter2@h/d?constructor=1', /parameter constructor is not one of libpq/],
  ];
  for (const [url, expected] of cases) {
    const sentence = complaint({ env: { DATABASE_URL: url } });
    assert.match(sentence, expected);
    assert.doesNotMatch(sentence, /hunter2|ter2/);
  }
});

test('a URL in the place of a host is refused, and its password not shown', () => {
  const sentence = complaint({ env: { PG_HOST: 'postgres://u:hun@ter2@h/d' } });
  assert.match(sentence, /PG_HOST in the environment: .*postgres:\/\/u:\*\*\*@h\/d.*DATABASE_URL/);
  assert.doesNotMatch(sentence, /hun|ter2/);
});

test('a list of hosts and a service file are refused', () => {
  assert.match(complaint({ env: { PGHOST: 'a,b' } }), /PGHOST in the environment.*one name/);
  assert.match(complaint({ env: { PGSERVICE: 's' } }), /PGSERVICE in the environment.*use PG_HOST/);
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

test('URLs of managed services are accepted, with their demands', () => {
  const url = (query: string) => serverFrom({ DATABASE_URL: `postgresql://u:p@h/d?${query}` });
  const neon = url('sslmode=require&channel_binding=require&options=endpoint%3Dep-x');
  assert.equal(neon?.demands?.channelBinding, true);
  assert.equal(neon?.demands?.options, 'endpoint=ep-x');
  const path = url('options=-c%20search_path%3Dclinica%2Cpublic%20-c%20statement_timeout%3D5s');
  assert.equal(path?.searchPath, 'clinica,public');
  assert.equal(url('options=--search-path%3Da%5C%20b')?.searchPath, 'a b');
  const explicit = { PG_HOST: 'h', PG_SEARCH_PATH: 'x', PGOPTIONS: '-csearch_path=y' };
  assert.equal(serverFrom(explicit)?.searchPath, 'x');
  assert.equal(url('target_session_attrs=read-write')?.demands?.session, 'read-write');
  assert.equal(url('target_session_attrs=any')?.demands?.session, null);
  assert.equal(url('sslmode=require&sslnegotiation=direct')?.demands?.directTls, true);
  assert.equal(url('ssl=true')?.sslMode, 'require');
  assert.deepEqual(url('require_auth=!password,!md5')?.demands?.authMethods, [
    'gss',
    'sspi',
    'scram-sha-256',
    'oauth',
    'none',
  ]);
  const harmless =
    'keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=5' +
    '&client_encoding=auto&gssencmode=prefer&sslcompression=0&krbsrvname=pg&load_balance_hosts=disable' +
    '&sslsni=1&max_protocol_version=latest&fallback_application_name=x&pgbouncer=true';
  assert.equal(url(harmless)?.host, 'h');
  assert.equal(
    serverFrom({ DATABASE_URL: 'postgres://h/d?user=u&password=hunter2' })?.password,
    'hunter2',
  );
});

test("demands of a URL or of libpq's variables that cannot be honoured are refused, with their place", () => {
  const cases: readonly [name: string, variable: string | null, value: string, why: RegExp][] = [
    ['gssencmode', 'PGGSSENCMODE', 'require', /no GSSAPI/],
    ['target_session_attrs', 'PGTARGETSESSIONATTRS', 'standby', /accepts no writes/],
    ['sslcrl', 'PGSSLCRL', 'crl.pem', /revocation/],
    ['requirepeer', 'PGREQUIREPEER', 'postgres', /does not check/],
    ['sslpassword', null, 'hunter2', /password/],
    ['service', 'PGSERVICE', 'hospital', /does not read service files/],
    ['min_protocol_version', 'PGMINPROTOCOLVERSION', '3.2', /3\.0/],
    ['channel_binding', 'PGCHANNELBINDING', 'always', /use disable, prefer or require/],
    ['keepalives_idle', null, 'soon', /whole number/],
    ['sslnegotiation', 'PGSSLNEGOTIATION', 'direct', /sslmode=prefer is too weak/],
  ];
  for (const [name, variable, value, why] of cases) {
    const url = complaint({ env: { DATABASE_URL: `postgres://h/d?${name}=${value}` } });
    assert.match(url, why);
    assert.match(
      url,
      name === 'sslnegotiation' ? /PG_SSLMODE/ : RegExp(`DATABASE_URL.*\\(${name}\\)`),
    );
    assert.doesNotMatch(url, /hunter2/);
    if (variable === null) continue;
    const host = variable === 'PGSERVICE' ? {} : { PGHOST: 'h' };
    assert.match(complaint({ env: { ...host, [variable]: value } }), why);
  }
  assert.match(
    complaint({ env: { DATABASE_URL: 'postgres://h/d?sslmod=require' } }),
    /sslmod is not one of libpq's; did you mean sslmode\?/,
  );
});

test('sslrootcert=system stands for verify-full, and refuses weaker modes', () => {
  const env = { PGHOST: 'h', PGSSLROOTCERT: 'system' };
  const server = serverFrom(env);
  assert.deepEqual([server?.sslRootCert, server?.sslMode], ['system', 'verify-full']);
  assert.match(
    complaint({ env: { ...env, PGSSLMODE: 'require' } }),
    /PGSSLMODE in the environment: sslmode=require is too weak for sslrootcert=system/,
  );
});

test('the place of each value is kept for the sentence on what to correct', async () => {
  assert.equal(serverFrom({ DATABASE_URL: 'postgres://u@h/d' })?.origins?.password, 'DATABASE_URL');
  const { origins } = serverFrom({ PGHOST: 'h', PG_USER: 'u' }) ?? {};
  assert.deepEqual([origins?.host, origins?.user, origins?.port], ['PGHOST', 'PG_USER', 'PGPORT']);
  await inFolder({ 'config/.env': '# server\nPG_HOST=h\n' }, (cwd) =>
    assert.equal(load({ cwd }).server?.origins?.host, 'PG_HOST (config/.env:2)'),
  );
  const toml = '[app]\nlang = "en"\n[db]\nhost = "h"\n';
  await inFolder({ 'config/settings.toml': toml }, (cwd) =>
    assert.equal(load({ cwd }).server?.origins?.host, 'db.host (config/settings.toml:4)'),
  );
});

test('a value that the parser of .env would cut off or change is refused, with its line and not its value', async () => {
  const flaws: readonly [value: string, sentence: RegExp][] = [
    ['ab#cd', /a # without a blank/],
    ['#abcd', /a # without a blank/],
    ['"ab#cd', /quote that its line does not close/],
    ["'abcd", /quote that its line does not close/],
    ['"ab"#cd"', /its own quote inside/],
    ['"ab\\"cd"', /its own quote inside/],
  ];
  for (const [value, sentence] of flaws) {
    const env = `PG_HOST=h\nPG_PASSWORD=${value}\n`;
    await inFolder({ 'config/.env': env }, (cwd) => {
      const message = complaint({ cwd });
      assert.match(message, sentence);
      assert.match(message, /PG_PASSWORD in config\/\.env, line 2/);
      assert.doesNotMatch(message, /ab|cd/);
    });
  }
  const sound: readonly [value: string, password: string | null][] = [
    ['"ab#cd"', 'ab#cd'],
    ["'a\"b'  # why", 'a"b'],
    ['a"b"c # why', 'a"b"c'],
    ['"a"b"', 'a"b'],
    ["'ab\\'", 'ab\\'],
    ['   # nothing', null],
  ];
  for (const [value, password] of sound) {
    await inFolder({ 'config/.env': `PG_HOST=h\nPG_PASSWORD=${value}\n` }, (cwd) =>
      assert.equal(load({ cwd }).server?.password, password, value),
    );
  }
});
