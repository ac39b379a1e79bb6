import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { totalOf } from '../../../src/database/table-counts.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { countTables } from '../../helpers/workspace.js';
import { checksums, number, requireClean, runOn, seed, volumes } from './seeding.js';

const servers = await startServers();
const newest = servers.at(-1)!;

const { tables: TABLES } = schemaWith([]);

/** The volumes of `.env.example`, with médicos and convênios raised to SEED_MIN_ROWS. */
const DEFAULT_ROWS = {
  pacientes: 2000,
  medicos: 1000,
  convenios: 1000,
  pacientes_convenios: 2500,
  consultas: 4000,
  exames: 3500,
  internacoes: 1200,
};

for (const server of servers) {
  const { version } = server;

  test(`${version}: the default seed fills every table, and the rules hold`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(server, async (db) => {
        const lookups = await number(db, 'SELECT count(*) FROM convenios');
        const document = await seed(db, cwd);
        assert.deepEqual(Object.keys(document).sort(), [
          'rows',
          'rows_per_second',
          'seconds',
          'tables',
          'written',
        ]);
        assert.deepEqual(document.tables, DEFAULT_ROWS);
        assert.deepEqual(document.tables, await countTables(db));
        assert.equal(document.rows, totalOf(document.tables));
        assert.equal(document.written, document.rows - lookups);
        assert.ok(document.seconds > 0);
        const perSecond = document.written / document.seconds;
        assert.ok(Math.abs(document.rows_per_second / perSecond - 1) < 0.05);

        const counts = await runOn(db, cwd, ['counts', '--json']);
        const { tables, total } = JSON.parse(counts.stdout);
        assert.deepEqual({ tables, total }, { tables: document.tables, total: document.rows });

        const check = await runOn(db, cwd, ['check', '--json']);
        const { ok, rules } = JSON.parse(check.stdout);
        assert.equal(check.code, 0);
        assert.equal(ok, true);
        assert.ok(rules.length > TABLES.size);
        for (const { rule, violations } of rules) assert.equal(violations, 0, rule);
      }),
    );
  });
}

test('the final counts of every table are on the console and in app.log', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const result = await runOn(db, cwd, ['seed'], { APP_LANG: 'pt-BR' });
      assert.equal(result.code, 0, result.stderr);
      const log = await readFile(join(cwd, 'logs', 'app.log'), 'utf8');
      for (const [table, rows] of Object.entries(DEFAULT_ROWS)) {
        const total = rows.toLocaleString('pt-BR').replace('.', '\\.');
        const line = new RegExp(`${table}: inseridos \\+[\\d.]+ \\(total=${total}\\)`);
        assert.match(result.stderr, line);
        assert.match(log, line);
        assert.match(result.stdout, new RegExp(`${table} .*\\b${total}\\b`));
      }
      for (const text of [result.stderr, log]) {
        assert.match(text, /medicos: volume elevado de 200 para 1\.000 \(SEED_MIN_ROWS\)/);
        assert.match(text, /carga inicial concluída: 15\.198 registros/);
      }
    }),
  );
});

test('without a minimum the volumes are exact', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const { tables } = await seed(db, cwd, [], { SEED_MIN_ROWS: '0' });
      assert.deepEqual(tables, { ...DEFAULT_ROWS, medicos: 200, convenios: 12 });
      await requireClean(db, cwd);
    }),
  );
});

test('a scale multiplies every volume, and a fraction of a row is rounded', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const { tables } = await seed(db, cwd, ['--scale', '0.25'], { SEED_MIN_ROWS: '7' });
      assert.deepEqual(tables, {
        pacientes: 500,
        medicos: 50,
        convenios: 7,
        pacientes_convenios: 625,
        consultas: 1000,
        exames: 875,
        internacoes: 300,
      });
      await requireClean(db, cwd);
    }),
  );
});

test('a second seed has nothing to write, a larger one writes the difference', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const first = await seed(db, cwd, ['--scale', '0.5'], { SEED_MIN_ROWS: '0' });
      const before = await checksums(db);
      const second = await seed(db, cwd, ['--scale', '0.5'], { SEED_MIN_ROWS: '0' });
      assert.equal(second.written, 0);
      assert.deepEqual(second.tables, first.tables);
      assert.deepEqual(await checksums(db), before);

      const third = await seed(db, cwd, [], { SEED_MIN_ROWS: '0' });
      assert.equal(third.written, third.rows - first.rows);
      assert.deepEqual(third.tables, { ...DEFAULT_ROWS, medicos: 200, convenios: 12 });
      await requireClean(db, cwd);
    }),
  );
});

test('ids go on after rows that someone inserted by hand, and INSERT without an id works', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      // Past the sequence: the seed must not run into it.
      await db.query(
        `INSERT INTO pacientes (id, nome, nascimento, cpf, data_cadastro)
         VALUES (77, 'Ana', '1990-01-01', '529.982.247-25', now() - interval '1 day')`,
      );
      const { tables } = await seed(
        db,
        cwd,
        [],
        volumes({ pacientes: 200, medicos: 20, exames: 300 }),
      );
      assert.deepEqual([tables.pacientes, tables.medicos, tables.exames], [200, 20, 300]);
      assert.equal(await number(db, 'SELECT count(*) FROM pacientes WHERE id > 77'), 199);
      for (const { name: table, columns: written } of TABLES) {
        const values = written.slice(1).map(({ name, type }) => {
          if (name === 'paciente_id') return '77';
          if (name === 'medico_id') return '(SELECT min(id) FROM medicos)';
          if (name === 'convenio_id') return '(SELECT min(id) FROM convenios)';
          if (name === 'status') return "'agendada'";
          if (name === 'data_saida') return 'NULL';
          return type.startsWith('character') ? "'x'" : 'now()';
        });
        const columns = written.slice(1).map(({ name }) => name);
        const highest = await number(db, `SELECT coalesce(max(id), 0) FROM ${table}`);
        const [row] = await db.query<{ id: string }>(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values.join(', ')}) RETURNING id`,
        );
        assert.ok(Number(row?.id) > highest, `${table}: ${row?.id} after ${highest}`);
      }
    }),
  );
});

test('more links than patients may have are refused before anything is written', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const before = await countTables(db);
      const env = volumes({ pacientes: 100, convenios: 10, pacientes_convenios: 301 });
      const refused = await runOn(db, cwd, ['seed', '--json'], env);
      assert.equal(refused.code, 2);
      assert.equal(JSON.parse(refused.stdout).exit_code, 2);
      assert.match(refused.stderr, /301 links.*100 rows of pacientes.*300/);
      assert.deepEqual(await countTables(db), before);

      // The last place of the last patient is still one.
      const { tables } = await seed(db, cwd, [], { ...env, SEED_PACIENTES_CONVENIOS: '300' });
      assert.equal(tables.pacientes_convenios, 300);
      await requireClean(db, cwd);
    }),
  );
});
