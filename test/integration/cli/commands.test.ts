import assert from 'node:assert/strict';
import test from 'node:test';
import { runCli, startCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { hospital } from '../../helpers/hospital.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { assertRefused, readDocument } from './refusals.js';

const server = await startServer(18);

/** Volumes that are seeded within a second. */
const SMALL = {
  SEED_MIN_ROWS: '0',
  SEED_PACIENTES: '40',
  SEED_MEDICOS: '5',
  SEED_CONVENIOS: '4',
  SEED_PACIENTES_CONVENIOS: '20',
  SEED_CONSULTAS: '60',
  SEED_EXAMES: '50',
  SEED_INTERNACOES: '30',
};
const SMALL_TOTAL = 209;

interface Counts {
  readonly tables: Record<string, number>;
  readonly total: number;
}

test('init-db, seed, counts and check answer as promised, and may be repeated', async () => {
  await withDatabase(
    server,
    async (db) => {
      await withTempFolder(async (cwd) => {
        const options = { cwd, env: { ...envOf(db.target), ...SMALL } };
        for (const _ of ['first', 'again']) {
          const made = await runCli(['init-db', '--json'], options);
          assert.equal(made.code, 0, made.stderr);
          readDocument(made);
        }
        const lookups = await runCli(['counts', '--json'], options);
        assert.equal(readDocument<Counts>(lookups).tables.convenios, 2);

        const seeded = await runCli(['seed', '--json'], options);
        assert.equal(seeded.code, 0, seeded.stderr);
        const seed = readDocument<Record<string, unknown>>(seeded);
        assert.deepEqual(Object.keys(seed.tables as object), [...hospital.tables.names]);
        assert.equal(seed.rows, SMALL_TOTAL);
        assert.ok((seed.seconds as number) > 0);
        assert.ok((seed.rows_per_second as number) > 0);

        const again = await runCli(['seed', '--json'], options);
        assert.equal(readDocument<{ written: number }>(again).written, 0);

        const counted = await runCli(['counts', '--json'], options);
        const { tables, total } = readDocument<Counts>(counted);
        assert.deepEqual(tables, seed.tables);
        assert.equal(total, SMALL_TOTAL);
        assert.equal(counted.stderr, '');

        const checked = await runCli(['check', '--json'], options);
        assert.equal(checked.code, 0);
        const { ok, rules } = readDocument<{ ok: boolean; rules: unknown[] }>(checked);
        assert.equal(ok, true);
        assert.deepEqual(
          rules,
          [...hospital.rules].map(({ rule }) => ({ rule, violations: 0 })),
        );
      });
    },
    { empty: true },
  );
});

test('check names the rule that does not hold, and ends with code 5', async () => {
  await withDatabase(server, async (db) => {
    await db.query(
      `INSERT INTO pacientes (nome, nascimento, cpf) VALUES ('Fulano', '1980-01-01', '11111111111')`,
    );
    await withTempFolder(async (cwd) => {
      const options = { cwd, env: envOf(db.target) };
      const result = await runCli(['check', '--json'], options);
      assert.equal(result.code, 5);
      type Rules = { ok: boolean; rules: { rule: string; violations: number }[] };
      const { ok, rules } = readDocument<Rules>(result);
      assert.equal(ok, false);
      const broken = rules.filter(({ violations }) => violations > 0);
      assert.ok(broken.length > 0 && broken.every(({ rule }) => /cpf/i.test(rule)), result.stdout);
      assert.match(
        result.stderr,
        /ERROR .*\[check\] - 1 of \d+ rules violated, 1 violation in all\n/,
      );
    });
  });
});

test('reset drops and seeds anew with --yes, and refuses without a terminal', async () => {
  await withDatabase(server, async (db) => {
    await db.query(
      `INSERT INTO medicos (nome, crm, especialidade) VALUES ('Fulana', 'x', 'cardiologia')`,
    );
    await withTempFolder(async (cwd) => {
      const options = { cwd, env: { ...envOf(db.target), ...SMALL } };
      assertRefused(await runCli(['reset'], options), 4, /no terminal.*--yes/);
      assert.equal((await db.query("SELECT 1 FROM medicos WHERE crm = 'x'")).length, 1);

      const done = await runCli(['reset', '--yes', '--json'], options);
      assert.equal(done.code, 0, done.stderr);
      assert.equal(readDocument<{ rows: number }>(done).rows, SMALL_TOTAL);
      assert.equal((await db.query("SELECT 1 FROM medicos WHERE crm = 'x'")).length, 0);
    });
  });
});

test('reset spares a database with foreign tables unless --drop-foreign-tables is given', async () => {
  await withDatabase(server, async (db) => {
    await db.query('CREATE TABLE folha_de_pagamento (id int)');
    await withTempFolder(async (cwd) => {
      const options = { cwd, env: { ...envOf(db.target), ...SMALL } };
      const refused = await runCli(['reset', '--yes'], options);
      assertRefused(refused, 4, /folha_de_pagamento.*--drop-foreign-tables/);
      assert.equal((await db.query('SELECT * FROM folha_de_pagamento')).length, 0);

      const done = await runCli(['reset', '--yes', '--drop-foreign-tables'], options);
      assert.equal(done.code, 0, done.stderr);
      const [left] = await db.query<{ gone: boolean }>(
        "SELECT to_regclass('folha_de_pagamento') IS NULL AS gone",
      );
      assert.equal(left?.gone, true);
    });
  });
});

test('reset refuses a search_path with another schema than the one that it drops', async () => {
  await withDatabase(server, async (db) => {
    await db.query('CREATE SCHEMA hospital');
    await withTempFolder(async (cwd) => {
      const env = { ...envOf(db.target), PG_SEARCH_PATH: 'hospital' };
      const refused = await runCli(['reset', '--yes'], { cwd, env });
      assertRefused(refused, 4, /search_path.*"hospital"/);
      await db.query('SELECT * FROM public.pacientes');
    });
  });
});

test("DATABASE_URL, libpq's variables and config/.env all lead to the server", async () => {
  await withDatabase(server, async (db) => {
    const { host, port, user, password, database } = db.target;
    const ways = [
      { DATABASE_URL: `postgresql://${user}:${password}@${host}:${port}/${database}` },
      {
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: password ?? '',
        PGDATABASE: database,
      },
    ];
    await withTempFolder(async (cwd) => {
      for (const env of ways) {
        const result = await runCli(['counts', '--json'], { cwd, env });
        assert.equal(readDocument<Counts>(result).tables.convenios, 2, result.stderr);
      }
    });
  });
});

test('a reader that has seen enough does not make the program fail', async () => {
  await withDatabase(server, async (db) => {
    await withTempFolder(async (cwd) => {
      const expected = { check: 0, '--help': 0, '--nonsense': 2 };
      for (const [argument, exitCode] of Object.entries(expected)) {
        const running = startCli([argument], { cwd, env: envOf(db.target) });
        running.child.stdout?.destroy();
        running.child.stderr?.destroy();
        const { code } = await running.ended();
        assert.equal(code, exitCode, argument);
      }
    });
  });
});
