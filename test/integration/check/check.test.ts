import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRules } from '../../../src/database/rules.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { runCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const SCHEMA = schemaWith([]);
const RULES = [...SCHEMA.rules];

const servers = await startServers();

/** Some of each, all as they should be, and as close to breaking a rule as that allows. */
const GOOD_ROWS = `
  INSERT INTO pacientes (id, nome, nascimento, cpf, data_cadastro) VALUES
    (1, 'Ana', '1990-01-01', '529.982.247-25', '2026-01-01'),
    (2, 'Eva', '2026-01-01', '111.444.777-35', '2026-01-01'),
    (3, 'Rui', '1990-01-01', '123.456.789-09', '2026-01-01');
  INSERT INTO medicos (id, nome, crm, especialidade) VALUES (1, 'Lia', 'CRM/SP 123456', 'Pediatria');
  DELETE FROM convenios;
  INSERT INTO convenios (id, nome, cnpj, tipo) VALUES
    (1, 'A', '11.222.333/0001-81', 'privado'), (2, 'B', '00.000.000/0001-91', 'publico'),
    (3, 'C', '33.000.167/0001-01', 'empresarial'), (4, 'D', '60.746.948/0001-12', 'privado');
  INSERT INTO pacientes_convenios (paciente_id, convenio_id) VALUES (2, 4), (1, 1), (1, 2), (1, 3);
  INSERT INTO consultas (paciente_id, medico_id, data, motivo, status)
    VALUES (1, 1, '2026-01-01', 'x', 'faltou');
  INSERT INTO exames (paciente_id, tipo_exame, data) VALUES (1, 'Hemograma', '2026-01-01');
  INSERT INTO internacoes (paciente_id, data_entrada, data_saida, motivo) VALUES
    (1, '2026-01-01', NULL, 'x'), (1, '2026-01-01', '2026-01-04', 'x'),
    (1, '2026-01-01', '2026-01-11', 'x')`;

const stay = (days: string) =>
  `INSERT INTO internacoes (paciente_id, data_entrada, data_saida, motivo)
   VALUES (1, '2026-02-01', timestamp '2026-02-01' + interval '${days}', 'x')`;
const orphan = (table: string, column: string) =>
  `UPDATE ${table} SET ${column} = 999 WHERE id = (SELECT min(id) FROM ${table})`;
const backdated = (table: string) =>
  `UPDATE ${table} SET created_at = now(), updated_at = now() - interval '1 second'
    WHERE id = (SELECT max(id) FROM ${table})`;

const STAY_LENGTH = 'internacoes.data_saida - data_entrada BETWEEN 3 AND 10 days';

/** Statements that break a rule once, in an order in which none hides the effect of another. */
const PLANTS: readonly { breaks: readonly string[]; by: string }[] = [
  {
    breaks: ['pacientes.nascimento <= data_cadastro'],
    by: "UPDATE pacientes SET nascimento = '2026-01-02' WHERE id = 2",
  },
  {
    breaks: ['pacientes.cpf ~ 000.000.000-00, mod 11'],
    by: "UPDATE pacientes SET cpf = '123.456.789-00' WHERE id = 3",
  },
  {
    breaks: ['medicos.crm ~ CRM/UF 000000'],
    by: "INSERT INTO medicos (id, nome, crm, especialidade) VALUES (2, 'Ivo', 'CRM/XX 123456', 'x')",
  },
  {
    breaks: ['convenios.cnpj ~ 00.000.000/0000-00, mod 11'],
    by: "UPDATE convenios SET cnpj = '60.746.948/0001-13' WHERE id = 4",
  },
  {
    breaks: ['convenios.tipo IN (publico, privado, empresarial)'],
    by: "UPDATE convenios SET tipo = 'particular' WHERE id = 3",
  },
  {
    breaks: ['count(pacientes_convenios) per paciente_id <= 3'],
    by: 'INSERT INTO pacientes_convenios (paciente_id, convenio_id) VALUES (1, 4)',
  },
  {
    breaks: ['consultas.data >= pacientes.data_cadastro'],
    by: `INSERT INTO consultas (paciente_id, medico_id, data, motivo, status)
         VALUES (1, 1, '2025-12-31 23:59:59', 'x', 'realizada')`,
  },
  {
    breaks: ['consultas.status IN (agendada, realizada, cancelada, faltou)'],
    by: `INSERT INTO consultas (paciente_id, medico_id, data, motivo, status)
         VALUES (1, 1, '2026-02-01', 'x', 'adiada')`,
  },
  {
    breaks: ['exames.data >= pacientes.data_cadastro'],
    by: `INSERT INTO exames (paciente_id, tipo_exame, data)
         VALUES (1, 'Hemograma', '2025-12-31 23:59:59')`,
  },
  {
    breaks: [RULES.find(({ rule }) => rule.startsWith('exames.tipo_exame IN'))!.rule],
    by: `INSERT INTO exames (paciente_id, tipo_exame, data) VALUES (1, 'adivinhação', '2026-02-01')`,
  },
  {
    breaks: ['internacoes.data_entrada >= pacientes.data_cadastro'],
    by: `INSERT INTO internacoes (paciente_id, data_entrada, motivo)
         VALUES (1, '2025-12-31 23:59:59', 'x')`,
  },
  { breaks: ['internacoes.data_saida >= data_entrada', STAY_LENGTH], by: stay('-1 second') },
  { breaks: [STAY_LENGTH], by: stay('2 days 23:59:59') },
  { breaks: [STAY_LENGTH], by: stay('10 days 00:00:01') },
  ...['pacientes', 'medicos', 'convenios'].map((table) => ({
    breaks: [`${table}.updated_at >= created_at`],
    by: backdated(table),
  })),
  ...['pacientes_convenios', 'consultas', 'exames', 'internacoes'].flatMap((table) => [
    { breaks: [`${table}.updated_at >= created_at`], by: backdated(table) },
    {
      breaks: [`${table}.paciente_id REFERENCES pacientes`],
      by: orphan(table, 'paciente_id'),
    },
  ]),
  {
    breaks: ['pacientes_convenios.convenio_id REFERENCES convenios'],
    by: orphan('pacientes_convenios', 'convenio_id'),
  },
  { breaks: ['consultas.medico_id REFERENCES medicos'], by: orphan('consultas', 'medico_id') },
];

