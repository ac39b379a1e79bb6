import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { SYSTEM_ROOTS } from '../postgres/target.js';
import {
  type KafkaSecurity,
  protocolWith,
  SECURITY_SETTINGS,
  type SecurityPart,
  usesSasl,
  usesTls,
} from '../sources/kafka/security.js';
import type { OptionKey } from './options.js';
import type { Resolved } from './resolve.js';
import type { Problem } from './source.js';

/** The option of each part. */
const OPTIONS_OF: Readonly<Record<SecurityPart, OptionKey>> = {
  protocol: 'kafka.security_protocol',
  mechanism: 'kafka.sasl_mechanism',
  username: 'kafka.sasl_username',
  password: 'kafka.sasl_password',
  ca: 'kafka.ssl_ca',
  certificate: 'kafka.ssl_cert',
  key: 'kafka.ssl_key',
};

const SASL_PARTS = ['mechanism', 'username', 'password'] as const;
const TLS_PARTS = ['ca', 'certificate', 'key'] as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Turns the settings into what Kafka's connections need, and reports contradictions. Makes paths absolute, from `cwd`,
 * and reads the files to check that they hold certificates and keys.
 */
export function chooseSecurity(
  resolved: Resolved,
  cwd: string,
): { security: KafkaSecurity; problems: readonly Problem[] } {
  const { values, given } = resolved;
  const problems: Problem[] = [];
  const whereOf = (part: SecurityPart) =>
    given.get(OPTIONS_OF[part])?.where ?? (() => SECURITY_SETTINGS[part]);
  const isSet = (part: SecurityPart) => given.has(OPTIONS_OF[part]);
  const protocol = values['kafka.security_protocol'];
  const [tls, sasl] = [usesTls(protocol), usesSasl(protocol)];

  const unused = (parts: readonly SecurityPart[], protocols: readonly string[]): void => {
    for (const part of parts.filter(isSet)) {
      problems.push((m) => m.settings.kafkaUnused(whereOf(part)(m), protocol, protocols));
    }
  };
  if (!tls) unused(TLS_PARTS, [protocolWith(true, sasl)]);
  if (!sasl) {
    // The safer protocol first.
    unused(SASL_PARTS, tls ? ['SASL_SSL'] : ['SASL_SSL', 'SASL_PLAINTEXT']);
  }
  const lacking = sasl ? SASL_PARTS.filter((part) => !isSet(part)) : [];
  if (lacking.length > 0) {
    const names = lacking.map((part) => SECURITY_SETTINGS[part]);
    problems.push((m) => m.settings.kafkaLacks(whereOf('protocol')(m), protocol, names));
  }

  const pathOf = (part: (typeof TLS_PARTS)[number]): string | null => {
    const value = values[OPTIONS_OF[part] as 'kafka.ssl_ca'];
    if (value === '' || (part === 'ca' && value === SYSTEM_ROOTS)) return value || null;
    return resolvePath(cwd, value);
  };
  const files = { ca: pathOf('ca'), certificate: pathOf('certificate'), key: pathOf('key') };
  if (tls) problems.push(...fileProblems(files, whereOf));

  const origin = (part: SecurityPart) =>
    given.get(OPTIONS_OF[part])?.name ?? SECURITY_SETTINGS[part];
  const mechanism = values['kafka.sasl_mechanism'];
  const login = {
    username: values['kafka.sasl_username'],
    password: values['kafka.sasl_password'],
  };
  const security: KafkaSecurity = {
    protocol,
    tls: tls ? files : null,
    sasl: sasl && mechanism !== null ? { mechanism, ...login } : null,
    origins: {
      protocol: origin('protocol'),
      mechanism: origin('mechanism'),
      username: origin('username'),
      password: origin('password'),
      ca: origin('ca'),
      certificate: origin('certificate'),
      key: origin('key'),
    },
  };
  return { security, problems };
}

function fileProblems(
  { ca, certificate, key }: NonNullable<KafkaSecurity['tls']>,
  whereOf: (part: SecurityPart) => Problem,
): Problem[] {
  const problems: Problem[] = [];
  const read = <T>(
    part: 'ca' | 'certificate' | 'key',
    path: string | null,
    parse: (content: Buffer) => T,
  ): T | null => {
    if (path === null || path === SYSTEM_ROOTS) return null;
    const where = whereOf(part);
    let content: Buffer;
    try {
      content = readFileSync(path);
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      problems.push((m) => m.settings.unreadable(where(m), path, code));
      return null;
    }
    try {
      return parse(content);
    } catch {
      const content = part === 'key' ? 'key' : 'certificate';
      problems.push((m) => m.settings.notPem(where(m), path, content));
      return null;
    }
  };
  read('ca', ca, certificatesIn);
  const [own] = read('certificate', certificate, certificatesIn) ?? [];
  const ownKey = read('key', key, (content): KeyObject => createPrivateKey(content));
  if ((certificate === null) !== (key === null)) {
    const where = whereOf(key === null ? 'certificate' : 'key');
    const { certificate: one, key: other } = SECURITY_SETTINGS;
    problems.push((m) => m.settings.certificateWithoutKey(where(m), one, other));
  }
  if (own !== undefined && ownKey !== null && key !== null && !own.checkPrivateKey(ownKey)) {
    problems.push((m) => m.settings.keyOfOther(whereOf('key')(m), key));
  }
  return problems;
}

/** The certificates of a PEM file. Throws if it has none, or a broken one. */
function certificatesIn(content: Buffer): X509Certificate[] {
  const blocks = content.toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new Error('no certificate');
  return blocks.map((block) => new X509Certificate(block));
}
