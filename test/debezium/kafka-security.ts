import '../../src/messages/english.js';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { EXIT, type ExitCode } from '../../src/errors.js';
import { monotonicMs } from '../../src/lib/clock.js';
import {
  type KafkaSecurity,
  protocolWith,
  SASL_MECHANISMS,
  type SaslMechanism,
  SECURITY_SETTINGS,
  type TlsFiles,
} from '../../src/sources/kafka/security.js';
import { KafkaSource } from '../../src/sources/kafka/source.js';
import { placeRun, recordedLines } from '../golden/runs.js';
import { anyScope } from '../helpers/any-scope.js';
import { runCli, startCli } from '../helpers/cli.js';
import { CollectingSink } from '../helpers/collecting-sink.js';
import { type Refusal, refusalOf } from '../helpers/kafka-refusal.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { waitFor } from '../helpers/wait-for.js';
import { SESSION_MS, type SecuredListener } from './kafka-broker.js';
import type { Entry } from './kafka-writer.js';
import { broker, certificates, noSecurity, USER, writer } from './shared-broker.js';

/** A refusal comes at once; a broker holds that of a login back for a moment, and a busy machine all of them. */
const AT_ONCE_MS = 4_000;
/** A recorded run, whose events are in a topic of this prefix. */
const RUN = 'run.';
const RECONNECT = { attempts: 1, baseMs: 1, maxMs: 1, failFast: true };
/** Nobody listens there: what is judged is judged by the ledger alone. */
const NOWHERE = { APP_LANG: 'en', DATABASE_URL: 'postgresql://x:y@127.0.0.1:1/none' };

const skip = noSecurity;
const lines = recordedLines(2, 'plain');
before(async () => {
  if (skip !== false) return;
  await writer!.createTopics([`${RUN}events`], 1);
  await writer!.send(lines.map((line) => entryOf(`${RUN}events`, line)));
});

function entryOf(topic: string, line: string): Entry {
  return { topic, partition: 0, key: Buffer.from('{}'), value: Buffer.from(line) };
}

interface Asked {
  readonly tls?: Partial<TlsFiles> | null;
  readonly mechanism?: SaslMechanism | null;
  readonly password?: string;
}

function security({ tls = {}, mechanism = null, password = USER.password }: Asked): KafkaSecurity {
  const ca = certificates?.authority.cert ?? null;
  return {
    protocol: protocolWith(tls !== null, mechanism !== null),
    tls: tls === null ? null : { ca, certificate: null, key: null, ...tls },
    sasl: mechanism === null ? null : { mechanism, username: USER.name, password },
    origins: SECURITY_SETTINGS,
  };
}

/** Where it is read from, how, and that all records come. */
async function assertRead(listener: SecuredListener, asked: Asked): Promise<void> {
  const brokers = [broker!.secured[listener]];
  const options = { brokers, prefix: RUN, reconnect: RECONNECT, security: security(asked) };
  const source = new KafkaSource(options);
  const sink = new CollectingSink();
  const run = source.run(sink, anyScope);
  const read = waitFor(() => sink.idles > 0, { what: 'the end of the topic' });
  await Promise.race([read, run.then(() => assert.fail('it ended by itself'))]);
  source.stop();
  await run;
  assert.equal(sink.rows.length, lines.length);
}

async function assertRefused(
  at: string,
  asked: Asked,
  english: RegExp,
  portuguese: RegExp,
  more: { code?: ExitCode; prefix?: string } = {},
): Promise<Refusal> {
  const refusal = await refusalOf(at, security(asked), more.prefix ?? RUN);
  assert.match(refusal.en, english);
  assert.match(refusal.pt, portuguese);
  assert.equal(refusal.exitCode, more.code ?? EXIT.unreachable);
  assert.ok(refusal.ms < AT_ONCE_MS, `${refusal.ms} ms`);
  for (const sentence of [refusal.en, refusal.pt]) {
    assert.ok(!sentence.includes('\n') && !sentence.includes(USER.password), sentence);
  }
  return refusal;
}

test('Kafka by TLS: all records', { skip }, () => assertRead('SSL', {}));

test('Kafka by TLS with a client certificate: all records', { skip }, () => {
  const { cert: certificate, key } = certificates!.client;
  return assertRead('MTLS', { tls: { certificate, key } });
});

for (const mechanism of SASL_MECHANISMS) {
  test(`Kafka by TLS and ${mechanism}: all records`, { skip }, () =>
    assertRead('SASL_SSL', { mechanism }),
  );
}

