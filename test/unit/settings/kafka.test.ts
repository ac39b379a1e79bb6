import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Inputs } from '../../../src/settings/resolve.js';
import { Certificates, withoutOpenssl } from '../../helpers/certificates.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { complaint, inFolder, load } from './helpers.js';

const LOGIN = {
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SASL_USERNAME: 'reader',
  KAFKA_SASL_PASSWORD: ' with blanks # and "quotes" ',
};
const SASL_SSL = { ...LOGIN, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' };

const of = (env: Readonly<Record<string, string>>, more: Partial<Inputs> = {}) =>
  load({ env, ...more }).kafka;
const refused = (env: Readonly<Record<string, string>>) => complaint({ env });

test('connections to Kafka are in plaintext by default', () => {
  const { protocol, tls, sasl } = of({});
  assert.deepEqual({ protocol, tls, sasl }, { protocol: 'PLAINTEXT', tls: null, sasl: null });
});

test('TLS and a login, with the place of each value', () => {
  const { protocol, tls, sasl, origins } = of(SASL_SSL);
  assert.equal(protocol, 'SASL_SSL');
  assert.deepEqual(tls, { ca: null, certificate: null, key: null });
  assert.deepEqual(sasl, {
    mechanism: 'SCRAM-SHA-512',
    username: 'reader',
    password: LOGIN.KAFKA_SASL_PASSWORD,
  });
  assert.equal(origins.password, 'KAFKA_SASL_PASSWORD');
  assert.equal(of({ KAFKA_SECURITY_PROTOCOL: 'ssl', KAFKA_SSL_CA: 'system' }).tls?.ca, 'system');
});

test('a login in settings.toml and in .env', () =>
  inFolder(
    {
      'config/settings.toml':
        '[kafka]\nsecurity_protocol = "SASL_PLAINTEXT"\nsasl_mechanism = "plain"\nsasl_username = "reader"\n',
      'config/.env': 'KAFKA_SASL_PASSWORD=secret\n',
    },
    (cwd) => {
      const { protocol, tls, sasl, origins } = of({}, { cwd });
      assert.deepEqual([protocol, tls], ['SASL_PLAINTEXT', null]);
      assert.deepEqual(sasl, { mechanism: 'PLAIN', username: 'reader', password: 'secret' });
      assert.match(origins.password, /config\/\.env/);
      assert.match(origins.username, /settings\.toml/);
    },
  ));

test('protocols and mechanisms that Kafka lacks, or that are not supported, are refused', () => {
  assert.match(
    refused({ KAFKA_SECURITY_PROTOCOL: 'TLS' }),
    /KAFKA_SECURITY_PROTOCOL in the environment: .*use PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL/,
  );
  assert.match(
    refused({ ...SASL_SSL, KAFKA_SASL_MECHANISM: 'GSSAPI' }),
    /KAFKA_SASL_MECHANISM in the environment: .*use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512/,
  );
});

test('a value without effect is refused, and the password is not shown', () => {
  const login = refused(LOGIN);
  for (const name of Object.keys(LOGIN)) {
    assert.match(
      login,
      new RegExp(`${name} in the environment: has no effect.* to SASL_SSL or SASL_PLAINTEXT`),
    );
  }
  assert.ok(!login.includes('quotes'));
  assert.match(
    refused({ ...LOGIN, KAFKA_SECURITY_PROTOCOL: 'SSL' }),
    /change that to SASL_SSL, or/,
  );
  assert.match(
    refused({ KAFKA_SSL_CA: 'ca.pem' }),
    /KAFKA_SSL_CA in the environment: has no effect, since KAFKA_SECURITY_PROTOCOL is PLAINTEXT; change that to SSL, or remove this value/,
  );
  assert.match(
    refused({ ...SASL_SSL, KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_SSL_KEY: 'key.pem' }),
    /KAFKA_SSL_KEY in the environment: has no effect.*change that to SASL_SSL/,
  );
});

test('the missing parts of a login are named', () => {
  assert.match(
    refused({ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_USERNAME: 'reader' }),
    /KAFKA_SECURITY_PROTOCOL in the environment: SASL_SSL needs KAFKA_SASL_MECHANISM and KAFKA_SASL_PASSWORD, which are not set/,
  );
  const { KAFKA_SASL_PASSWORD: _, ...rest } = SASL_SSL;
  assert.match(refused(rest), /needs KAFKA_SASL_PASSWORD, which is not set/);
});

test(
  'certificate files that are missing, or hold something else, are refused',
  { skip: withoutOpenssl },
  () =>
    withTempFolder(async (cwd) => {
      const maker = new Certificates(cwd);
      const authority = maker.authority('authority');
      const client = maker.issue('client', { by: 'authority', subject: 'client' });
      const other = maker.issue('other', { by: 'authority', subject: 'other' });
      const ssl = { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: 'authority.crt' };
      const both = { KAFKA_SSL_CERT: 'client.crt', KAFKA_SSL_KEY: 'client.key' };
      assert.deepEqual(of({ ...ssl, ...both }, { cwd }).tls, {
        ca: authority.cert,
        certificate: client.cert,
        key: client.key,
      });
      const says = (env: Readonly<Record<string, string>>) =>
        complaint({ env: { ...ssl, ...env }, cwd });
      assert.match(
        says({ KAFKA_SSL_CA: 'none.crt' }),
        new RegExp(
          `KAFKA_SSL_CA in the environment: ${join(cwd, 'none.crt')} cannot be read \\(ENOENT\\)`,
        ),
      );
      assert.match(says({ KAFKA_SSL_CA: '.' }), /cannot be read \(EISDIR\)/);
      assert.match(
        says({ KAFKA_SSL_CA: authority.key }),
        /KAFKA_SSL_CA in the environment: \S+authority\.key holds no certificate in PEM/,
      );
      assert.match(
        says({ ...both, KAFKA_SSL_KEY: client.cert }),
        /KAFKA_SSL_KEY in the environment: \S+ holds no private key without a password in PEM/,
      );
      assert.match(
        says({ KAFKA_SSL_CERT: client.cert }),
        /KAFKA_SSL_CERT in the environment: KAFKA_SSL_CERT and KAFKA_SSL_KEY go together/,
      );
      assert.match(
        says({ KAFKA_SSL_KEY: client.key }),
        /KAFKA_SSL_KEY in the environment: KAFKA_SSL_CERT and KAFKA_SSL_KEY go together/,
      );
      assert.match(
        says({ ...both, KAFKA_SSL_KEY: other.key }),
        /the key in \S+other\.key does not belong to the client certificate/,
      );
    }),
);

test('a source with a user or a password in it is refused, and not shown', () => {
  for (const source of [
    'kafka:reader:secret@kafka.example:9092/hospital.',
    'kafka:reader@kafka.example:9092/hospital.',
    'kafka:one.example:9092,reader:secret@two.example:9092/hospital.',
  ]) {
    for (const inputs of [{ flags: { source } }, { env: { VERIFY_SOURCE: source } }]) {
      const sentence = complaint(inputs);
      assert.match(
        sentence,
        /(--source|VERIFY_SOURCE in the environment): the source contains a user or a password; .*KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/,
      );
      assert.ok(!sentence.includes('secret') && !sentence.includes('reader'), sentence);
    }
  }
});

test('a source may name a broker by an address of IPv6', () => {
  const { verify } = load({ flags: { source: 'kafka:[::1]:9092,kafka.example:9093/hospital.' } });
  assert.deepEqual(verify.source, {
    kind: 'kafka',
    format: 'debezium',
    brokers: ['[::1]:9092', 'kafka.example:9093'],
    prefix: 'hospital.',
  });
});
