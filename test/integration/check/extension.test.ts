import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRules } from '../../../src/database/rules.js';
import { initDb } from '../../../src/database/scripts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const SCHEMA = schemaWith(['prontuario']);
const BASE = new Set([...schemaWith([]).rules].map(({ rule }) => rule));
const RULES = [...SCHEMA.rules].map(({ rule }) => rule);
const ITENS = 'faturamento."Itens da Conta"';

const note = (more: string) => `INSERT INTO prontuarios
  (paciente_id, medico_id, aberto_em, situacao, assinado_em, texto, estrutura) VALUES (${more}, '', '{}')`;
const sign = (more: string) =>
  `INSERT INTO sinais_vitais (paciente_id, medido_em, temperatura) VALUES (${more})`;
const order = (more: string) => `INSERT INTO prescricoes
  (codigo, paciente_id, medico_id, medicamento, via, em_uso, classe, vigencia)
  VALUES (gen_random_uuid(), 1, 1, 'x', 'oral', true, ${more})`;
const item = (code: string, principal: string, quantity = 1) => `INSERT INTO ${ITENS}
  ("Código", "Item Principal", "Paciente", "Descrição", "Quantidade", "Competência", "Valor")
  VALUES ('${code}', ${principal}, 1, '', ${quantity}, 'infinity', 'NaN')`;

/** Some of each, as close to breaking a rule as that allows. */
const GOOD_ROWS = [
  `INSERT INTO pacientes (id, nome, nascimento, cpf, data_cadastro)
    VALUES (1, 'Ana', '1990-01-01', '529.982.247-25', '2026-01-01')`,
  `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (1, 'Lia', 'CRM/SP 123456', 'x')`,
  note("1, 1, '2026-01-01', 'aberto', NULL"),
  note("1, 1, '2026-01-01', 'assinado', '2026-01-01'"),
  sign("1, '2026-01-01 00:00:00+00', 30"),
  sign("1, '2026-01-02 00:00:00+00', 45"),
  sign("1, '2026-01-03 00:00:00+00', 'NaN'"),
  order("'A00A', '[2026-01-01,2026-01-02)'"),
  order("'J01', '(,)'"),
  "INSERT INTO auditoria VALUES ('2026-01-01', 'x', 'imprimiu o laudo', NULL, false)",
  item('Nº 000000001/0', 'NULL'),
  item('Nº 000000002/7', "'Nº 000000001/0'"),
];

/** By table: SQL, the one good row of it that is changed in place. */
const ONE_ROW: Readonly<Record<string, string>> = {
  prontuarios: "situacao = 'assinado' AND assinado_em = aberto_em",
  sinais_vitais: "medido_em = '2026-01-03 00:00:00+00'",
  prescricoes: "classe = 'J01'",
  [ITENS]: '"Código" = \'Nº 000000002/7\'',
};
const change = (table: string, sets: string) =>
  `UPDATE ${table} SET ${sets} WHERE ${ONE_ROW[table]}`;