test('Kafka by SCRAM-SHA-512 in plaintext: all records', { skip }, () =>
  assertRead('SASL_PLAINTEXT', { tls: null, mechanism: 'SCRAM-SHA-512' }),
);

test('Kafka: a login that lasts for a while only is renewed before it is over', {
  skip,
}, async () => {
  assert.ok(writer);
  await writer.createTopics(['session.events'], 1);
  const lost: unknown[] = [];
  const source = new KafkaSource({
    brokers: [broker!.secured.SASL_PLAINTEXT],
    prefix: 'session.',
    reconnect: RECONNECT,
    security: security({ tls: null, mechanism: 'SCRAM-SHA-512' }),
    onReconnect: (error) => lost.push(error),
  });
  const sink = new CollectingSink();
  const run = source.run(sink, anyScope);
  try {
    const start = monotonicMs();
    for (let sent = 1; monotonicMs() - start < 2.5 * SESSION_MS; sent++) {
      await writer.send([entryOf('session.events', lines[0]!)]);
      await waitFor(() => sink.rows.length === sent, { what: `record ${sent}` });
    }
    assert.deepEqual(lost, []);
  } finally {
    source.stop();
    await run;
  }
});

test('Kafka: what the settings should be, where they are not what the port wants', {
  skip,
}, async () => {
  const { SSL, SASL_SSL, SASL_PLAINTEXT } = broker!.secured;
  const plain = broker!.address;
  const scram = { mechanism: 'SCRAM-SHA-512' } as const;
  for (const at of [SSL, SASL_SSL]) {
    await assertRefused(
      at,
      { tls: null },
      /requires TLS.* set KAFKA_SECURITY_PROTOCOL to SSL/,
      /exige TLS/,
    );
  }
  await assertRefused(SASL_SSL, { tls: null, ...scram }, /to SASL_SSL/, /como SASL_SSL/);
  await assertRefused(plain, {}, /has no TLS.* set it to PLAINTEXT/, /não tem TLS/);
  await assertRefused(SASL_PLAINTEXT, scram, /has no TLS.* to SASL_PLAINTEXT/, /não tem TLS/);
  await assertRefused(
    SASL_SSL,
    {},
    /requires a login by SASL.* to SASL_SSL, KAFKA_SASL_MECHANISM to .*SCRAM-SHA-256/,
    /exige login por SASL/,
  );
  await assertRefused(
    SASL_PLAINTEXT,
    { tls: null },
    /requires a login by SASL.* to SASL_PLAINTEXT, KAFKA_SASL_MECHANISM to SCRAM-SHA-512,/,
    /como SCRAM-SHA-512,/,
  );
  await assertRefused(SSL, scram, /has no SASL.* set it to SSL/, /não tem SASL/);
  await assertRefused(plain, { tls: null, ...scram }, /set it to PLAINTEXT/, /defina PLAINTEXT/);
});

test('Kafka: a password that is wrong, and a mechanism that is not offered', { skip }, async () => {
  const { SASL_SSL, SASL_PLAINTEXT } = broker!.secured;
  for (const mechanism of SASL_MECHANISMS) {
    const { isFinal } = await assertRefused(
      SASL_SSL,
      { mechanism, password: `${USER.password}1` },
      /refuses the user "reader" or the password; correct KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or/,
      /recusa o usuário "reader" ou a senha/,
    );
    assert.ok(isFinal);
  }
  await assertRefused(
    SASL_PLAINTEXT,
    { tls: null, mechanism: 'PLAIN' },
    /does not offer the SASL mechanism PLAIN \(it offers SCRAM-SHA-512\)/,
    /não oferece o mecanismo SASL PLAIN \(oferece SCRAM-SHA-512\)/,
  );
});

test('Kafka: certificates that one side does not take', { skip }, async () => {
  const { SSL, MTLS } = broker!.secured;
  const { other, foreign } = certificates!;
  await assertRefused(
    SSL,
    { tls: { ca: other.cert } },
    /certificate .* is not trusted/,
    /recusado/,
  );
  const name = SSL.replace('127.0.0.1', 'localhost');
  await assertRefused(name, {}, /is not trusted \(.*localhost.*\)/, /recusado/);
  await assertRefused(MTLS, {}, /requires a client certificate/, /exige um certificado do cliente/);
  const { cert: certificate, key } = foreign;
  await assertRefused(
    MTLS,
    { tls: { certificate, key } },
    /refuses the client certificate .*KAFKA_SSL_CERT and KAFKA_SSL_KEY/,
    /recusa o certificado do cliente/,
  );
});

