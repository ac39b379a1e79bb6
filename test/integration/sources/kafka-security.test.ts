import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { EXIT, type ExitCode } from '../../../src/errors.js';
import {
  type KafkaSecurity,
  PLAINTEXT,
  SECURITY_SETTINGS,
  type TlsFiles,
} from '../../../src/sources/kafka/security.js';
import {
  brokerCertificates,
  type Certificate,
  withoutOpenssl,
} from '../../helpers/certificates.js';
import { API, FakeBroker, type Respond, silentReads } from '../../helpers/fake-broker.js';
import { type Refusal, refusalOf } from '../../helpers/kafka-refusal.js';

/** A final refusal comes at once; a missing answer only after five seconds. */
const AT_ONCE_MS = 3_000;
const skip = withoutOpenssl;
const folder = mkdtempSync(join(tmpdir(), 'oltp-simulator-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const certificates = skip === false ? brokerCertificates(folder) : null;

const serving = ({ cert, key }: Certificate): TlsOptions => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});

function overTls(files: Partial<TlsFiles> = {}): KafkaSecurity {
  const ca = certificates?.authority.cert ?? null;
  const tls = { ca, certificate: null, key: null, ...files };
  return { protocol: 'SSL', tls, sasl: null, origins: SECURITY_SETTINGS };
}

const LOGIN = { mechanism: 'PLAIN', username: 'reader', password: 'not to be seen' } as const;
const loggingIn: KafkaSecurity = { ...PLAINTEXT, protocol: 'SASL_PLAINTEXT', sasl: LOGIN };

/** How a port refuses, or is refused. */
async function refusalAt(
  responses: Readonly<Record<number, Respond>>,
  security: KafkaSecurity,
  tls: TlsOptions | null = null,
): Promise<Refusal> {
  const broker = await new FakeBroker(responses, tls).start();
  try {
    return await refusalOf(broker.address, security);
  } finally {
    await broker.stop();
  }
}

function assertFinal(
  refusal: Refusal,
  english: RegExp,
  portuguese: RegExp,
  code: ExitCode = EXIT.unreachable,
) {
  const { exitCode, isFinal, en, pt, ms } = refusal;
  assert.match(en, english);
  assert.match(pt, portuguese);
  assert.equal(exitCode, code);
  assert.ok(isFinal, en);
  assert.ok(ms < AT_ONCE_MS, `${ms} ms`);
  for (const sentence of [en, pt]) {
    assert.ok(!sentence.includes('\n') && !sentence.includes(LOGIN.password), sentence);
  }
}

const { apiVersions = () => null } = { apiVersions: silentReads('t', () => 1)[API.apiVersions] };
const ANSWERING = { [API.apiVersions]: apiVersions };

for (const [name, more] of Object.entries<TlsOptions>({
  'of TLS 1.3': {},
  'of TLS 1.2': { maxVersion: 'TLSv1.2' },
  'with client certificates': { requestCert: true, rejectUnauthorized: true },
})) {
  test(`plaintext at a port ${name}: the broker requires TLS`, { skip }, async () => {
    const refusal = await refusalAt({}, PLAINTEXT, { ...serving(certificates!.here), ...more });
    assertFinal(
      refusal,
      /requires TLS.* set KAFKA_SECURITY_PROTOCOL to SSL .*KAFKA_SSL_CA/,
      /exige TLS.*KAFKA_SECURITY_PROTOCOL como SSL/,
    );
    assertFinal(
      await refusalAt({}, loggingIn, { ...serving(certificates!.here), ...more }),
      /KAFKA_SECURITY_PROTOCOL to SASL_SSL/,
      /como SASL_SSL/,
    );
  });
}

test('TLS at a port of plaintext: the broker has none', { skip }, async () => {
  assertFinal(
    await refusalAt(ANSWERING, overTls()),
    /has no TLS on this port, but KAFKA_SECURITY_PROTOCOL is SSL.* set it to PLAINTEXT/,
    /não tem TLS nesta porta, mas KAFKA_SECURITY_PROTOCOL é SSL/,
  );
});

