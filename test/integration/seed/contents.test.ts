import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers, type TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { checksums, number, seed, volumes } from './seeding.js';

const [oldest, newest] = (await startServers()) as [TestServer, TestServer];

const { tables } = schemaWith([]);

/** More than one chunk of exames, so that workers do share a table; a fixed day, not today. */
const SEVERAL_CHUNKS = {
  ...volumes({
    pacientes: 3000,
    medicos: 100,
    convenios: 20,
    pacientes_convenios: 4000,
    consultas: 2000,
    exames: 51_000,
    internacoes: 2000,
  }),
  SEED_REFERENCE_DATE: '2026-03-01',
  SEED_VALIDATE_FOREIGN_KEYS: 'false',
};

async function contentsOf(server: TestServer, args: readonly string[]) {
  return withTempFolder((cwd) =>
    withDatabase(server, async (db) => {
      await seed(db, cwd, args, SEVERAL_CHUNKS);
      return checksums(db);
    }),
  );
}

test('the rows follow from --rng, not from the number of workers or the server', async () => {
  const alone = await contentsOf(newest, ['--rng', '7', '--workers', '1']);
  assert.deepEqual(await contentsOf(newest, ['--rng', '7', '--workers', '2']), alone);
  assert.deepEqual(await contentsOf(oldest, ['--rng', '7', '--workers', '4']), alone);

  const other = await contentsOf(newest, ['--rng', '8', '--workers', '4']);
  for (const table of tables.names) assert.notEqual(other[table], alone[table], table);
});

test('the seeded database has the distributions of the hospital', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      await seed(db, cwd, [], { SEED_PACIENTES_CONVENIOS: '3000' });

      for (const { name: table, foreignKeys } of tables) {
        for (const { column, references } of foreignKeys) {
          const orphans = await number(
            db,
            `SELECT count(*) FROM ${table} WHERE NOT ${column} IN (SELECT id FROM ${references})`,
          );
          assert.equal(orphans, 0, `${table}.${column}`);
        }
      }

      // 4,000 draws: three standard deviations are 2.4 points at 55 %, 1 point at 5 %.
      const shares = new Map(
        (
          await db.query<{ status: string; share: number }>(
            'SELECT status, count(*)::float8 / sum(count(*)) OVER () AS share FROM consultas GROUP BY status',
          )
        ).map(({ status, share }) => [status, share]),
      );
      assert.deepEqual([...shares.keys()].sort(), ['agendada', 'cancelada', 'faltou', 'realizada']);
      const near = (status: string, share: number, by: number) =>
        assert.ok(Math.abs(shares.get(status)! - share) < by, `${status}: ${shares.get(status)}`);
      near('agendada', 0.55, 0.03);
      near('realizada', 0.35, 0.03);
      near('cancelada', 0.05, 0.012);
      near('faltou', 0.05, 0.012);

      const open = await number(db, 'SELECT avg((data_saida IS NULL)::int) FROM internacoes');
      assert.ok(open >= 0.2 && open <= 0.3, `open stays: ${open}`);
      const [stays] = await db.query<{ shortest: number; longest: number }>(
        `SELECT min(days) AS shortest, max(days) AS longest FROM (
           SELECT extract(epoch FROM data_saida - data_entrada)::float8 / 86400 AS days
             FROM internacoes WHERE data_saida IS NOT NULL) AS d`,
      );
      assert.ok(stays!.shortest >= 3 && stays!.longest <= 10, JSON.stringify(stays));

      const links = await db.query<{ links: number }>(
        `SELECT DISTINCT count(l.id)::int AS links FROM pacientes p
           LEFT JOIN pacientes_convenios l ON l.paciente_id = p.id GROUP BY p.id ORDER BY 1`,
      );
      assert.deepEqual(
        links.map((row) => row.links),
        [0, 1, 2, 3],
      );

      const early = await number(
        db,
        `SELECT count(*) FROM (
           SELECT paciente_id, data FROM consultas UNION ALL
           SELECT paciente_id, data FROM exames UNION ALL
           SELECT paciente_id, data_entrada FROM internacoes) AS e
         JOIN pacientes p ON p.id = e.paciente_id WHERE e.data < p.data_cadastro`,
      );
      assert.equal(early, 0);
      const years = await number(
        db,
        `SELECT extract(epoch FROM max(data) - min(data)) / 86400 / 365.25 FROM consultas`,
      );
      assert.ok(years > 1.5 && years <= 2, `a window of ${years} years`);
    }),
  );
});