test('Kafka: topics that the user may not read are named', { skip }, async () => {
  assert.ok(writer);
  await writer.createTopics(['seen.events', 'hidden.events'], 1);
  await writer.allow(USER.name, 'DESCRIBE', 'seen.events');
  await writer.allow('somebody', 'READ', 'hidden.events');
  const asked = { mechanism: 'SCRAM-SHA-256' } as const;
  const seen = { prefix: 'seen.', code: EXIT.state };
  await assertRefused(
    broker!.secured.SASL_SSL,
    asked,
    /does not let the user "reader" read the topic "seen\.events"; grant the ACL READ/,
    /não deixa o usuário "reader" ler o tópico "seen\.events"/,
    seen,
  );
  await assertRefused(
    broker!.secured.SASL_SSL,
    asked,
    /no topic that begins with "hidden\.", or hides it from the user "reader"/,
    /ou o esconde do usuário "reader"/,
    { prefix: 'hidden.', code: EXIT.state },
  );
});

/** All that the program wrote: its log files, and the files of its runs. */
function written(cwd: string): string {
  const logs = join(cwd, 'logs');
  const files = readdirSync(logs, { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

const LOGIN = {
  ...NOWHERE,
  LOG_LEVEL: 'DEBUG',
  KAFKA_SECURITY_PROTOCOL: 'sasl_ssl',
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SASL_USERNAME: USER.name,
  KAFKA_SASL_PASSWORD: USER.password,
};

test(
  'Kafka: the whole program, by settings of the environment; the password is nowhere',
  { skip },
  () =>
    withTempFolder(async (cwd) => {
      placeRun(2, 'plain', cwd);
      const env = { ...LOGIN, KAFKA_SSL_CA: certificates!.authority.cert };
      const source = ['--source', `kafka:${broker!.secured.SASL_SSL}/${RUN}`, '--wait', '1s'];
      const verify = ['verify', '--json', ...source];
      const right = await runCli(verify, { cwd, env });
      assert.equal(right.code, EXIT.done, right.stderr);
      assert.equal(JSON.parse(right.stdout).verdict, 'exact');
      const password = USER.password.toUpperCase();
      const wrong = await runCli(verify, { cwd, env: { ...env, KAFKA_SASL_PASSWORD: password } });
      assert.equal(wrong.code, EXIT.unreachable, wrong.stderr);
      assert.match(JSON.parse(wrong.stdout).error, /refuses the user "reader"/);
      const all = [right, wrong].map(({ stdout, stderr }) => stdout + stderr).join() + written(cwd);
      assert.ok(all.includes('refuses the user'));
      assert.ok(!all.includes(USER.password) && !all.includes(password));
      const none = await runCli(verify, { cwd, env: NOWHERE });
      assert.equal(none.code, EXIT.unreachable);
      assert.match(none.stderr, /requires TLS/);
    }),
);

test('Kafka: verify waits for a topic of the run that begins next, and says so', { skip }, () =>
  withTempFolder(async (cwd) => {
    assert.ok(writer);
    const env = { ...LOGIN, KAFKA_SSL_CA: certificates!.authority.cert };
    const source = ['--source', `kafka:${broker!.secured.SASL_SSL}/next.`, '--wait', '2s'];
    const cli = startCli(['verify', 'next', '--json', ...source], { cwd, env });
    try {
      await cli.until(
        /waiting for the source: Kafka at \S+ has no topic that begins with "next\."/,
      );
      await writer.createTopics(['next.events'], 1);
      await cli.until(/waiting for the next run/);
      await writer.send(lines.map((line) => entryOf('next.events', line)));
      // The run appears at once, as one that has begun does.
      const id = placeRun(2, 'plain', join(cwd, 'aside'));
      mkdirSync(join(cwd, 'logs', 'runs'), { recursive: true });
      cpSync(join(cwd, 'aside', 'logs', 'runs', id), join(cwd, 'logs', 'runs', id), {
        recursive: true,
      });
      const { code, stdout, stderr } = await cli.ended();
      assert.equal(code, EXIT.done, stderr);
      assert.equal(JSON.parse(stdout).accounting.delivered, lines.length);
      assert.equal(stderr.match(/waiting for the source/g)?.length, 1);
    } finally {
      cli.child.kill('SIGKILL');
      await cli.ended();
    }
  }),
);