test('a port that takes connections and ends them is not answered, and may be waited for', {
  skip,
}, async () => {
  const endAtOnce = { [API.apiVersions]: () => 'hangUp' as const };
  for (const security of [PLAINTEXT, overTls(), loggingIn]) {
    const { exitCode, isFinal, en } = await refusalAt(endAtOnce, security);
    assert.match(en, /^Kafka at \S+ does not answer \(/);
    assert.deepEqual([exitCode, isFinal], [EXIT.unreachable, false]);
  }
});

test('a certificate that is not trusted, of another host, or expired is a final refusal', {
  skip,
}, async () => {
  const { here, elsewhere, expired, other } = certificates!;
  const cases = [
    [here, overTls({ ca: other.cert }), /not trusted \(.*; correct KAFKA_SSL_CA/],
    [here, overTls({ ca: null }), /not trusted \(.*; name the authority's file in KAFKA_SSL_CA/],
    [elsewhere, overTls(), /not trusted \(.*127\.0\.0\.1.*; correct/],
    [expired, overTls(), /not trusted \(.*expired\); correct/],
  ] as const;
  for (const [served, security, sentence] of cases) {
    assertFinal(
      await refusalAt(ANSWERING, security, serving(served)),
      sentence,
      /o certificado do Kafka em \S+ foi recusado/,
    );
  }
});

test('the environment cannot turn the check of certificates off', { skip }, async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    const security = overTls({ ca: certificates!.other.cert });
    const refusal = await refusalAt(ANSWERING, security, serving(certificates!.here));
    assertFinal(refusal, /not trusted/, /recusado/);
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a client certificate that is wanted, by ${maxVersion}`, { skip }, async () => {
    const { here, authority, client } = certificates!;
    const more = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.cert) };
    const tls = { ...serving(here), ...more, maxVersion };
    // With TLS 1.2 a server ends the handshake without a reason.
    assertFinal(
      await refusalAt(ANSWERING, overTls(), tls),
      /requires a client certificate .*KAFKA_SSL_CERT and KAFKA_SSL_KEY/,
      /exige um certificado do cliente .*KAFKA_SSL_CERT e KAFKA_SSL_KEY/,
    );
    const own = overTls({ certificate: client.cert, key: client.key });
    const broker = await new FakeBroker(
      silentReads('hospital', () => 1),
      tls,
    ).start();
    try {
      // Let in, it is asked for topics; the broker that leads them is not there.
      assert.match((await refusalOf(broker.address, own)).en, /does not answer \(.*127.0.0.1:1/);
      assert.ok(broker.asked.includes(API.metadata));
    } finally {
      await broker.stop();
    }
  });
}

test('a broker too old, or no broker at all', async () => {
  const old: Respond = (_, answer) =>
    answer.int16(0).array([API.fetch], (key) => answer.int16(key).int16(0).int16(3));
  assertFinal(
    await refusalAt({ [API.apiVersions]: old }, PLAINTEXT),
    /no version 10 of Fetch \(it has 0 to 3\)/,
    /não é possível ler do Kafka/,
    EXIT.state,
  );
});

test('a broker that cannot prove that it knows the password is not read', async () => {
  const security: KafkaSecurity = {
    ...loggingIn,
    sasl: { ...LOGIN, mechanism: 'SCRAM-SHA-256' },
  };
  let step = 0;
  const responses = {
    ...ANSWERING,
    [API.saslHandshake]: (_: unknown, answer: Parameters<Respond>[1]) =>
      answer.int16(0).array(['SCRAM-SHA-256'], (mechanism) => answer.string(mechanism)),
    [API.saslAuthenticate]: (body: Parameters<Respond>[0], answer: Parameters<Respond>[1]) => {
      const message = body.bytes()!.toString();
      const nonce = /r=(.*)$/.exec(message)?.[1];
      const reply = step++ === 0 ? `r=${nonce}more,s=c2FsdA==,i=4096` : 'v=d3Jvbmc=';
      return answer.int16(0).string(null).bytes(Buffer.from(reply)).int64(0);
    },
  };
  assertFinal(
    await refusalAt(responses, security),
    /did not prove by SCRAM/,
    /não provou por SCRAM/,
  );
});
