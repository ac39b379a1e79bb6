import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { connect, requireVersion, withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { withDatabase } from '../../helpers/database.js';
import { freePort, withBusyPort } from '../../helpers/free-port.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { NO_DEMANDS } from '../../helpers/test-target.js';

async function refusalOf(target: ConnectionTarget): Promise<OperatorError> {
  try {
    await withConnection(target, async () => undefined);
  } catch (error) {
    assert.ok(error instanceof OperatorError, String(error));
    return error;
  }
  throw new Error('it connected');
}

/** Runs `body` with variables of the environment set. */
async function withEnv(env: Record<string, string>, body: () => Promise<void>): Promise<void> {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

for (const server of await startServers()) {
  const { version } = server;

  test(`${version}: a session has the target's search_path, UTC and READ COMMITTED`, async () => {
    await withDatabase(server, async (db) => {
      await db.query('CREATE SCHEMA "My Schema"');
      await db.query(
        `ALTER DATABASE ${db.name} SET default_transaction_isolation = 'serializable'`,
      );
      const target = { ...db.target, searchPath: '"My Schema", public' };
      await withConnection(target, async (client) => {
        const { rows } = await client.query(
          `SELECT current_schemas(false)::text AS schemas,
                  current_setting('TimeZone') AS zone,
                  current_setting('transaction_isolation') AS isolation,
                  current_setting('application_name') AS name,
                  current_setting('DateStyle') AS style`,
        );
        assert.deepEqual(rows, [
          {
            schemas: '{"My Schema",public}',
            zone: 'UTC',
            isolation: 'read committed',
            name: 'oltp-simulator-test',
            style: 'ISO, YMD',
          },
        ]);
      });
    });
  });

  test(`${version}: a search_path cannot smuggle in a statement`, async () => {
    await withDatabase(server, async (db) => {
      const target = { ...db.target, searchPath: "public'; DROP TABLE pacientes; --" };
      await connect(target).then(
        (client) => client.end(),
        () => undefined,
      );
      await db.query('SELECT 1 FROM pacientes');
    });
  });

  test(`${version}: a wrong password is refused with code 3, and not shown`, async () => {
    const error = await refusalOf({ ...server.target(), password: 'segredo-42' });
    assert.equal(error.exitCode, EXIT.unreachable);
    assert.match(error.message, /password of "postgres"/);
    assert.doesNotMatch(`${error.message}${error.stack}${error.cause}`, /segredo/);
  });

  test(`${version}: a missing role is refused with code 3`, async () => {
    const error = await refusalOf({ ...server.target(), user: 'nobody-here' });
    assert.equal(error.exitCode, EXIT.unreachable);
  });

  test(`${version}: no password, or an empty one, never comes from the environment`, async () => {
    const env = { PGPASSWORD: 'postgres', PGPASSFILE: '/nonexistent' };
    await withEnv(env, async () => {
      for (const password of [null, '']) {
        const error = await refusalOf({ ...server.target(), password });
        assert.equal(error.exitCode, EXIT.unreachable);
        assert.match(error.message, /PG_PASSWORD/);
      }
    });
  });

  test(`${version}: the environment of libpq does not change a target`, async () => {
    const env = {
      PGHOST: 'nowhere.invalid',
      PGPORT: '1',
      PGUSER: 'nobody-here',
      PGDATABASE: 'nothing',
      PGSSLMODE: 'verify-full',
      PGSSLNEGOTIATION: 'direct',
      PGCLIENT_ENCODING: 'LATIN1',
    };
    await withEnv(env, () =>
      withConnection(server.target(), async (client) => {
        await client.query("SELECT 'ç'");
      }),
    );
  });

  test(`${version}: a missing password is looked up in the password file`, async () => {
    await withTempFolder(async (folder) => {
      const file = join(folder, 'pgpass');
      await writeFile(file, `127.0.0.1:${server.port}:*:postgres:postgres\n`, { mode: 0o600 });
      await withEnv({ PGPASSFILE: file }, async () => {
        const target = { ...server.target(), password: null };
        await withConnection(target, (client) => client.query('SELECT 1'));
        await chmod(file, 0o644);
        const exposed = await refusalOf(target);
        assert.equal(exposed.exitCode, EXIT.unreachable);
        assert.match(
          exposed.message,
          /pgpass is ignored because other users may read it.*chmod 600/,
        );
      });
    });
  });

  test(`${version}: another authentication method than demanded is refused, and options reach the server`, async () => {
    const demands = { ...NO_DEMANDS, authMethods: ['md5'] };
    const other = await refusalOf({ ...server.target(), demands });
    assert.match(other.message, /allows md5, and the server .* asked for scram-sha-256/);
    const bound = await refusalOf({
      ...server.target(),
      demands: { ...NO_DEMANDS, channelBinding: true },
    });
    assert.match(bound.message, /channel_binding=require/);
    const options = '-c statement_timeout=7s';
    const target = { ...server.target(), demands: { ...NO_DEMANDS, options } };
    await withConnection(target, async (client) => {
      const { rows } = await client.query('SHOW statement_timeout');
      assert.deepEqual(rows, [{ statement_timeout: '7s' }]);
    });
  });

  test(`${version}: the server's reason for ending an idle session is kept`, async () => {
    const work = withConnection(server.target(), async (client) => {
      await client.query("SET idle_in_transaction_session_timeout = '10ms'; BEGIN");
      await new Promise((resolve) => client.once('end', () => resolve(null)));
      await client.query('SELECT 1');
    });
    await assert.rejects(work, {
      name: 'OperatorError',
      exitCode: EXIT.state,
      message: /^idle_in_transaction_session_timeout ended/,
    });
  });

  test(`${version}: a missing database is refused with code 4`, async () => {
    const error = await refusalOf(server.target('not_there'));
    assert.equal(error.exitCode, EXIT.state);
    assert.match(error.message, /"not_there"/);
  });

  test(`${version}: a role that may not connect to a database is refused with code 4`, async () => {
    await withDatabase(server, async (db) => {
      await db.query("CREATE ROLE outsider LOGIN PASSWORD 'x'");
      await db.query(`REVOKE CONNECT ON DATABASE ${db.name} FROM PUBLIC`);
      const error = await refusalOf({ ...db.target, user: 'outsider', password: 'x' });
      await db.query('DROP ROLE outsider');
      assert.equal(error.exitCode, EXIT.state);
    });
  });

  test(`${version}: an error of the database inside withConnection becomes an operator's error`, async () => {
    await withDatabase(server, async (db) => {
      const work = withConnection(db.target, (client) => client.query('SELECT 1 FROM nowhere'));
      await assert.rejects(work, { name: 'OperatorError', exitCode: EXIT.state });
    });
  });

  test(`${version}: a defect inside withConnection is thrown unchanged`, async () => {
    await withDatabase(server, async (db) => {
      const work = withConnection(db.target, async () => {
        throw new TypeError('oops');
      });
      await assert.rejects(work, { name: 'TypeError', message: 'oops' });
    });
  });

  test(`${version}: a stopped server is not reachable`, async () => {
    await server.stop();
    const error = await refusalOf(server.target());
    await server.start();
    assert.equal(error.exitCode, EXIT.unreachable);
    assert.match(error.message, new RegExp(`127.0.0.1:${server.port}`));
  });
}

const NOWHERE: ConnectionTarget = {
  host: '127.0.0.1',
  port: 1,
  user: 'postgres',
  password: 'postgres',
  database: 'postgres',
  sslMode: 'prefer',
  sslRootCert: null,
  sslCert: null,
  sslKey: null,
  searchPath: 'public',
  connectTimeoutSeconds: 1,
  applicationName: 'test',
};

test('a port that nobody listens on is not reachable, by any address of its host', async () => {
  const port = await freePort();
  for (const host of ['127.0.0.1', 'localhost', '::1']) {
    const error = await refusalOf({ ...NOWHERE, host, port });
    assert.equal(error.exitCode, EXIT.unreachable, error.message);
  }
});

test('a host name that does not resolve is not reachable', async () => {
  const error = await refusalOf({ ...NOWHERE, host: 'no-such-host.invalid' });
  assert.equal(error.exitCode, EXIT.unreachable);
  assert.match(error.message, /no-such-host\.invalid/);
});

test('connecting to a server that never answers ends after the timeout', async () => {
  await withBusyPort(async (port) => {
    const error = await refusalOf({ ...NOWHERE, port });
    assert.equal(error.exitCode, EXIT.unreachable);
    assert.match(error.message, /within 1 s/);
  });
});

test('a missing Unix socket is not reachable', async () => {
  await withTempFolder(async (folder) => {
    const error = await refusalOf({ ...NOWHERE, host: folder });
    assert.equal(error.exitCode, EXIT.unreachable);
  });
});

// Only the check: no older server can be installed for the tests.
test('a server older than 14 is refused with code 4, and 14 is not', () => {
  requireVersion(140_000, '14.0', NOWHERE);
  assert.throws(() => requireVersion(130_014, '13.14', NOWHERE), {
    exitCode: EXIT.state,
    message: /PostgreSQL 13\.14/,
  });
});