/** Statements that break a rule once, in an order in which none hides the effect of another. */
const PLANTS: readonly (readonly [rule: string, by: string])[] = [
  [
    'prontuarios.aberto_em >= pacientes.data_cadastro',
    note("1, 1, '2025-12-31 23:59:59', 'aberto', NULL"),
  ],
  [
    'prontuarios.situacao IN (aberto, assinado, retificado)',
    note("1, 1, '2026-01-01', 'novo', '2026-01-01'"),
  ],
  [
    'prontuarios.assinado_em >= aberto_em',
    note("1, 1, '2026-01-02', 'assinado', '2026-01-01 23:59:59'"),
  ],
  [
    "prontuarios.assinado_em IS NULL = (situacao = 'aberto')",
    note("1, 1, '2026-01-01', 'retificado', NULL"),
  ],
  [
    'sinais_vitais.medido_em >= pacientes.data_cadastro',
    sign("1, '2025-12-31 23:59:59.999999+00', 36"),
  ],
  ['sinais_vitais.temperatura BETWEEN 30 AND 45 OR NaN', sign("1, '2026-02-01 00:00:00+00', 45.1")],
  ['prescricoes.classe ~ A00A', order("'a00A', '(,)'")],
  ['prescricoes.vigencia <> empty', order("'A00A', 'empty'")],
  [
    RULES.find((rule) => rule.startsWith('auditoria.acao IN'))!,
    "INSERT INTO auditoria VALUES ('2026-01-01', 'x', 'saiu', NULL, false)",
  ],
  [`${ITENS}."Código" ~ Nº 000000000/0`, item('3/0', 'NULL')],
  [`${ITENS}."Quantidade" > 0`, item('Nº 000000004/0', 'NULL', 0)],
  [`${ITENS}."Item Principal" is in no kit itself`, item('Nº 000000005/0', "'Nº 000000002/7'")],
  [`count(${ITENS}) per number of "Código" = 1`, item('Nº 000000001/1', 'NULL')],
  [`${ITENS}."Item Principal" REFERENCES ${ITENS}`, item('Nº 000000006/0', "'Nº 000000009/0'")],
  ...['prontuarios', 'prescricoes'].map(
    (table) => [`${table}.medico_id REFERENCES medicos`, change(table, 'medico_id = 999')] as const,
  ),
  ...['prontuarios', 'sinais_vitais', 'prescricoes'].map(
    (table) =>
      [`${table}.paciente_id REFERENCES pacientes`, change(table, 'paciente_id = 999')] as const,
  ),
  [`${ITENS}."Paciente" REFERENCES pacientes`, change(ITENS, '"Paciente" = 999')],
  ...Object.keys(ONE_ROW).map(
    (table) =>
      [
        `${table}.updated_at >= created_at`,
        change(table, "updated_at = created_at - interval '1 second'"),
      ] as const,
  ),
];

/** An item that is its own principal is in a kit, too. */
const OWN_PRINCIPAL = {
  breaks: [
    `${ITENS}."Item Principal" <> "Código"`,
    `${ITENS}."Item Principal" is in no kit itself`,
  ],
  by: item('Nº 000000007/0', "'Nº 000000007/0'"),
};

test('a violation is planted for every rule of the extension', () => {
  const planted = new Set([...PLANTS.map(([rule]) => rule), ...OWN_PRINCIPAL.breaks]);
  assert.deepEqual([...planted].sort(), RULES.filter((rule) => !BASE.has(rule)).sort());
});

for (const server of await startServers()) {
  test(`${server.version}: each violation in an extension's tables is counted by its rule and by no other`, () =>
    withDatabase(server, (db) =>
      withConnection(db.target, async (client) => {
        await initDb(client, db.target, SCHEMA);
        await client.query('DELETE FROM convenios');
        const found = async () => {
          const results = await checkRules(client, SCHEMA);
          return Object.fromEntries(results.map(({ rule, violations }) => [rule, violations]));
        };
        const expected = Object.fromEntries(RULES.map((rule) => [rule, 0]));
        for (const row of GOOD_ROWS) await client.query(row);
        assert.deepEqual(await found(), expected);
        // Neither CHECK constraints nor foreign keys nor `updated_at` stand in the way of a plant.
        await client.query(`
          DO $$ DECLARE c record; BEGIN
            FOR c IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
                      WHERE contype = 'c' AND conrelid <> 0
                        AND connamespace IN ('public'::regnamespace, 'faturamento'::regnamespace)
            LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname); END LOOP;
          END $$;
          SET session_replication_role = replica`);
        const plants = [...PLANTS.map(([rule, by]) => ({ breaks: [rule], by })), OWN_PRINCIPAL];
        for (const { breaks, by } of plants) {
          await client.query(by);
          for (const rule of breaks) expected[rule]!++;
          assert.deepEqual(await found(), expected, by);
        }
      }),
    ));
}
