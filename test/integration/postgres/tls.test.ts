import assert from 'node:assert/strict';
import { chownSync, copyFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { EXIT } from '../../../src/errors.js';
import { withConnection } from '../../../src/postgres/connect.js';
import {
  type ConnectionTarget,
  type Demands,
  type SslMode,
  SYSTEM_ROOTS,
} from '../../../src/postgres/target.js';
import { Certificates as CertificateMaker, withoutOpenssl } from '../../helpers/certificates.js';
import { startServers, type TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { NO_DEMANDS } from '../../helpers/test-target.js';

const skip = withoutOpenssl;

interface Certificates {
  /** The authority that signed the server's certificate, and one that signed no certificate. */
  readonly root: string;
  readonly otherRoot: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Makes an authority, a certificate of `localhost` for the server, and one of `postgres`. */
function makeCertificates(folder: string, server: TestServer): Certificates {
  const path = (name: string) => join(folder, name);
  const maker = new CertificateMaker(folder);
  for (const name of ['root', 'other']) maker.authority(name);
  maker.issue('server', { by: 'root', subject: 'localhost' });
  maker.issue('client', { by: 'root', subject: 'postgres' });
  const { dir, account } = server.cluster;
  for (const name of ['server.key', 'server.crt', 'root.crt']) {
    copyFileSync(path(name), join(dir, name));
    if (account !== null) chownSync(join(dir, name), account.uid, account.gid);
  }
  return {
    root: path('root.crt'),
    otherRoot: path('other.crt'),
    clientCert: path('client.crt'),
    clientKey: path('client.key'),
  };
}

/** The transport of a connection: `tls`, `plain`, or the exit code of the refusal. */
async function outcomeOf(target: ConnectionTarget): Promise<'tls' | 'plain' | number> {
  try {
    return await withConnection(target, async (client) => {
      const { rows } = await client.query<{ ssl: boolean }>(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      return rows[0]?.ssl === true ? 'tls' : 'plain';
    });
  } catch (error) {
    const { exitCode } = error as { exitCode?: number };
    assert.ok(exitCode !== undefined, String(error));
    return exitCode;
  }
}

const SSL_ON = { ssl: 'on', ssl_ca_file: 'root.crt' };
const REFUSED = EXIT.unreachable;

for (const server of await startServers()) {
  const { version } = server;
  const mode = (sslMode: SslMode, more: Partial<ConnectionTarget> = {}): ConnectionTarget => ({
    ...server.target(),
    host: 'localhost',
    sslMode,
    ...more,
  });

  test(`${version}: sslmode has the meanings of libpq`, { skip }, async () => {
    await withTempFolder(async (folder) => {
      const { root, otherRoot, clientCert, clientKey } = makeCertificates(folder, server);
      const trusted = { sslRootCert: root };
      const untrusted = { sslRootCert: otherRoot };
      const byAddress = { host: '127.0.0.1' };

      // The server does not offer TLS.
      assert.equal(await outcomeOf(mode('disable')), 'plain');
      assert.equal(await outcomeOf(mode('allow')), 'plain');
      assert.equal(await outcomeOf(mode('prefer')), 'plain');
      assert.equal(await outcomeOf(mode('require')), REFUSED);
      assert.equal(await outcomeOf(mode('verify-full', trusted)), REFUSED);

      await server.stop();
      await server.start(SSL_ON);
      assert.equal(await outcomeOf(mode('disable')), 'plain');
      assert.equal(await outcomeOf(mode('allow')), 'plain');
      assert.equal(await outcomeOf(mode('prefer')), 'tls');
      assert.equal(await outcomeOf(mode('prefer', untrusted)), 'tls');
      assert.equal(await outcomeOf(mode('require')), 'tls');
      assert.equal(await outcomeOf(mode('require', trusted)), 'tls');
      assert.equal(await outcomeOf(mode('require', untrusted)), REFUSED);
      assert.equal(await outcomeOf(mode('verify-ca', trusted)), 'tls');
      assert.equal(await outcomeOf(mode('verify-ca', { ...trusted, ...byAddress })), 'tls');
      assert.equal(await outcomeOf(mode('verify-ca', untrusted)), REFUSED);
      assert.equal(await outcomeOf(mode('verify-full', trusted)), 'tls');
      assert.equal(await outcomeOf(mode('verify-full', { ...trusted, ...byAddress })), REFUSED);
      assert.equal(await outcomeOf(mode('verify-full', untrusted)), REFUSED);
      // A wrong password is reported as such, with and without TLS.
      assert.equal(await outcomeOf(mode('prefer', { password: 'wrong' })), REFUSED);

      // The operating system's authorities, from OpenSSL's own variable.
      const system = { sslRootCert: SYSTEM_ROOTS };
      process.env.SSL_CERT_FILE = otherRoot;
      assert.equal(await outcomeOf(mode('verify-full', system)), REFUSED);
      process.env.SSL_CERT_FILE = root;
      assert.equal(await outcomeOf(mode('verify-full', system)), 'tls');
      delete process.env.SSL_CERT_FILE;

      const demand = (more: Partial<Demands>): Partial<ConnectionTarget> => ({
        demands: { ...NO_DEMANDS, ...more },
      });
      const bound = demand({ channelBinding: true });
      assert.equal(await outcomeOf(mode('require', bound)), 'tls');
      assert.equal(await outcomeOf(mode('disable', bound)), REFUSED);
      assert.equal(await outcomeOf(mode('require', demand({ maxTls: 'TLSv1.2' }))), 'tls');
      const impossible = demand({ minTls: 'TLSv1.3', maxTls: 'TLSv1.2' });
      assert.equal(await outcomeOf(mode('require', impossible)), REFUSED);
      // Servers before 17 reject a TLS handshake without a request.
      const direct = mode('verify-full', { ...trusted, ...demand({ directTls: true }) });
      assert.equal(await outcomeOf(direct), version === 18 ? 'tls' : REFUSED);

      // pg_hba.conf demands TLS and a client certificate.
      const rules = join(server.cluster.dir, 'strict_hba.conf');
      await writeFile(rules, 'hostssl all all all cert\nhostnossl all all all reject\n');
      await server.stop();
      await server.start({ ...SSL_ON, hba_file: rules });
      const identity = { sslCert: clientCert, sslKey: clientKey, password: null };
      assert.equal(await outcomeOf(mode('disable', identity)), REFUSED);
      assert.equal(await outcomeOf(mode('allow', identity)), 'tls');
      assert.equal(await outcomeOf(mode('verify-full', { ...trusted, ...identity })), 'tls');
      assert.equal(await outcomeOf(mode('require')), REFUSED);

      // pg_hba.conf refuses TLS: `prefer` continues without it.
      await writeFile(rules, 'hostssl all all all reject\nhostnossl all all all scram-sha-256\n');
      await server.stop();
      await server.start({ ...SSL_ON, hba_file: rules });
      assert.equal(await outcomeOf(mode('prefer')), 'plain');
      assert.equal(await outcomeOf(mode('require')), REFUSED);

      await server.stop();
      await server.start();
    });
  });

  test(`${version}: a missing or unreadable root certificate is an error of the settings`, async () => {
    await withTempFolder(async (folder) => {
      const before = process.env.HOME;
      process.env.HOME = folder;
      try {
        assert.equal(await outcomeOf(mode('verify-ca')), EXIT.usage);
        const sslRootCert = join(folder, 'nothing.crt');
        assert.equal(await outcomeOf(mode('verify-full', { sslRootCert })), EXIT.usage);
      } finally {
        process.env.HOME = before;
      }
    });
  });
}