test('a violation is planted for every rule', () => {
  const planted = new Set(PLANTS.flatMap(({ breaks }) => breaks));
  assert.deepEqual([...planted].sort(), RULES.map(({ rule }) => rule).sort());
});

for (const server of servers) {
  const { version } = server;

  test(`${version}: each violation is counted by its rule and by no other`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(server, async (db) => {
        const expected = new Map(RULES.map(({ rule }) => [rule, 0]));
        await withConnection(db.target, async (client) => {
          const found = async () =>
            new Map(
              (await checkRules(client, SCHEMA)).map(({ rule, violations }) => [rule, violations]),
            );
          await client.query(GOOD_ROWS);
          assert.deepEqual(await found(), expected);
          // Neither CHECK constraints nor foreign keys nor `updated_at` stand in the way of a plant.
          await client.query(`
            ALTER TABLE internacoes DROP CONSTRAINT internacoes_check;
            ALTER TABLE consultas DROP CONSTRAINT consultas_status_check;
            SET session_replication_role = replica`);
          for (const { breaks, by } of PLANTS) {
            await client.query(by);
            for (const rule of breaks) expected.set(rule, expected.get(rule)! + 1);
            assert.deepEqual(await found(), expected, by);
          }
        });

        const env = { APP_LANG: 'en', ...envOf(db.target) };
        const { code, stdout, stderr } = await runCli(['check', '--json'], { cwd, env });
        assert.equal(code, 5);
        assert.deepEqual(JSON.parse(stdout), {
          ok: false,
          rules: RULES.map(({ rule }) => ({ rule, violations: expected.get(rule) })),
        });
        const sum = [...expected.values()].reduce((a, b) => a + b, 0);
        assert.match(stderr, new RegExp(`${RULES.length} rules violated, ${sum} violations`));
        assert.match(stderr, /internacoes\.data_saida >= data_entrada: 1/);
      }),
    );
  });
}

/** A role's policies on `exames`, whether it sees all rows by them, and what is said if not. */
const POLICIES: readonly { by: string; hides: RegExp | null }[] = [
  { by: 'SELECT', hides: /exames \(row-level security without a policy\)/ },
  {
    by: 'CREATE POLICY late ON exames USING (id > 5)',
    hides:
      /the role "check_clerk" cannot see all rows of exames \(row-level security policy late\); connect as the tables' owner or a role with BYPASSRLS/,
  },
  { by: 'CREATE POLICY all_rows ON exames TO check_clerk USING (true)', hides: null },
  {
    by: 'CREATE POLICY strict ON exames AS RESTRICTIVE USING (id > 5)',
    hides: /policy all_rows, late, strict\)/,
  },
  { by: 'DROP POLICY strict ON exames; DROP POLICY late ON exames', hides: null },
  {
    by: `DROP POLICY all_rows ON exames;
         CREATE POLICY written ON exames FOR INSERT WITH CHECK (true)`,
    hides: /without a policy/,
  },
  {
    by: 'CREATE POLICY own ON medicos USING (id = 1); ALTER TABLE medicos ENABLE ROW LEVEL SECURITY',
    hides: /medicos \(row-level security policy own\) and exames \(row-level security without/,
  },
  {
    by: 'ALTER TABLE exames FORCE ROW LEVEL SECURITY',
    hides: /connect as a role with BYPASSRLS/,
  },
];

for (const server of servers) {
  test(`${server.version}: a role that sees some rows is refused, not told that others are missing`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(server, async (db) => {
        await db.query(`${GOOD_ROWS};
          CREATE ROLE check_clerk LOGIN PASSWORD 'clerk';
          GRANT SELECT ON ALL TABLES IN SCHEMA public TO check_clerk;
          ALTER TABLE exames ENABLE ROW LEVEL SECURITY`);
        try {
          const clerk = { ...db.target, user: 'check_clerk', password: 'clerk' };
          const env = { APP_LANG: 'en', ...envOf(clerk) };
          for (const { by, hides } of POLICIES) {
            await db.query(by);
            const checked = await runCli(['check', '--json'], { cwd, env });
            const counted = await runCli(['counts', '--json'], { cwd, env });
            assert.equal(counted.code, 0, counted.stderr);
            if (hides === null) {
              assert.equal(checked.code, 0, `${by}: ${checked.stderr}`);
              assert.doesNotMatch(counted.stderr, /row-level/, by);
              assert.equal(JSON.parse(counted.stdout).tables.exames, 1);
              continue;
            }
            assert.equal(checked.code, 4, by);
            assert.match(JSON.parse(checked.stdout).error, hides, by);
            assert.match(counted.stderr, hides, by);
            assert.equal(JSON.parse(counted.stdout).tables.exames, 0);
          }
          // The administrator sees everything.
          const sees = await runCli(['check'], { cwd, env: { ...env, ...envOf(db.target) } });
          assert.equal(sees.code, 0, sees.stderr);
        } finally {
          await db.query('DROP POLICY IF EXISTS all_rows ON exames');
          await db.query('DROP OWNED BY check_clerk; DROP ROLE check_clerk');
        }
      }),
    );
  });
}
