import assert from 'node:assert/strict';
import test from 'node:test';
import { runCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { freePort } from '../../helpers/free-port.js';
import { lockTables } from '../../helpers/hold-ups.js';
import { hospital } from '../../helpers/hospital.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { assertRefused, readDocument } from './refusals.js';

const server = await startServer(18);
const USING_SERVER = ['init-db', 'seed', 'stream', 'counts', 'check'];

/** Runs each command in a folder of its own, against the same unfit database. */
async function refuseEach(
  commands: readonly string[],
  env: Readonly<Record<string, string>>,
  exitCode: number,
  sentence: RegExp,
): Promise<void> {
  await Promise.all(
    commands.map((command) =>
      withTempFolder(async (cwd) => {
        const result = await runCli([command], { cwd, env });
        assertRefused(result, exitCode, sentence);
        assert.doesNotMatch(result.stderr, /s3nha-secreta/);
      }),
    ),
  );
}

async function countObjects(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ found: number }>(
    "SELECT count(*)::int AS found FROM pg_class WHERE relnamespace = 'public'::regnamespace",
  );
  return row?.found ?? 0;
}

test('a server that is down is named, with advice', async () => {
  const env = { ...envOf(server.target()), PG_PORT: String(await freePort()) };
  await refuseEach(USING_SERVER, env, 3, /no PostgreSQL server.*127\.0\.0\.1:\d+.*PG_HOST/);
});

test('a wrong password ends every command at once, and is not repeated', async () => {
  const env = { ...envOf(server.target()), PG_PASSWORD: 's3nha-secreta' };
  await refuseEach(['counts', 'stream'], env, 3, /refused the password of "postgres".*PG_PASSWORD/);
});

test('a wrong password in DATABASE_URL is not repeated either, not even with --json', async () => {
  await withTempFolder(async (cwd) => {
    const url = `postgresql://postgres:s3nha-secreta@127.0.0.1:${server.port}/postgres`;
    const result = await runCli(['counts', '--json', '--log-level', 'debug'], {
      cwd,
      env: { DATABASE_URL: url },
    });
    assert.equal(result.code, 3);
    assert.doesNotMatch(result.stdout + result.stderr, /s3nha-secreta/);
    const { exit_code } = readDocument<{ error: string; exit_code: number }>(result);
    assert.equal(exit_code, 3);
  });
});

test('a missing database is named, and not created', async () => {
  const env = envOf(server.target('nao_existe'));
  await refuseEach(['init-db', 'counts'], env, 4, /no database "nao_existe".*CREATE DATABASE/);
  const found = await server.query("SELECT 1 FROM pg_database WHERE datname = 'nao_existe'");
  assert.equal(found.length, 0);
});

test('a database without the schema sends the operator to init-db', async () => {
  await withDatabase(
    server,
    async (db) => {
      const commands = ['seed', 'stream', 'counts', 'check'];
      await refuseEach(
        commands,
        envOf(db.target),
        4,
        /does not have the simulator's tables yet.*`init-db`/,
      );
      assert.equal(await countObjects(db), 0);
    },
    { empty: true },
  );
});

test('tables of another shape are named, and not touched', async () => {
  await withDatabase(
    server,
    async (db) => {
      await db.query('CREATE TABLE pacientes (id text PRIMARY KEY, apelido text)');
      const before = await countObjects(db);
      await refuseEach(
        USING_SERVER,
        envOf(db.target),
        4,
        /tables that differ from the simulator's .*pacientes\.id/,
      );
      assert.equal(await countObjects(db), before);
    },
    { empty: true },
  );
});

test('a read-only server is refused by everything that writes, and read by the rest', async () => {
  await withDatabase(server, async (db) => {
    await server.query(`ALTER DATABASE ${db.name} SET default_transaction_read_only = on`);
    const env = envOf(db.target);
    await refuseEach(['init-db', 'seed', 'stream'], env, 4, /is read-only/);
    await withTempFolder(async (cwd) => {
      const reset = await runCli(['reset', '--yes'], { cwd, env });
      assertRefused(reset, 4, /is read-only/);
      assert.equal((await runCli(['counts'], { cwd, env })).code, 0);
    });
  });
});

test('a role without privileges is refused, and nothing is written', async () => {
  await withDatabase(server, async (db) => {
    await server.query("CREATE ROLE visitante LOGIN PASSWORD 'visita'");
    try {
      const env = { ...envOf(db.target), PG_USER: 'visitante', PG_PASSWORD: 'visita' };
      await refuseEach(
        ['counts', 'check', 'seed', 'stream'],
        env,
        4,
        /"visitante" lacks privileges/,
      );
    } finally {
      await server.query('DROP ROLE visitante');
    }
  });
});

test('init-db refuses a role that may not create', async () => {
  await withDatabase(
    server,
    async (db) => {
      await server.query("CREATE ROLE hospede LOGIN PASSWORD 'visita'");
      try {
        const env = { ...envOf(db.target), PG_USER: 'hospede', PG_PASSWORD: 'visita' };
        await refuseEach(['init-db'], env, 4, /"hospede" may not create/);
        assert.equal(await countObjects(db), 0);
      } finally {
        await server.query('DROP ROLE hospede');
      }
    },
    { empty: true },
  );
});

test('a database whose encoding lacks characters of the rows is refused before anything is written', async () => {
  await server.query("CREATE DATABASE latim ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  try {
    const env = envOf(server.target('latim'));
    await refuseEach(
      ['init-db'],
      env,
      4,
      /encoding of the database "latim".*LATIN1.*ENCODING 'UTF8'/,
    );
  } finally {
    await server.query('DROP DATABASE latim');
  }
});

test("each command that a timeout of the role ends names it, and a wrong password names the URL's place", async () => {
  await withDatabase(server, async (db) => {
    await server.query("CREATE ROLE apressado SUPERUSER LOGIN PASSWORD 'visita'");
    await server.query("ALTER ROLE apressado SET statement_timeout = '200ms'");
    const release = await lockTables(db, ...hospital.tables.names);
    try {
      const env = { ...envOf(db.target), PG_USER: 'apressado', PG_PASSWORD: 'visita' };
      await refuseEach(
        ['counts', 'check', 'stream'],
        env,
        4,
        /statement_timeout ended.*ALTER ROLE/,
      );
    } finally {
      await release();
      await server.query('DROP ROLE apressado');
    }
    const DATABASE_URL = `postgresql://postgres:errada@127.0.0.1:${server.port}/${db.name}`;
    await refuseEach(
      ['counts'],
      { DATABASE_URL },
      3,
      /refused the password .*correct DATABASE_URL$/m,
    );
  });
});

test('errors come in Portuguese, too', async () => {
  await withTempFolder(async (cwd) => {
    const env = { ...envOf(server.target('nowhere')), APP_LANG: 'pt-BR' };
    assertRefused(await runCli(['counts'], { cwd, env }), 4, /"nowhere" não existe/);
  });
});
